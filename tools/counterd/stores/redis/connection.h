// connection.h - one Redis server, connected to again and again.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "common/net/dial.h"
#include "tools/counterd/stores/redis/scripts.h"
#include "tools/counterd/stores/redis/session.h"
#include "tools/counterd/stores/redis/url.h"

namespace counterd {

struct RedisOptions {
  RedisUrl url = {};
  Millis connect_timeout{2'000};
  Millis command_timeout{5'000};
  bool says_so = true;  // when a server goes away, and comes back
};

class RedisConnection;

// Told of what a connection learns.
class RedisConnectionOwner {
 public:
  // It is up; `slots`: what CLUSTER SLOTS has answered, an error where there is no cluster.
  virtual void connected(RedisConnection& connection, const RedisValue& slots) = 0;
  virtual void lost() = 0;

 protected:
  ~RedisConnectionOwner() = default;
};

class RedisConnection {
 public:
  RedisConnection(net::Loop& loop, RedisConnectionOwner& owner, const RedisOptions& options,
                  RedisAddress address)
      : loop_(loop), owner_(owner), options_(options), address_(std::move(address)), pause_(loop) {}
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // Connects, and does so again, until close() or the end of the loop.
  net::Task<> run();
  void close();

  const RedisAddress& address() const { return address_; }
  bool up() const { return greeted_ && session_->open(); }
  RedisSession& session() { return *session_; }  // while it is up
  // Of the last attempt that has ended.
  const std::string& why() const {
    return session_ != nullptr && !session_->why().empty() ? session_->why() : why_;
  }
  std::string named(const std::string& why) const;  // "redis at HOST:PORT: why"
  std::string_view digest(RedisScript script) const {
    return digests_[static_cast<std::size_t>(script)];
  }
  // Waits until the first attempt has succeeded or failed: whoever comes first is not turned away.
  auto tried() {
    struct Awaiter {
      RedisConnection& connection;
      bool await_ready() const { return connection.tried_; }
      void await_suspend(std::coroutine_handle<> task) { connection.waiting_.push_back(task); }
      void await_resume() const {}
    };
    return Awaiter{*this};
  }

 private:
  bool over() const { return closed_ || loop_.canceled(); }
  net::Task<bool> serve(net::SockAddr address);
  net::Task<> greet(RedisSession& session);
  void came();
  void went();
  void end_waiting();

  net::Loop& loop_;
  RedisConnectionOwner& owner_;
  const RedisOptions& options_;
  const RedisAddress address_;
  RedisSession* session_ = nullptr;
  bool greeted_ = false;  // of session_
  net::Timer pause_;
  std::array<std::string, kRedisScripts> digests_;
  RedisValue slots_;
  std::string why_ = "not connected";
  bool closed_ = false;
  int failures_ = 0;  // since it was up
  bool tried_ = false;
  std::vector<std::coroutine_handle<>> waiting_;
};

}  // namespace counterd
