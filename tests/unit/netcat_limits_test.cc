// What netcat's --rate, --allow and --deny mean.
#include <gtest/gtest.h>

#include "tools/netcat/access.h"
#include "tools/netcat/relay/rate_limit.h"

namespace netcat {
namespace {

TEST(NetcatRate, Values) {
  struct Row {
    const char* text;
    std::uint64_t bytes;  // 0: none
  };
  const Row table[] = {
      {"1", 1},           {"500", 500},       {"64K", 65536},
      {"1.5M", 1572864},  {"2G", 2147483648}, {"0.5K", 512},
      {"0.1", 1},         {"0", 0},           {"", 0},
      {"K", 0},           {"-1", 0},          {"1kB", 1000},
      {"1k", 1024},       {"1T", 0},          {"1e3", 0},
      {"1MB", 1'000'000}, {"1MiB", 1 << 20},  {"1.5GB", 1'500'000'000},
      {"2KiB", 2048},     {"1GiB", 1 << 30},  {"7B", 7},
      {"1KX", 0},         {"1MBs", 0},        {"1i", 0},
      {"1 MB", 0},        {"9999999G", 0},    {"nan", 0},
      {"inf", 0},         {" 1", 0},
  };
  for (const Row& row : table) {
    std::uint64_t bytes = 0;
    EXPECT_EQ(parse_rate(row.text, bytes), row.bytes > 0) << row.text;
    EXPECT_EQ(bytes, row.bytes) << row.text;
  }
}

TEST(NetcatAccess, Prefixes) {
  struct Row {
    const char* text;
    const char* host;  // null: malformed
    int bits;
  };
  const Row table[] = {
      {"10.0.0.0/8", "10.0.0.0", 8},
      {"10.0.0.1", "10.0.0.1", -1},
      {"::1", "::1", -1},
      {"[::1]/128", "::1", 128},
      {"fe80::/10", "fe80::", 10},
      {"0.0.0.0/0", "0.0.0.0", 0},
      {"localhost", "localhost", -1},
      {"localhost/24", "localhost", 24},
      {"10.0.0.0/33", nullptr, 0},
      {"::/129", nullptr, 0},
      {"10.0.0.0/", nullptr, 0},
      {"10.0.0.0/x", nullptr, 0},
      {"/8", nullptr, 0},
      {"", nullptr, 0},
      {"10.0.0.0/-1", nullptr, 0},
  };
  for (const Row& row : table) {
    std::string host;
    int bits = 0;
    ASSERT_EQ(split_prefix(row.text, host, bits), row.host != nullptr) << row.text;
    if (row.host == nullptr) continue;
    EXPECT_EQ(host, row.host);
    EXPECT_EQ(bits, row.bits) << row.text;
  }
}

TEST(NetcatAccess, HasPrefix) {
  struct Row {
    const char* address;
    const char* prefix;
    int bits;
    bool has;
  };
  const Row table[] = {
      {"10.1.2.3", "10.0.0.0", 8, true},
      {"11.1.2.3", "10.0.0.0", 8, false},
      {"10.1.2.3", "10.1.2.3", -1, true},
      {"10.1.2.2", "10.1.2.3", -1, false},
      {"10.1.2.2", "10.1.2.3", 31, true},
      {"10.1.2.1", "10.1.2.3", 31, false},
      {"192.168.96.1", "192.168.64.0", 18, true},
      {"192.168.128.1", "192.168.64.0", 18, false},
      {"1.2.3.4", "0.0.0.0", 0, true},
      {"::1", "0.0.0.0", 0, false},
      {"fe80::1", "fe80::", 10, true},
      {"fec0::1", "fe80::", 10, false},
      {"::1", "::1", 128, true},
      {"10.1.2.3", "10.1.2.3", 64, true},
  };
  for (const Row& row : table)
    EXPECT_EQ(has_prefix(*net::SockAddr::numeric(row.address, 1),
                         *net::SockAddr::numeric(row.prefix, 2), row.bits),
              row.has)
        << row.address << " " << row.prefix << "/" << row.bits;
}

net::Task<int> load_into(Access& access, net::Loop& loop, const Options& options) {
  const Outcome outcome = co_await access.load(loop, options, net::Deadline(net::kForever));
  co_return outcome.status;
}

int load(Access& access, const Options& options) {
  net::Loop loop;
  return loop.run(load_into(access, loop, options));
}

TEST(NetcatAccess, DenyIsStrongerThanAllow) {
  Options options;
  const auto admits = [&options](const char* address) {
    Access access;
    EXPECT_EQ(load(access, options), net::kOk);
    return access.admits(*net::SockAddr::numeric(address, 1));
  };
  EXPECT_TRUE(admits("10.0.0.1"));
  options.deny = {"10.0.0.0/8"};
  EXPECT_FALSE(admits("10.0.0.1"));
  EXPECT_TRUE(admits("11.0.0.1"));
  EXPECT_TRUE(admits("::1"));
  options.allow = {"10.0.0.1", "localhost"};
  EXPECT_FALSE(admits("10.0.0.1"));
  EXPECT_TRUE(admits("127.0.0.1"));
  EXPECT_TRUE(admits("::1"));
  EXPECT_FALSE(admits("11.0.0.1"));
  options.deny = {};
  EXPECT_TRUE(admits("10.0.0.1"));
  EXPECT_FALSE(admits("10.0.0.2"));
  options.allow = {"nosuch.invalid"};
  options.numeric = true;
  Access access;
  EXPECT_EQ(load(access, options), net::kNoName);
}

}  // namespace
}  // namespace netcat
