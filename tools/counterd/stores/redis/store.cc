// The counters in Redis, or Valkey: several counterd, on several machines, share one set.

#include <atomic>
#include <map>

#include "common/net/address.h"
#include "tools/counterd/stores/redis/cluster.h"
#include "tools/counterd/stores/redis/listing.h"
#include "tools/counterd/stores/redis/store.h"

namespace counterd {

using net::Task;

namespace {

constexpr std::size_t kListingsMax = 16;  // at once; who comes later takes the place of the oldest
constexpr Millis kTtlMax = std::chrono::hours(24) * 365 * 1000;

// Of all loops one speaks: when Redis goes away, and comes back.
class Voice {
 public:
  explicit Voice(std::shared_ptr<std::atomic<bool>> taken)
      : taken_(std::move(taken)), ours_(!taken_->exchange(true)) {}
  Voice(const Voice&) = delete;
  Voice& operator=(const Voice&) = delete;
  ~Voice() {
    if (ours_) *taken_ = false;
  }
  bool ours() const { return ours_; }

 private:
  std::shared_ptr<std::atomic<bool>> taken_;
  bool ours_;
};

class RedisStore final : public Store {
 public:
  RedisStore(net::Loop& loop, const RedisOptions& options, std::uint64_t max_counters,
             const std::shared_ptr<std::atomic<bool>>& spoken)
      : voice_(spoken), options_(options), max_counters_(max_counters), cluster_(loop, options_) {
    options_.says_so = options.says_so && voice_.ours();
  }

  Reply apply(Command command) override { return execute(std::move(command)); }
  Task<Page> list(std::string prefix, std::string from) override;
  Task<> run() override { return cluster_.run(); }

 private:
  Task<Outcome> execute(Command command);
  RedisCluster::Request request_for(const Command& command) const;

  const Voice voice_;
  RedisOptions options_;
  const std::uint64_t max_counters_;
  RedisCluster cluster_;
  std::map<std::uint64_t, std::unique_ptr<RedisListing>> listings_;  // those that go on; by age
  std::uint64_t last_listing_ = 0;
};

std::optional<RedisScript> script_for(Command::Kind kind) {
  switch (kind) {
    case Command::kSet:
      return RedisScript::kSet;
    case Command::kInc:
      return RedisScript::kInc;
    case Command::kReset:
      return RedisScript::kReset;
    case Command::kDelete:
      return RedisScript::kDelete;
    case Command::kCas:
      return RedisScript::kCas;
    case Command::kImport:
      return RedisScript::kImport;
    case Command::kGet:
      break;
  }
  return std::nullopt;
}

RedisCluster::Request RedisStore::request_for(const Command& command) const {
  RedisCluster::Request request{.script = script_for(command.kind), .name = "HMGET"};
  request.key.append(kRedisPrefix).append(command.name);
  const auto text = [](auto time) { return std::to_string(time.count()); };
  if (request.script)
    request.words = {std::to_string(command.value),
                     std::to_string(command.expected),
                     text(std::min(command.ttl, kTtlMax)),
                     text(command.changed.time_since_epoch()),
                     text(command.expires.time_since_epoch()),
                     std::to_string(max_counters_)};
  else
    request.words = {"value", "changed", "expires"};
  return request;
}

Outcome unavailable(std::string why) {
  Outcome outcome;
  outcome.status = Outcome::kUnavailable;
  outcome.why = std::move(why);
  return outcome;
}

// An error of Redis' own: nothing has been changed.  What is said inside a script comes wrapped.
Outcome refused(const RedisValue& error) {
  Outcome outcome = unavailable("redis: " + error.text);
  if (error.text.find("OOM ") != std::string::npos) outcome.status = Outcome::kNoSpace;
  return outcome;
}

Outcome outcome_of_get(const RedisValue& answer) {
  Outcome outcome;
  const auto counter = redis_counter(answer.list);
  if (counter) {
    outcome.before = counter->value;
    outcome.counter = *counter;
  } else if (!answer.list.empty() && answer.list[0].type == RedisValue::kNothing) {
    outcome.status = Outcome::kNotFound;
  } else {
    return unavailable("redis: what is there is no counter");
  }
  return outcome;
}

Outcome outcome_of_script(const RedisValue& answer) {
  static const std::map<std::string, Outcome::Status, std::less<>> statuses{
      {"done", Outcome::kDone},         {"not found", Outcome::kNotFound},
      {"mismatch", Outcome::kMismatch}, {"overflow", Outcome::kOverflow},
      {"too many", Outcome::kTooMany},
  };
  const std::span<const RedisValue> list = answer.list;
  const auto status = statuses.find(list.empty() ? "" : list[0].text);
  if (status == statuses.end()) return unavailable("redis: an answer that makes no sense");
  Outcome outcome;
  outcome.status = status->second;
  if (list.size() == 1) return outcome;
  outcome.before = parse_value(list[1].text).value_or(0);
  outcome.counter = redis_counter(list.subspan(2)).value_or(Counter());
  return outcome;
}

// --- the store ---

Task<Outcome> RedisStore::execute(Command command) {
  const bool changes = command.kind != Command::kGet;
  const RedisAnswer answer = co_await cluster_.execute(request_for(command));
  if (answer.fate != RedisAnswer::kAnswered) {
    Outcome outcome = unavailable(answer.why);
    if (changes && answer.fate == RedisAnswer::kUnknown) outcome.status = Outcome::kUnknown;
    co_return outcome;
  }
  if (answer.value.type == RedisValue::kError) co_return refused(answer.value);
  co_return changes ? outcome_of_script(answer.value) : outcome_of_get(answer.value);
}

// `from` is the number of a listing that has been begun.
Task<Page> RedisStore::list(std::string prefix, std::string from) {
  std::uint64_t number = 0;
  std::unique_ptr<RedisListing> listing;
  if (from.empty()) {
    number = ++last_listing_;
    listing = std::make_unique<RedisListing>(cluster_, std::move(prefix));
  } else if (net::parse_number(from, 1, last_listing_, number) && listings_.contains(number)) {
    listing = std::move(listings_.extract(number).mapped());
  } else {
    Page gone;
    gone.status = Outcome::kUnavailable;
    gone.why = "redis: too many lists at once";
    co_return gone;
  }
  Page page = co_await listing->next();
  if (page.status == Outcome::kDone && !listing->over()) {
    page.next = std::to_string(number);
    listings_[number] = std::move(listing);
    if (listings_.size() > kListingsMax) listings_.erase(listings_.begin());
  }
  co_return page;
}

}  // namespace

MakeStore make_redis_store(RedisOptions options, std::uint64_t max_counters) {
  auto spoken = std::make_shared<std::atomic<bool>>(false);
  return [=](net::Loop& loop) {
    return std::make_unique<RedisStore>(loop, options, max_counters, spoken);
  };
}

Opened open_redis_store(const StoreOptions& options) {
  RedisOptions redis;
  std::string why;
  if (!RedisUrl::parse(options.place, redis.url, why)) return {nullptr, "--store: " + why};
  return {make_redis_store(std::move(redis), options.max_counters)};
}

}  // namespace counterd
