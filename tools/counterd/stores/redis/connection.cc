#include "tools/counterd/stores/redis/connection.h"

#include <algorithm>
#include <random>

#include "common/cli/log.h"

namespace counterd {

using net::Error;
using net::Task;

constexpr Millis kPauseMin{50};  // pause before the next attempt; doubles each time
constexpr Millis kPauseMax{2'000};

std::string RedisConnection::named(const std::string& why) const {
  return "redis at " + address_.to_string() + ": " + why;
}

// Up to half of the pause is random, so that many counterd do not reconnect at once.
static Millis jittered(Millis pause) {
  thread_local std::minstd_rand random(std::random_device{}());
  std::uniform_int_distribution<Millis::rep> part(0, pause.count() / 2);
  return pause - Millis(part(random));
}

Task<> RedisConnection::run() {
  Millis pause = kPauseMin;
  while (!over()) {
    bool served = false;
    for (std::size_t i = 0; i < addresses_.size() && !served && !over(); ++i) {
      address_ = addresses_[i];
      served = co_await try_address();
    }
    went();
    pause = served ? kPauseMin : std::min(pause * 2, kPauseMax);
    if (!over()) (void)co_await pause_.wait(jittered(pause));  // over() is checked next
  }
}

static net::Result<std::vector<net::SockAddr>> on_path(const std::string& path) {
  const auto address = net::SockAddr::unix_path(path);
  if (!address) return address.error();
  return std::vector{*address};
}

// Looks the name up each time, because after a failover it refers to another server.
Task<bool> RedisConnection::try_address() {
  net::Result<std::vector<net::SockAddr>> found = Error(UV_ETIMEDOUT);
  if (address_.is_path()) {
    found = on_path(address_.host);
  } else {
    const net::Deadline deadline(options_.connect_timeout);
    found = co_await net::lookup(loop_, address_.host, address_.port, AF_UNSPEC, false, deadline);
  }
  if (!found) why_ = std::string("cannot resolve the name: ") + found.error().message();
  bool served = false;
  for (std::size_t i = 0; found && i < found->size() && !served && !over(); ++i)
    served = co_await serve((*found)[i]);
  co_return served;
}

void RedisConnection::close() {
  closed_ = true;
  pause_.wake();
  if (session_ != nullptr) session_->close("no longer needed");
}

// Runs one session to its end; returns whether it was usable.
Task<bool> RedisConnection::serve(net::SockAddr address) {
  RedisSession session(loop_, options_.command_timeout);
  net::Timer check(loop_);
  net::WaitGroup beside;
  hopeless_ = false;
  session_ = &session;
  check_ = &check;
  co_await session.connect(address, options_.connect_timeout);
  if (session.open()) co_await greet(session);
  greeted_ = session.open();
  if (greeted_) {
    came();
    beside.go(keep_checking(session));
  }
  co_await session.wait();
  check.wake();
  co_await beside.wait();
  why_ = session.why();
  session_ = nullptr;
  co_return std::exchange(greeted_, false);
}

static Task<RedisValue> value_of(RedisSession& session, std::vector<std::string_view> words) {
  RedisCall call(session, words);
  RedisAnswer answer = co_await call;
  if (answer.fate != RedisAnswer::kAnswered) answer.value = {RedisValue::kError, answer.why};
  co_return std::move(answer.value);
}

// Sends a change without effect, which only a replica refuses.  The key has an empty name, so it is
// not a counter's.
static Task<bool> is_replica(RedisSession& session, const std::string& key) {
  const std::vector<std::string_view> words{"HDEL", key, "value"};
  const RedisValue answer = co_await value_of(session, words);
  co_return answer.failed("READONLY") || answer.failed("MASTERDOWN");
}

constexpr const char* kReplica = "READONLY it is a replica";

// Authenticates and checks the server; closes the session if Redis refuses us.
Task<> RedisConnection::greet(RedisSession& session) {
  const RedisUrl& url = options_.url;
  RedisValue answer;
  std::vector<std::string_view> words{"AUTH", url.user, url.password};
  if (url.user.empty()) words.erase(words.begin() + 1);
  if (!url.user.empty() || !url.password.empty()) answer = co_await value_of(session, words);
  const std::string database = std::to_string(url.database);
  words = {"SELECT", database};
  if (answer.type != RedisValue::kError && database != "0")
    answer = co_await value_of(session, words);
  words = {"SCRIPT", "LOAD", redis_script()};
  if (answer.type != RedisValue::kError) answer = co_await value_of(session, words);
  if (answer.type == RedisValue::kError) {
    constexpr std::size_t kSentenceMax = 200;
    hopeless_ = session.open() && redis_refusal(answer.text).status == Outcome::kRefused;
    session.close(answer.text.substr(0, kSentenceMax));
    co_return;
  }
  digest_ = answer.text;
  const bool replica = co_await is_replica(session, url.prefix);
  if (replica) session.close(kReplica);
  if (replica) co_return;
  words = {"CLUSTER", "SLOTS"};
  slots_ = co_await value_of(session, words);
}

// Warns once if Redis' eviction policy may delete counters to make room.
Task<> RedisConnection::warn_of_eviction(RedisSession& session) {
  if (!options_.says_so || std::exchange(warned_, true)) co_return;
  const std::vector<std::string_view> words{"INFO", "memory"};
  const RedisValue answer = co_await value_of(session, words);
  constexpr std::string_view kMark = "maxmemory_policy:";
  const std::size_t at = answer.text.find(kMark);
  if (answer.type != RedisValue::kText || at == std::string::npos) co_return;
  const std::size_t begin = at + kMark.size();
  const std::string policy =
      answer.text.substr(begin, answer.text.find_first_of("\r\n", begin) - begin);
  if (policy == "noeviction") co_return;
  const std::string what = policy.starts_with("allkeys") ? "counters" : "counters that expire";
  net::log::error("%s", named("maxmemory-policy " + policy + " drops " + what +
                              " when memory runs out (use noeviction)")
                            .c_str());
}

// Checks regularly whether the server has become a replica: it would keep its connections, and
// answer with old data.
Task<> RedisConnection::keep_checking(RedisSession& session) {
  constexpr Millis kEvery{1'000};
  co_await warn_of_eviction(session);
  while (session.open()) {
    (void)co_await check_->wait(kEvery);  // open() is checked next
    if (!session.open()) co_return;
    const bool replica = co_await is_replica(session, options_.url.prefix);
    if (replica) session.close(kReplica);
    if (loop_.canceled()) co_return;
  }
}

void RedisConnection::came() {
  owner_.connected(*this, slots_);
  if (std::exchange(failures_, 0) >= 2 && options_.says_so)
    net::log::info("%s", named("reconnected").c_str());
  end_waiting();
}

void RedisConnection::went() {
  // Logs only the second failure, because the first retry usually succeeds.  Later, a new reason
  // for a refusal is logged, too.
  ++failures_;
  const bool news = failures_ == 2 || (failures_ > 2 && hopeless_ && why_ != said_);
  if (options_.says_so && news && !over()) {
    net::log::error("%s (retrying)", named(why_).c_str());
    said_ = why_;
  }
  end_waiting();
  if (!over()) owner_.lost();
}

void RedisConnection::end_waiting() {
  tried_ = true;
  for (const auto task : std::exchange(waiting_, {})) loop_.resume_later(task);
}

}  // namespace counterd
