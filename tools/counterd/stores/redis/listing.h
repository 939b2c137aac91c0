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
  // key_prefix: of all keys.
  RedisListing(RedisCluster& cluster, std::string key_prefix, ListQuery query)
      : cluster_(cluster), key_prefix_(std::move(key_prefix)), query_(std::move(query)) {
    if (query_.limit > 0) left_ = query_.limit;
  }
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
  const std::string key_prefix_;
  const ListQuery query_;
  std::uint64_t left_ = UINT64_MAX;  // of the limit
  bool collected_ = false;
  bool over_ = false;
  SortedNames names_;
};

}  // namespace counterd
