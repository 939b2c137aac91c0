// The counters in Redis, or Valkey: several counterd, on several hosts, share one set.

#include <atomic>
#include <map>
#include <mutex>

#include "common/cli/log.h"
#include "common/net/address.h"
#include "tools/counterd/stores/redis/cluster.h"
#include "tools/counterd/stores/redis/listing.h"
#include "tools/counterd/stores/redis/store.h"

namespace counterd {

using net::Task;

namespace {

constexpr std::size_t kListingsMax = 16;  // at a time; a further one replaces the oldest
constexpr Millis kTtlMax = std::chrono::hours(24) * 365 * 1000;

// What all loops share: only one of them logs that Redis has gone or is back, and each refusal is
// logged once.
struct Shared {
  std::atomic<bool> spoken = false;
  std::mutex mutex;
  std::string refusal;  // the last; guarded by mutex
  std::string key;      // of the last change that Redis refused for now; guarded by mutex

  void say(const std::string& why) {
    const std::lock_guard lock(mutex);
    if (why != refusal) net::log::error("%s", why.c_str());
    refusal = why;
  }
  bool has_said() {
    const std::lock_guard lock(mutex);
    return !refusal.empty();
  }
  void set_refused(const std::string& of_key) {
    const std::lock_guard lock(mutex);
    key = of_key;
  }
  std::string refused_key() {
    const std::lock_guard lock(mutex);
    return key;
  }
  void accepts_again() {
    const std::lock_guard lock(mutex);
    key.clear();
    refusal.clear();
  }
};

class Voice {
 public:
  explicit Voice(Shared& shared) : shared_(shared), ours_(!shared.spoken.exchange(true)) {}
  Voice(const Voice&) = delete;
  Voice& operator=(const Voice&) = delete;
  ~Voice() {
    if (ours_) shared_.spoken = false;
  }
  bool ours() const { return ours_; }

 private:
  Shared& shared_;
  bool ours_;
};

class RedisStore final : public Store {
 public:
  RedisStore(net::Loop& loop, const RedisOptions& options, std::shared_ptr<Shared> shared)
      : shared_(std::move(shared)),
        voice_(*shared_),
        says_refusals_(options.says_so),
        options_(options),
        cluster_(loop, options_) {
    options_.says_so = options.says_so && voice_.ours();
  }

