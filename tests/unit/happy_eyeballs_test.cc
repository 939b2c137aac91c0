// The order in which addresses are tried (RFC 8305, section 4).
#include <gtest/gtest.h>

#include <sstream>

#include "common/net/dial.h"

namespace net {
namespace {

// "1 2 a b" stands for the addresses 10.0.0.1, 10.0.0.2, fd00::a, fd00::b.
std::vector<SockAddr> addresses_of(const std::string& names) {
  std::vector<SockAddr> addresses;
  std::istringstream in(names);
  for (std::string name; in >> name;)
    addresses.push_back(*SockAddr::numeric((name < "a" ? "10.0.0." : "fd00::") + name, 80));
  return addresses;
}

TEST(HappyEyeballs, FamiliesTakeTurnsTheFirstOnesFirst) {
  struct Row {
    const char* given;
    const char* tried;
  };
  const Row table[] = {
      {"", ""},
      {"1", "1"},
      {"a", "a"},
      {"1 2 3", "1 2 3"},
      {"a b 1 2", "a 1 b 2"},
      {"1 2 a b", "1 a 2 b"},
      {"a 1 b 2", "a 1 b 2"},
      {"a b c 1", "a 1 b c"},
      {"1 a b c", "1 a b c"},
      {"a 1 2 3", "a 1 2 3"},
      {"1 2 3 a", "1 a 2 3"},
      {"a b 2 1", "a 2 b 1"},
  };
  for (const Row& row : table)
    EXPECT_EQ(interleaved(addresses_of(row.given)), addresses_of(row.tried)) << row.given;
}

}  // namespace
}  // namespace net
