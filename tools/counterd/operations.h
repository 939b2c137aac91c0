// operations.h - remembers answered requests with op=TOKEN, so that a repeated one is not executed
// again.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tools/counterd/counter.h"

namespace counterd {

struct Operation {
  Time at = kNever;
  std::string mark;  // identifies its command
  Outcome outcome;

  // "AT MARK STATUS FAILED", then "BEFORE VALUE CHANGED EXPIRES" of each name, as one line.
  std::string to_string() const;
  static std::optional<Operation> parse(std::string_view text);
};

// Identifies a command, to detect a token that is used again with another command.
std::string mark_of(const Command& command);
// Whether a repeated command would get the same answer.
bool is_final(Outcome::Status status);

// Not for two threads at once.
class Operations {
 public:
  const Operation* find(std::string_view token) const;
  void put(std::string token, Operation operation);
  std::size_t size() const { return map_.size(); }
  std::map<std::string, std::optional<Operation>, std::less<>> all() const {
    return {map_.begin(), map_.end()};
  }
  // Forgets one operation that is older than `before`, and returns its token.
  std::optional<std::string> take_older(Time before);

 private:
  std::map<std::string, Operation, std::less<>> map_;
  std::deque<std::pair<Time, std::string>> order_;
};

}  // namespace counterd