  Reply apply(const Command& command) override { return execute(command); }
  Task<Page> list(ListQuery query, std::string from) override;
  Task<Outcome> check() override;
  std::uint64_t version() override { return ++version_; }  // Redis does not report changes
  Millis version_period() const override { return Millis(1'000); }
  Task<> run() override { return cluster_.run(); }

 private:
  Task<Outcome> execute(Command command);
  Task<Outcome> run_script(Command command);
  Outcome lost(const RedisAnswer& answer, bool changes) const;
  Task<Outcome> try_change(std::string key);
  Outcome said(Outcome outcome) const;
  std::string key_of(std::string_view name) const {
    return options_.url.prefix + std::string(name);
  }

  const std::shared_ptr<Shared> shared_;
  const Voice voice_;
  const bool says_refusals_;
  RedisOptions options_;
  RedisCluster cluster_;
  std::map<std::uint64_t, std::unique_ptr<RedisListing>> listings_;  // those that go on; by age
  std::uint64_t last_listing_ = 0;
  std::uint64_t version_ = 0;
};

// Makes a key in the counter's slot: it contains the hashed part of the counter's key in braces or,
// if that part contains a brace, a number with the same slot.
std::string key_of_token(const std::string& prefix, const std::string& key, const std::string& op) {
  std::string tag(redis_hashed(key));
  if (tag.find('}') != std::string::npos) {
    const std::uint16_t slot = redis_slot(key);
    std::uint64_t number = 0;
    while (redis_slot(std::to_string(number)) != slot) ++number;
    tag = std::to_string(number);
  }
  return prefix + "\x01{" + tag + "}:" + op;  // no counter has such a name
}

// --- commands ---

// Where the command has not been answered.
Outcome RedisStore::lost(const RedisAnswer& answer, bool changes) const {
  Outcome outcome{.status = Outcome::kUnavailable, .why = answer.why};
  if (answer.hopeless) outcome.status = Outcome::kRefused;  // which the connection has logged
  if (changes && answer.fate == RedisAnswer::kUnknown) outcome.status = Outcome::kUnknown;
  return outcome;
}

// What a check finds, too: memory, or a disk, that is full, or replicas that are missing.
static bool is_for_now(const Outcome& outcome) {
  return outcome.status == Outcome::kNoSpace || outcome.status == Outcome::kUnavailable;
}

Outcome RedisStore::said(Outcome outcome) const {
  const bool news = outcome.status == Outcome::kRefused || outcome.status == Outcome::kNoSpace;
  if (news && says_refusals_) shared_->say(outcome.why);
  return outcome;
}

Task<Outcome> RedisStore::execute(Command command) {
  if (command.kind != Command::kGet || !command.others.empty()) {
    Outcome outcome = co_await run_script(std::move(command));
    co_return outcome;
  }
  RedisCluster::Request request{.name = "HMGET", .words = {"value", "changed", "expires"}};
  request.keys.push_back(key_of(command.name));
  const RedisAnswer answer = co_await cluster_.execute(std::move(request));
  if (answer.fate != RedisAnswer::kAnswered) co_return lost(answer, false);
  if (answer.value.type == RedisValue::kError) co_return said(redis_refusal(answer.value.text));
  Outcome outcome;
  if (const auto counter = redis_counter(answer.value.list)) {
    outcome.before = counter->value;
    outcome.counter = *counter;
    co_return outcome;
  }
  outcome = co_await run_script(std::move(command));  // nothing is there, or no counter
  co_return outcome;
}

Task<Outcome> RedisStore::run_script(Command command) {
  command.ttl = std::min(command.ttl, kTtlMax);
  RedisCluster::Request request{.words = redis_arguments(command, options_.limits)};
  request.keys.push_back(key_of(command.name));
  for (const std::string& name : command.others) {
    request.keys.push_back(key_of(name));
    if (cluster_.is_cluster() && redis_slot(request.keys.back()) != redis_slot(request.keys[0]))
      co_return Outcome{.status = Outcome::kCrossSlot};
  }
  if (!command.op.empty())
    request.keys.push_back(key_of_token(options_.url.prefix, request.keys[0], command.op));
  const RedisAnswer answer = co_await cluster_.execute(std::move(request));
  if (answer.fate != RedisAnswer::kAnswered) co_return lost(answer, command.kind != Command::kGet);
  Outcome outcome = answer.value.type == RedisValue::kError ? redis_refusal(answer.value.text)
                                                            : redis_outcome(answer.value);
  if (is_for_now(outcome)) shared_->set_refused(key_of(command.name));
  co_return said(std::move(outcome));
}

// Redis looks for memory, and whether it may write, before it notices that a value is missing: so
// it refuses what it would refuse, and changes nothing.
Task<Outcome> RedisStore::try_change(std::string key) {
  RedisCluster::Request request{.name = "HSET", .words = {"value", "0", "changed"}};
  request.keys.push_back(std::move(key));
  const RedisAnswer answer = co_await cluster_.execute(std::move(request));
  if (answer.fate != RedisAnswer::kAnswered) co_return lost(answer, false);
  Outcome outcome = redis_refusal(answer.value.text);
  if (!is_for_now(outcome)) outcome = {};
  co_return outcome;
}

// Where the last change was refused, the next one might be, too.
Task<Outcome> RedisStore::check() {
  Outcome outcome;
  outcome.why = co_await cluster_.trouble();
  if (!outcome.why.empty()) outcome.status = Outcome::kUnavailable;
  const std::string key = shared_->refused_key();
  if (key.empty() || outcome.status != Outcome::kDone) co_return outcome;
  outcome = co_await try_change(key);
  if (outcome.status == Outcome::kDone) shared_->accepts_again();
  co_return outcome;
}

// `from` is the number of a listing in progress.
Task<Page> RedisStore::list(ListQuery query, std::string from) {
  std::uint64_t number = 0;
  std::unique_ptr<RedisListing> listing;
  if (from.empty()) {
    number = ++last_listing_;
    listing = std::make_unique<RedisListing>(cluster_, options_.url.prefix, std::move(query));
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

MakeStore make_sharing(RedisOptions with, std::shared_ptr<Shared> what) {
  return [options = std::move(with), shared = std::move(what)](net::Loop& loop) {
    return std::make_unique<RedisStore>(loop, options, shared);
  };
}

}  // namespace

MakeStore make_redis_store(RedisOptions options) {
  return make_sharing(std::move(options), std::make_shared<Shared>());
}

Opened open_redis_store(const StoreOptions& options) {
  RedisOptions redis;
  std::string why;
  if (!RedisUrl::parse(options.place, redis.url, why)) return {nullptr, "--store: " + why};
  if (redis.url.password.empty()) redis.url.password = options.redis_password;
  redis.limits = {options.limits.max_counters, options.limits.op_window};
  auto shared = std::make_shared<Shared>();
  return {.make = make_sharing(std::move(redis), shared),
          .has_logged = [shared] { return shared->has_said(); }};
}

}  // namespace counterd
