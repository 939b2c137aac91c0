// listing.h - lists the counters in Redis.
#pragma once

#include <optional>
#include <string>

#include "tools/counterd/store.h"
#include "tools/counterd/stores/redis/cluster.h"
#include "tools/counterd/stores/redis/sorted_names.h"

namespace counterd {

// First collects the names from all servers with SCAN, which finds every name that exists
// throughout, but may find it twice if Redis shrinks its table or a slot moves.  Then reads the
// counters page by page.
class RedisListing {
 public:
  // key_prefix: the prefix of all keys.
  RedisListing(RedisCluster& cluster, std::string key_prefix, ListQuery query)
      : cluster_(cluster), key_prefix_(std::move(key_prefix)), query_(std::move(query)) {
    if (query_.limit > 0) left_ = query_.limit;
  }
  RedisListing(const RedisListing&) = delete;
  RedisListing& operator=(const RedisListing&) = delete;

  // Returns the next piece; the caller sets its `next`.
  net::Task<Page> next();
  bool over() const { return over_; }

 private:
  net::Task<std::string> collect();
  net::Task<std::string> scan(RedisAddress server);
  net::Task<> look_up(std::string name, std::optional<Counter>& counter, std::string& why);

  RedisCluster& cluster_;
  const std::string key_prefix_;
  const ListQuery query_;
  std::uint64_t left_ = UINT64_MAX;  // how many more the limit allows
  bool collected_ = false;
  bool over_ = false;
  SortedNames names_;
};

}  // namespace counterd
