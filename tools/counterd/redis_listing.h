// redis_listing.h - a list of the counters in Redis, on its way through the servers by SCAN.
#pragma once

#include <string>
#include <vector>

#include "tools/counterd/redis_cluster.h"
#include "tools/counterd/store.h"

namespace counterd {

// Names that have been seen: 64 bits of each, in half-empty memory.
class SeenNames {
 public:
  bool insert(std::string_view name);  // false: it was there

 private:
  bool insert(std::uint64_t fingerprint);
  std::vector<std::uint64_t> slots_ = std::vector<std::uint64_t>(1024);
  std::size_t count_ = 0;
};

// SCAN finds what is there throughout, but where Redis makes its table smaller, or a slot moves to
// another server, it may find it twice: so the names that were seen are remembered.
class RedisListing {
 public:
  RedisListing(RedisCluster& cluster, std::string prefix)
      : cluster_(cluster), prefix_(std::move(prefix)) {}
  RedisListing(const RedisListing&) = delete;
  RedisListing& operator=(const RedisListing&) = delete;

  // The next piece, without its `next`.
  net::Task<Page> next();
  bool over() const { return rounds_ > 0 && server_ == servers_.size(); }

 private:
  net::Task<> start();
  net::Task<> look_up(std::string name, Page& page);

  RedisCluster& cluster_;
  const std::string prefix_;
  int rounds_ = 0;  // through all of them
  std::vector<RedisAddress> servers_;
  std::uint64_t version_ = 0;  // of cluster_
  std::size_t server_ = 0;     // of servers_
  std::string cursor_ = "0";   // there
  SeenNames seen_;
};

}  // namespace counterd
