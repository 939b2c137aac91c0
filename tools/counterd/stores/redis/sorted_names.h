// sorted_names.h - sorts names that arrive in any order, some of them twice; returns each once.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace counterd {

// Avoids a million strings for a million names: the names arrive in batches of hundreds, each batch
// is kept as one sorted text, and the list is merged from the texts.
class SortedNames {
 public:
  // Adds names, which must not contain line feeds.
  void add(std::vector<std::string> names);
  std::optional<std::string> next();

 private:
  struct Run {
    std::string text;  // each name is followed by a line feed
    std::size_t at = 0;
    std::string_view front() const;
  };
  static bool later(const Run& a, const Run& b) { return a.front() > b.front(); }

  std::vector<Run> runs_;  // a heap of runs that are not at their end
  std::optional<std::string> last_;
};

}  // namespace counterd
