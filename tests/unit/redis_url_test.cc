// Where Redis is, and Redis Cluster's arithmetic and words, by tables.
#include "tools/counterd/stores/redis/url.h"

#include <gtest/gtest.h>

#include "tools/counterd/stores/redis/slots.h"

namespace counterd {
namespace {

TEST(RedisUrl, SaysWhereRedisIs) {
  const struct {
    const char* text;
    const char* address;
    const char* user;
    const char* password;
    std::uint32_t database;
  } rows[] = {
      {"redis://localhost:6380", "localhost:6380", "", "", 0},
      {"redis://localhost", "localhost:6379", "", "", 0},
      {"redis://127.0.0.1:1/15", "127.0.0.1:1", "", "", 15},
      {"redis://h:65535/", "h:65535", "", "", 0},
      {"redis://[::1]:7000/2147483647", "[::1]:7000", "", "", 2147483647},
      {"redis://[fe80::1%eth0]", "[fe80::1%eth0]:6379", "", "", 0},
      {"redis://:secret@h/1", "h:6379", "", "secret", 1},
      {"redis://me:a%2Fb%40%3a@h:7", "h:7", "me", "a/b@:", 0},
      {"redis://me:@h/2", "h:6379", "me", "", 2},
      {"redis://me:a@b:c/d@[::1]:7/3", "[::1]:7", "me", "a@b:c/d", 3},
  };
  for (const auto& row : rows) {
    RedisUrl url;
    std::string why;
    EXPECT_TRUE(RedisUrl::parse(row.text, url, why)) << row.text << ": " << why;
    EXPECT_EQ(url.seeds.front().to_string(), row.address);
    EXPECT_EQ(url.user, row.user);
    EXPECT_EQ(url.password, row.password);
    EXPECT_EQ(url.database, row.database);
  }
}

TEST(RedisUrl, KeepsThePasswordOutOfWhatIsWrong) {
  for (const char* text : {"redis://",           "redis:localhost",
                           "rediss://h",         "redis://h:0",
                           "redis://h:65536",    "redis://h:",
                           "redis://:6379",      "redis://::1",
                           "redis://::1:6379",   "redis://h/x",
                           "redis://h/-1",       "redis://h/2147483648",
                           "redis://h/1/2",      "redis://h:6379/0?a=b",
                           "redis://secret@h",   "redis://h?prefix=",
                           "redis://h,",         "redis://,h",
                           "redis://h?db=x",     "redis+unix:",
                           "redis+unix:?db=1",   "redis+unix:/s?password=secret",
                           "redis://:secret%@h", "redis://:secret%zz@h",
                           "redis://:@h",        "redis://:secret@"}) {
    RedisUrl url;
    std::string why;
    EXPECT_FALSE(RedisUrl::parse(text, url, why)) << text;
    EXPECT_NE(why, "");
    EXPECT_EQ(why.find("secret"), why.npos) << why;
  }
}

TEST(RedisUrl, HasSeedsAPathAndAPrefix) {
  RedisUrl url;
  std::string why;
  EXPECT_TRUE(RedisUrl::parse("redis://me:p%3Fw@a,b:7000,[::1]/2?prefix=app:", url, why));
  ASSERT_EQ(url.seeds.size(), 3U);
  EXPECT_EQ(url.seeds[1].to_string(), "b:7000");
  EXPECT_EQ(url.seeds[2].to_string(), "[::1]:6379");
  EXPECT_EQ(url.password, "p?w");
  EXPECT_EQ(url.database, 2U);
  EXPECT_EQ(url.prefix, "app:");
  EXPECT_TRUE(RedisUrl::parse("redis+unix:/run/redis.sock?db=3&prefix=x", url, why));
  EXPECT_EQ(url.seeds.front().to_string(), "unix:/run/redis.sock");
  EXPECT_TRUE(url.seeds.front().is_path());
  EXPECT_EQ(url.database, 3U);
  RedisUrl plain;
  EXPECT_TRUE(RedisUrl::parse("redis://h", plain, why));
  EXPECT_EQ(plain.prefix, "counterd:");
}

TEST(RedisSlots, AreTheKeysCrc) {
  const struct {
    std::string key;
    int slot;
  } rows[] = {
      // As CLUSTER KEYSLOT says.
      {"", 0},
      {"123456789", 12739},
      {"foo", 12182},
      {"counterd:x", 10056},
      {"{foo}bar", 12182},
      {"bar{foo}{x}", 12182},
      {"foo{}{bar}", 8363},
      {"foo{{bar}}zap", 4015},
      {"foo{bar", 15278},
      {"}foo{", 8453},
      {"\xd0\x9f{\xff\x80}", 4727},
  };
  for (const auto& row : rows) EXPECT_EQ(redis_slot(row.key), row.slot) << row.key;
}

TEST(RedisSlots, AreRedirected) {
  const RedisAddress asked{"asked", 1};
  const struct {
    const char* error;
    const char* shown;
  } rows[] = {
      {"MOVED 3999 127.0.0.1:6381", "moved 3999 127.0.0.1:6381"},
      {"ASK 0 127.0.0.1:6381", "ask 0 127.0.0.1:6381"},
      {"MOVED 16383 ::1:7000", "moved 16383 [::1]:7000"},
      {"MOVED 1 node.example:7000", "moved 1 node.example:7000"},
      {"MOVED 1 :7000", "moved 1 asked:7000"},
      {"MOVED 1 ?:7000", "moved 1 asked:7000"},
      {"MOVED 16384 h:1", ""},
      {"MOVED 1 h:0", ""},
      {"MOVED 1 h:65536", ""},
      {"MOVED 1 h", ""},
      {"MOVED 1", ""},
      {"MOVED", ""},
      {"", ""},
      {"MOVED x h:1", ""},
      {"MOVEDX 1 h:1", ""},
      {"TRYAGAIN 1 h:1", ""},
      {"ERR no such thing", ""},
  };
  for (const auto& row : rows) {
    const auto redirection = RedisRedirection::parse(row.error, asked);
    std::string shown;
    if (redirection)
      shown = (redirection->ask ? "ask " : "moved ") + std::to_string(redirection->slot) + " " +
              redirection->to.to_string();
    EXPECT_EQ(shown, row.shown) << row.error;
  }
}

RedisValue number(std::int64_t n) { return {.type = RedisValue::kNumber, .number = n}; }
RedisValue text(std::string s) { return {.type = RedisValue::kText, .text = std::move(s)}; }
RedisValue list(std::vector<RedisValue> items) {
  return {.type = RedisValue::kList, .list = std::move(items)};
}
RedisValue range(std::int64_t first, std::int64_t last, std::int64_t port) {
  return list({number(first), number(last), list({text("h"), number(port), text("id")}),
               list({text("replica"), number(9), text("id")})});
}

TEST(RedisSlots, HaveOwners) {
  const RedisAddress asked{"asked", 1};
  RedisValue nobody = range(0, 1, 2);
  nobody.list[2].list[0] = {};
  const auto none = parse_redis_slots(list({}), asked);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  const auto ranges = parse_redis_slots(list({range(100, 16383, 7), nobody}), asked);
  ASSERT_TRUE(ranges);
  const std::vector<RedisSlotRange> expected{{0, 1, {"asked", 2}}, {100, 16383, {"h", 7}}};
  EXPECT_EQ(*ranges, expected);
}

TEST(RedisSlots, RefuseNonsense) {
  const RedisAddress asked{"asked", 1};
  const RedisValue rows[] = {
      {},
      {.type = RedisValue::kError, .text = "ERR This instance has cluster support disabled"},
      list({number(1)}),
      list({list({number(0), number(1)})}),
      list({list({number(0), number(1), list({text("h")})})}),
      list({range(-1, 1, 1)}),
      list({range(2, 1, 1)}),
      list({range(0, 16384, 1)}),
      list({range(0, 1, 0)}),
      list({range(0, 1, 65536)}),
      list({range(4, 9, 1), range(0, 4, 2)}),  // two owners of a slot
  };
  for (const RedisValue& row : rows) EXPECT_FALSE(parse_redis_slots(row, asked)) << &row - rows;
}

}  // namespace
}  // namespace counterd
