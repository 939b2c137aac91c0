// cluster.h - the servers that hold the counters: one, or those of a Redis Cluster.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tools/counterd/stores/redis/connection.h"
#include "tools/counterd/stores/redis/slots.h"

namespace counterd {

class RedisCluster final : RedisConnectionOwner {
 public:
  RedisCluster(net::Loop& loop, const RedisOptions& options);

  // Connects; until the end of the loop.
  net::Task<> run();

  // The command `name`, or without one the script, with keys and `words` behind it, on the server
  // that has the keys.
  struct Request {
    std::string_view name = {};
    std::vector<std::string> keys = {};
    std::vector<std::string> words = {};
  };
  // An answer's error is the server's own; redirections have been followed.
  net::Task<RedisAnswer> execute(Request request);
  // On one of servers().
  net::Task<RedisAnswer> execute_at(RedisAddress server, std::vector<std::string> words);
  // Those that have slots; in the end the one that there is.
  net::Task<std::vector<RedisAddress>> servers();
  // The server to ask first has answered; else why not.
  net::Task<std::string> trouble();
  bool is_cluster() const { return !ranges_.empty(); }
  // Changes when slots have changed hands.
  std::uint64_t version() const { return version_; }

 private:
  using Connection = std::shared_ptr<RedisConnection>;

  void connected(RedisConnection& connection, const RedisValue& slots) override;
  void lost() override { refresh_.wake(); }
  Connection owner_of(std::string_view key);
  Connection connection_to(const RedisAddress& address);
  Connection connect(const std::vector<RedisAddress>& addresses);
  net::Task<> refresh();
  void learn(const RedisValue& slots, const RedisAddress& asked);

  net::Loop& loop_;
  const RedisOptions& options_;
  Connection seed_;
  std::map<RedisAddress, Connection> connections_;
  std::vector<RedisSlotRange> ranges_;  // in their order; none: no cluster
  std::uint64_t version_ = 0;
  net::Timer refresh_;
  net::WaitGroup running_;
};

}  // namespace counterd
