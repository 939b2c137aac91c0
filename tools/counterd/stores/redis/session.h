// session.h - one connection to Redis: hiredis' asynchronous context, run by our loop.
//
// hiredis formats, parses and keeps the order; the work of an event library is done by three tasks:
// one reads, one writes, one watches the time.  Commands are pipelined: those of one turn of the
// loop go out with one write.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/net/address.h"
#include "common/net/timer.h"
#include "common/net/watch.h"
#include "tools/counterd/counter.h"
#include "tools/counterd/stores/redis/value.h"

struct redisAsyncContext;

namespace counterd {

class RedisCall;
using RedisWords = std::span<const std::string_view>;

// It must exist until wait() has returned.
class RedisSession {
 public:
  // patience: a connection without an answer for this long counts as dead.
  RedisSession(net::Loop& loop, Millis patience)
      : loop_(loop), patience_(patience), connected_(loop), write_(loop), time_(loop) {}
  RedisSession(const RedisSession&) = delete;
  RedisSession& operator=(const RedisSession&) = delete;
  ~RedisSession();

  // Afterwards the session is open(), or why() has the reason.
  net::Task<> connect(net::SockAddr address, Millis timeout);
  bool open() const { return context_ != nullptr && !closing_; }
  const std::string& why() const { return why_; }
  // Closes the connection and ends every command in progress.
  void close(std::string why);
  // Waits until the session is closed.
  auto wait() { return tasks_.wait(); }

 private:
  friend class RedisCall;
  using Clock = std::chrono::steady_clock;
  struct Hooks;  // called by hiredis

  net::Task<> read_all();
  net::Task<> write_all();
  net::Task<> keep_time();
  bool send(RedisCall& call);
  bool append(RedisWords words, RedisCall* call);
  void end(RedisCall& call);
  void learn_why();
  std::size_t unwritten() const;  // bytes of commands not yet sent
  std::uint64_t written() const { return appended_ - unwritten(); }

  net::Loop& loop_;
  const Millis patience_;
  redisAsyncContext* context_ = nullptr;
  std::optional<net::Watch> watch_;
  net::Timer connected_;
  net::Timer write_;  // woken when there is data to write
  net::Timer time_;   // woken by the first command after a silence
  bool reading_ = false;
  bool writing_ = false;
  bool silent_ = true;
  bool closing_ = false;
  std::size_t elements_ = 0;  // of the reply being received
  bool too_large_ = false;
  std::string why_;
  std::deque<Clock::time_point> sent_;  // times of commands without an answer
  std::uint64_t appended_ = 0;          // bytes of all commands so far
  std::size_t unwritten_ = 0;           // its value when the connection ended
  net::WaitGroup tasks_;
};

// A command in progress: `RedisAnswer answer = co_await call`.
class RedisCall {
 public:
  // asking: the slot is being moved to that server (Redis Cluster's ASK).
  RedisCall(RedisSession& session, RedisWords words, bool asking = false)
      : session_(session), words_(words), asking_(asking) {}
  RedisCall(const RedisCall&) = delete;
  RedisCall& operator=(const RedisCall&) = delete;

  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> task) {
    waiter_ = task;
    return session_.send(*this);
  }
  RedisAnswer await_resume() { return std::move(answer_); }

 private:
  friend class RedisSession;
  RedisSession& session_;
  const RedisWords words_;
  const bool asking_;
  std::coroutine_handle<> waiter_;
  std::uint64_t end_ = 0;  // session_.appended_ after its last byte
  RedisAnswer answer_;
};

}  // namespace counterd
