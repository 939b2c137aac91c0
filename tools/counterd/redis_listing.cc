#include "tools/counterd/redis_listing.h"

#include <algorithm>

#include "tools/counterd/redis_scripts.h"

namespace counterd {

using net::Task;

constexpr const char* kScanCount =
    "500";  // keys looked at in one step: Redis' time for a millisecond
constexpr int kRoundsMax = 3;

// --- names that have been seen ---

bool SeenNames::insert(std::string_view name) {
  if (2 * (count_ + 1) > slots_.size()) {
    const auto old = std::exchange(slots_, std::vector<std::uint64_t>(2 * slots_.size()));
    count_ = 0;
    for (const std::uint64_t fingerprint : old)
      if (fingerprint != 0) (void)insert(fingerprint);  // they differ
  }
  return insert(std::max<std::uint64_t>(std::hash<std::string_view>()(name), 1));
}

bool SeenNames::insert(std::uint64_t fingerprint) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = fingerprint & mask;
  while (slots_[at] != 0 && slots_[at] != fingerprint) at = (at + 1) & mask;
  if (slots_[at] == fingerprint) return false;
  slots_[at] = fingerprint;
  ++count_;
  return true;
}

// --- the way ---

Task<> RedisListing::start() {
  version_ = cluster_.version();
  servers_ = co_await cluster_.servers();
  server_ = 0;
  ++rounds_;
}

static std::string pattern_of(std::string_view prefix) {
  std::string pattern(kRedisPrefix);
  for (const char c : prefix) {
    if (std::string_view("*?[]\\^-").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern + "*";
}

static Page unavailable(std::string why) {
  Page page;
  page.status = Outcome::kUnavailable;
  page.why = std::move(why);
  return page;
}

Task<> RedisListing::look_up(std::string name, Page& page) {
  RedisCluster::Request request{.name = "HMGET", .words = {"value", "changed", "expires"}};
  request.key.append(kRedisPrefix).append(name);
  const RedisAnswer answer = co_await cluster_.execute(std::move(request));
  if (answer.fate != RedisAnswer::kAnswered) {
    page = unavailable(answer.why);
  } else if (answer.value.type == RedisValue::kError && !answer.value.failed("WRONGTYPE")) {
    page = unavailable("redis: " + answer.value.text);
  } else if (const auto counter = redis_counter(answer.value.list); counter) {
    if (page.status == Outcome::kDone) page.entries.push_back({std::move(name), *counter});
  }
}

Task<Page> RedisListing::next() {
  Page page;
  if (rounds_ == 0) co_await start();
  while (!over() && page.entries.empty() && page.status == Outcome::kDone) {
    const std::vector<std::string> words{"SCAN",  cursor_,   "MATCH", pattern_of(prefix_),
                                         "COUNT", kScanCount};
    const RedisAnswer answer = co_await cluster_.execute_at(servers_[server_], words);
    if (answer.fate != RedisAnswer::kAnswered) co_return unavailable(answer.why);
    const std::vector<RedisValue>& found = answer.value.list;
    if (found.size() != 2) co_return unavailable("redis: " + answer.value.text);
    net::WaitGroup looking;
    for (const RedisValue& key : found[1].list) {
      std::string name = key.text.substr(std::min(kRedisPrefix.size(), key.text.size()));
      if (wrong_with_name(name) == nullptr && seen_.insert(name))
        looking.go(look_up(std::move(name), page));
    }
    co_await looking.wait();
    cursor_ = found[0].text;
    if (cursor_ == "0") ++server_;
    // What has changed servers may have been passed by.
    if (over() && version_ != cluster_.version() && rounds_ < kRoundsMax) co_await start();
  }
  co_return page;
}

}  // namespace counterd
