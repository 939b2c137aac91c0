// connection.h - keeps a connection to one Redis server: the first of several that is up and not a
// replica.
#pragma once

#include <string>
#include <vector>

#include "common/net/lookup.h"
#include "tools/counterd/stores/redis/scripts.h"
#include "tools/counterd/stores/redis/session.h"
#include "tools/counterd/stores/redis/url.h"

namespace counterd {

struct RedisOptions {
  RedisUrl url = {};
  RedisLimits limits = {};
  Millis connect_timeout{2'000};
  Millis command_timeout{5'000};
  bool says_so = true;  // log when the server is lost and when it is back
};

class RedisConnection;

// Receives the events of a connection.
class RedisConnectionOwner {
 public:
  // The connection is up; `slots` is the answer to CLUSTER SLOTS, an error if there is no cluster.
  virtual void connected(RedisConnection& connection, const RedisValue& slots) = 0;
  virtual void lost() = 0;

 protected:
  ~RedisConnectionOwner() = default;
};

class RedisConnection {
 public:
  RedisConnection(net::Loop& loop, RedisConnectionOwner& owner, const RedisOptions& options,
                  std::vector<RedisAddress> addresses)
      : loop_(loop),
        owner_(owner),
        options_(options),
        addresses_(std::move(addresses)),
        address_(addresses_.front()),
        pause_(loop) {}
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // Connects, and reconnects, until close() or the end of the loop.
  net::Task<> run();
  void close();

  const RedisAddress& address() const { return address_; }  // the one tried last
  bool up() const { return greeted_ && session_->open(); }
  RedisSession& session() { return *session_; }  // only while up()
  // Why the last attempt failed.
  const std::string& why() const {
    return session_ != nullptr && !session_->why().empty() ? session_->why() : why_;
  }
  bool hopeless() const { return !up() && hopeless_; }  // the server would refuse us again
  std::string named(const std::string& why) const;      // "redis at HOST:PORT: why"
  std::string_view digest() const { return digest_; }   // digest of redis_script()
  // Waits until the first attempt has succeeded or failed, so that the first clients are not
  // refused.
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
  net::Task<bool> try_address();
  net::Task<bool> serve(net::SockAddr address);
  net::Task<> greet(RedisSession& session);
  net::Task<> warn_of_eviction(RedisSession& session);
  net::Task<> keep_checking(RedisSession& session);
  void came();
  void went();
  void end_waiting();

  net::Loop& loop_;
  RedisConnectionOwner& owner_;
  const RedisOptions& options_;
  const std::vector<RedisAddress> addresses_;
  RedisAddress address_;
  RedisSession* session_ = nullptr;
  net::Timer* check_ = nullptr;  // for the current session
  bool greeted_ = false;         // session_ is ready for commands
  net::Timer pause_;
  std::string digest_;
  RedisValue slots_;
  std::string why_ = "not connected";
  std::string said_;  // the last reason logged
  bool closed_ = false;
  bool hopeless_ = false;
  bool warned_ = false;
  int failures_ = 0;  // failed attempts since it was up
  bool tried_ = false;
  std::vector<std::coroutine_handle<>> waiting_;
};

}  // namespace counterd
