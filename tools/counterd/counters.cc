#include "tools/counterd/counters.h"

namespace counterd {

constexpr std::size_t kPageEntries = 500;  // copied in a fraction of a millisecond
constexpr std::size_t kPurgeAtOnce = 8;    // per command, which adds at most one counter

Outcome Counters::execute(const Command& command, Time now, std::uint64_t max_counters) {
  purge(now);
  const auto at = map_.lower_bound(command.name);
  const bool exists = at != map_.end() && at->first == command.name;
  Applied applied = apply(command, exists ? &at->second : nullptr, now);
  if (!applied.counter) {
    if (exists) erase(at);
  } else if (exists) {
    replace(at, *applied.counter);
  } else if (map_.size() >= max_counters) {
    return {.status = Outcome::kTooMany};
  } else {
    insert(at, command.name, *applied.counter);
  }
  return std::move(applied.outcome);
}

const Counter* Counters::find(std::string_view name) const {
  const auto at = map_.find(name);
  return at != map_.end() ? &at->second : nullptr;
}

void Counters::put(std::string_view name, const Counter& counter) {
  const auto at = map_.lower_bound(name);
  if (at != map_.end() && at->first == name)
    replace(at, counter);
  else
    insert(at, name, counter);
}

void Counters::append(std::string name, const Counter& counter) {
  const auto at = map_.emplace_hint(map_.end(), std::move(name), counter);
  if (counter.expires != kNever) expiries_.emplace(counter.expires, &at->first);
}

void Counters::erase(std::string_view name) {
  if (const auto at = map_.find(name); at != map_.end()) erase(at);
}

std::vector<std::string> Counters::expired(Time now, std::size_t limit) const {
  std::vector<std::string> names;
  for (const auto& [time, name] : expiries_) {
    if (time > now || names.size() == limit) break;
    names.push_back(*name);
  }
  return names;
}

bool Counters::shrink(std::size_t count) {
  for (; count > 0 && !map_.empty(); --count) {
    if (!expiries_.empty()) expiries_.erase(std::prev(expiries_.end()));
    map_.erase(std::prev(map_.end()));
  }
  return !map_.empty();
}

Page Counters::page(std::string_view prefix, std::string_view after, Time now) const {
  Page page;
  auto at = after < prefix ? map_.lower_bound(prefix) : map_.upper_bound(after);
  std::string_view last;
  for (std::size_t i = 0; at != map_.end() && at->first.starts_with(prefix); ++at, ++i) {
    if (i == kPageEntries) {
      page.next = last;
      break;
    }
    last = at->first;
    if (!at->second.expired(now)) page.entries.push_back({at->first, at->second});
  }
  return page;
}

void Counters::insert(Map::iterator before, std::string_view name, const Counter& counter) {
  const auto at = map_.emplace_hint(before, name, counter);
  if (counter.expires != kNever) expiries_.emplace(counter.expires, &at->first);
}

void Counters::replace(Map::iterator at, const Counter& counter) {
  if (at->second.expires != counter.expires) {
    expiries_.erase({at->second.expires, &at->first});
    if (counter.expires != kNever) expiries_.emplace(counter.expires, &at->first);
  }
  at->second = counter;
}

void Counters::erase(Map::iterator at) {
  expiries_.erase({at->second.expires, &at->first});
  map_.erase(at);
}

void Counters::purge(Time now) {
  for (const std::string& name : expired(now, kPurgeAtOnce)) erase(name);
}

}  // namespace counterd
