// cluster.h - the servers that hold the counters: one server, or a Redis Cluster.
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

  // Connects, and runs until the loop is cancelled.
  net::Task<> run();

  // The command `name`, or the script if it has none, with the keys and then `words`, for the
  // server that has the keys.
  struct Request {
    std::string_view name = {};
    std::vector<std::string> keys = {};
    std::vector<std::string> words = {};
  };
  // Executes the request and follows redirections.  An error in the answer is the server's own.
  net::Task<RedisAnswer> execute(Request request);
  // Executes a command on one of servers().
  net::Task<RedisAnswer> execute_at(RedisAddress server, std::vector<std::string> words);
  // The servers that have slots; without a cluster, the one server.
  net::Task<std::vector<RedisAddress>> servers();
  // Empty if the server to ask first has answered; otherwise the reason.
  net::Task<std::string> trouble();
  bool is_cluster() const { return !ranges_.empty(); }
  // Changes when slots have moved to other servers.
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
  std::vector<RedisSlotRange> ranges_;  // sorted; empty: not a cluster
  std::uint64_t version_ = 0;
  net::Timer refresh_;
  net::WaitGroup running_;
};

}  // namespace counterd
