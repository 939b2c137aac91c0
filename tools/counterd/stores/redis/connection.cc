#include "tools/counterd/stores/redis/connection.h"

#include <algorithm>
#include <random>

#include "common/cli/log.h"

namespace counterd {

using net::Error;
using net::Task;

constexpr Millis kPauseMin{50};  // before the next attempt; doubled each time
constexpr Millis kPauseMax{2'000};

std::string RedisConnection::named(const std::string& why) const {
  return "redis at " + address_.to_string() + ": " + why;
}

// Up to half of it is left to chance: many counterd do not all come at once.
static Millis jittered(Millis pause) {
  thread_local std::minstd_rand random(std::random_device{}());
  std::uniform_int_distribution<Millis::rep> part(0, pause.count() / 2);
  return pause - Millis(part(random));
}

Task<> RedisConnection::run() {
  Millis pause = kPauseMin;
  while (!over()) {
    const net::Deadline deadline(options_.connect_timeout);
    auto found =
        co_await net::lookup(loop_, address_.host, address_.port, AF_UNSPEC, false, deadline);
    if (!found) why_ = found.error().message();
    bool served = false;
    for (std::size_t i = 0; found && i < found->size() && !served && !over(); ++i)
      served = co_await serve((*found)[i]);
    went();
    pause = served ? kPauseMin : std::min(pause * 2, kPauseMax);
    if (!over()) (void)co_await pause_.wait(jittered(pause));  // however it ends: over() tells
  }
}

void RedisConnection::close() {
  closed_ = true;
  pause_.wake();
  if (session_ != nullptr) session_->close("not needed any more");
}

// One session, to its end; whether it was of any use.
Task<bool> RedisConnection::serve(net::SockAddr address) {
  RedisSession session(loop_, options_.command_timeout);
  session_ = &session;
  co_await session.connect(address, options_.connect_timeout);
  if (session.open()) co_await greet(session);
  greeted_ = session.open();
  if (greeted_) came();
  co_await session.wait();
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

// Leaves the session closed where Redis does not want us.
Task<> RedisConnection::greet(RedisSession& session) {
  RedisValue answer;
  std::vector<std::string_view> words{"AUTH", options_.url.user, options_.url.password};
  if (options_.url.user.empty()) words.erase(words.begin() + 1);
  if (!options_.url.password.empty()) answer = co_await value_of(session, words);
  const std::string database = std::to_string(options_.url.database);
  words = {"SELECT", database};
  if (answer.type != RedisValue::kError && database != "0")
    answer = co_await value_of(session, words);
  for (std::size_t i = 0; i < kRedisScripts && answer.type != RedisValue::kError; ++i) {
    words = {"SCRIPT", "LOAD", redis_scripts()[i]};
    answer = co_await value_of(session, words);
    digests_[i] = answer.text;
  }
  if (answer.type == RedisValue::kError) {
    constexpr std::size_t kSentenceMax = 200;
    session.close(answer.text.substr(0, kSentenceMax));
    co_return;
  }
  words = {"CLUSTER", "SLOTS"};
  slots_ = co_await value_of(session, words);
}

void RedisConnection::came() {
  owner_.connected(*this, slots_);
  if (options_.says_so && std::exchange(failures_, 0) >= 2)
    net::log::info("%s", named("connected again").c_str());
  end_waiting();
}

void RedisConnection::went() {
  // Not at once: most often it is back with the next attempt.
  if (options_.says_so && ++failures_ == 2 && !over())
    net::log::error("%s (trying again)", named(why_).c_str());
  end_waiting();
  if (!over()) owner_.lost();
}

void RedisConnection::end_waiting() {
  tried_ = true;
  for (const auto task : std::exchange(waiting_, {})) loop_.resume_later(task);
}

}  // namespace counterd
