#include "tools/counterd/stores/redis/listing.h"

#include <algorithm>

#include "tools/counterd/stores/redis/scripts.h"

namespace counterd {

using net::Task;

constexpr std::size_t kPage = 500;    // counters
constexpr const char* kStep = "500";  // keys per SCAN: less than 1 ms of Redis' time
constexpr int kRoundsMax = 3;

static std::string pattern_of(std::string_view beginning) {
  std::string pattern;
  for (const char c : beginning) {
    if (std::string_view("*?[]\\^-").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern + "*";
}

// Collects all names of this server; returns an error, or an empty string.
Task<std::string> RedisListing::scan(RedisAddress server) {
  const std::string pattern = pattern_of(key_prefix_ + query_.prefix);
  std::string cursor = "0";
  do {
    const std::vector<std::string> words{"SCAN", cursor, "MATCH", pattern, "COUNT", kStep};
    const RedisAnswer answer = co_await cluster_.execute_at(server, words);
    if (answer.fate != RedisAnswer::kAnswered) co_return answer.why;
    const std::vector<RedisValue>& found = answer.value.list;
    if (found.size() != 2) co_return "redis: " + answer.value.text;
    std::vector<std::string> names;
    for (const RedisValue& key : found[1].list) {
      std::string name = key.text.substr(std::min(key_prefix_.size(), key.text.size()));
      if (wrong_with_name(name) == nullptr && name > query_.after) names.push_back(std::move(name));
    }
    names_.add(std::move(names));
    cursor = found[0].text;
  } while (cursor != "0");
  co_return std::string();
}

Task<std::string> RedisListing::collect() {
  std::string why;
  for (int round = 0; round < kRoundsMax; ++round) {
    const std::vector<RedisAddress> servers = co_await cluster_.servers();
    const std::uint64_t version = cluster_.version();
    for (const RedisAddress& server : servers)
      if (why.empty()) why = co_await scan(server);
    // If slots have moved meanwhile, keys may have been missed, so all servers are scanned again.
    if (!why.empty() || version == cluster_.version()) break;
  }
  co_return why;
}

// Sets `counter` to nothing if it no longer exists, or the key is not a counter.
Task<> RedisListing::look_up(std::string name, std::optional<Counter>& counter, std::string& why) {
  RedisCluster::Request request{.name = "HMGET", .words = {"value", "changed", "expires"}};
  request.keys.push_back(key_prefix_ + name);
  const RedisAnswer answer = co_await cluster_.execute(std::move(request));
  const RedisValue& value = answer.value;
  if (answer.fate != RedisAnswer::kAnswered) why = answer.why;
  if (value.type == RedisValue::kError && !value.failed("WRONGTYPE")) why = "redis: " + value.text;
  counter = redis_counter(value.list);
}

Task<Page> RedisListing::next() {
  Page page;
  if (!std::exchange(collected_, true)) page.why = co_await collect();
  while (page.why.empty() && page.entries.empty() && !over_) {
    std::vector<std::string> names;
    while (auto name = names.size() < kPage ? names_.next() : std::nullopt)
      names.push_back(std::move(*name));
    over_ = names.size() < kPage;
    std::vector<std::optional<Counter>> counters(names.size());
    net::WaitGroup looking;
    for (std::size_t i = 0; i < names.size(); ++i)
      looking.go(look_up(names[i], counters[i], page.why));
    co_await looking.wait();
    for (std::size_t i = 0; i < names.size() && left_ > 0; ++i) {
      if (!counters[i]) continue;
      page.entries.push_back({std::move(names[i]), *counters[i]});
      --left_;
    }
    over_ = over_ || left_ == 0;
  }
  if (!page.why.empty()) page.status = Outcome::kUnavailable;
  co_return page;
}

}  // namespace counterd
