// listing.h - a list of the counters in Redis.
#pragma once

#include <optional>
#include <string>

#include "tools/counterd/store.h"
#include "tools/counterd/stores/redis/cluster.h"
#include "tools/counterd/stores/redis/sorted_names.h"

namespace counterd {

// First the names, from every server, by SCAN: that finds what is there throughout, but where Redis
// makes its table smaller, or a slot moves to another server, it may find it twice.  Then, page by
// page, the counters.
class RedisListing {
 public:
  RedisListing(RedisCluster& cluster, std::string prefix)
      : cluster_(cluster), prefix_(std::move(prefix)) {}
  RedisListing(const RedisListing&) = delete;
  RedisListing& operator=(const RedisListing&) = delete;

  // The next piece, without its `next`.
  net::Task<Page> next();
  bool over() const { return over_; }

 private:
  net::Task<std::string> collect();
  net::Task<std::string> scan(RedisAddress server);
  net::Task<> look_up(std::string name, std::optional<Counter>& counter, std::string& why);

  RedisCluster& cluster_;
  const std::string prefix_;
  bool collected_ = false;
  bool over_ = false;
  SortedNames names_;
};

}  // namespace counterd
