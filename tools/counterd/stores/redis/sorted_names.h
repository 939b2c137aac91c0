// sorted_names.h - sorts names that arrive in any order, some of them twice; returns each once.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace counterd {

// A list of a million is not a copy of a million strings: the names arrive by the hundred, each
// hundred is kept as one text, sorted, and the list is merged from the texts.
class SortedNames {
 public:
  // Names without line feeds.
  void add(std::vector<std::string> names);
  std::optional<std::string> next();

 private:
  struct Run {
    std::string text;  // each name with a line feed behind it
    std::size_t at = 0;
    std::string_view front() const;
  };
  static bool later(const Run& a, const Run& b) { return a.front() > b.front(); }

  std::vector<Run> runs_;  // a heap; none of them is at its end
  std::optional<std::string> last_;
};

}  // namespace counterd
