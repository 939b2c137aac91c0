// counters.h - the counters of a process, in the order of their names.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/counterd/store.h"

namespace counterd {

// A tree, not a hash table: a list is sorted and continues where it stopped, whatever has changed
// meanwhile, and no rehash of a million counters delays an increment.  Not for two threads at
// once.
class Counters {
 public:
  // Executes `command`.
  Outcome execute(const Command& command, Time now, std::uint64_t max_counters);

  const Counter* find(std::string_view name) const;  // may have expired; nullptr: none
  void put(std::string_view name, const Counter& counter);
  void append(std::string name, const Counter& counter);  // names must be in order
  void erase(std::string_view name);
  std::size_t size() const { return map_.size(); }
  // The names of expired counters, in the order in which they expired.
  std::vector<std::string> expired(Time now, std::size_t limit) const;
  // A piece of Store::list(), starting after the name `after`.
  Page page(std::string_view prefix, std::string_view after, Time now) const;
  // Removes about `count` counters, the last ones first; returns false when none is left.
  bool shrink(std::size_t count);

 private:
  using Map = std::map<std::string, Counter, std::less<>>;
  void insert(Map::iterator before, std::string_view name, const Counter& counter);
  void replace(Map::iterator at, const Counter& counter);
  void erase(Map::iterator at);
  void purge(Time now);

  Map map_;
  std::set<std::pair<Time, const std::string*>> expiries_;  // pointers to keys of map_
};

}  // namespace counterd
