// The ports of a scan, as a person writes them.
#include "tools/netcat/ports.h"

#include <gtest/gtest.h>

namespace netcat {
namespace {

using Ports = std::vector<std::uint16_t>;

TEST(NetcatPorts, WhatATextStandsFor) {
  struct Row {
    const char* text;
    Ports ports;
  };
  const Row table[] = {
      {"80", {80}},
      {"1", {1}},
      {"65535", {65535}},
      {"http", {80}},
      {"20-25", {20, 21, 22, 23, 24, 25}},
      {"25-23", {23, 24, 25}},
      {"7-7", {7}},
      {"65534-65535", {65534, 65535}},
      {"iso-tsap", {102}},  // one name, no range
      {"22,http,7-9", {22, 80, 7, 8, 9}},
      {"9,9", {9, 9}},
  };
  for (const Row& row : table) {
    Ports ports;
    EXPECT_TRUE(add_ports(row.text, ports)) << row.text;
    EXPECT_EQ(ports, row.ports) << row.text;
  }
}

TEST(NetcatPorts, WhatIsNoneChangesNothing) {
  for (const char* text : {"", "0", "65536", "-", "1-", "-1", "0-5", "1-65536", "1-2-3", "http-ssh",
                           "1,", ",1", "1,,2", "1, 2", " 1", "1x", "no_such_service",
                           "99999999999999999999", "1-99999999999999999999"}) {
    Ports ports{7};
    EXPECT_FALSE(add_ports(text, ports)) << text;
    EXPECT_EQ(ports, Ports{7}) << text;
  }
}

TEST(NetcatPorts, AreSortedEachOnce) {
  Ports ports;
  for (const char* text : {"80", "20-22", "21-23", "80"}) ASSERT_TRUE(add_ports(text, ports));
  sort_ports(ports);
  EXPECT_EQ(ports, (Ports{20, 21, 22, 23, 80}));
  ASSERT_TRUE(add_ports("1-65535", ports));
  sort_ports(ports);
  EXPECT_EQ(ports.size(), 65535U);
}

}  // namespace
}  // namespace netcat
