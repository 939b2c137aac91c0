// What a person writes for a place to listen or to connect, and socket addresses as text.
#include "common/net/address.h"

#include <gtest/gtest.h>

namespace net {
namespace {

struct Good {
  const char* text;
  Address address;
};

Address tcp(std::string host, std::string port) {
  return {.kind = Address::kTcp, .host = std::move(host), .port = std::move(port), .path = {}};
}
Address unix_domain(std::string path) {
  return {.kind = Address::kUnix, .host = {}, .port = {}, .path = std::move(path)};
}
Address inherited(int fd) {
  return {.kind = Address::kFd, .host = {}, .port = {}, .path = {}, .fd = fd};
}

TEST(Address, EveryFormIsUnderstood) {
  const Good table[] = {
      {"8000", tcp("localhost", "8000")},
      {"0", tcp("localhost", "0")},
      {"65535", tcp("localhost", "65535")},
      {"http", tcp("localhost", "http")},
      {":8000", tcp("", "8000")},
      {"example.org:80", tcp("example.org", "80")},
      {"example.org:http", tcp("example.org", "http")},
      {"127.0.0.1:0", tcp("127.0.0.1", "0")},
      {"[::1]:8000", tcp("::1", "8000")},
      {"[::]:http", tcp("::", "http")},
      {"[fe80::1%eth0]:1", tcp("fe80::1%eth0", "1")},
      {"unix:/run/x", unix_domain("/run/x")},
      {"unix:x:1", unix_domain("x:1")},
      {"unix:@name", unix_domain("@name")},
      {"fd:0", inherited(0)},
      {"fd:2147483647", inherited(2147483647)},
  };
  for (const Good& row : table) {
    Address address = tcp("left", "over");
    std::string why = "left over";
    EXPECT_TRUE(Address::parse(row.text, address, why)) << row.text << ": " << why;
    EXPECT_EQ(why, "") << row.text;
    EXPECT_EQ(address.kind, row.address.kind) << row.text;
    EXPECT_EQ(address.host, row.address.host) << row.text;
    EXPECT_EQ(address.port, row.address.port) << row.text;
    EXPECT_EQ(address.path, row.address.path) << row.text;
    EXPECT_EQ(address.fd, row.address.fd) << row.text;
  }
}

struct Bad {
  const char* text;
  const char* why;
};

TEST(Address, EveryMistakeHasItsSentence) {
  constexpr const char* kForms = "not a port, HOST:PORT, [V6]:PORT, :PORT, unix:PATH or fd:N";
  constexpr const char* kRange = "a port is a number from 0 to 65535";
  const Bad table[] = {
      {"", "a port is missing"},
      {":", "a port is missing"},
      {"localhost:", "a port is missing"},
      {"[::1]:", "a port is missing"},
      {"65536", kRange},
      {"localhost:65536", kRange},
      {"99999999999999999999999", kRange},
      {"no such service", kForms},
      {"-1", kForms},
      {"8000x", kForms},
      {"::1:80", "an IPv6 address is written [::1]:80"},
      {"::1", "an IPv6 address is written [::1]:PORT"},
      {"fe80::1:http", "an IPv6 address is written [fe80::1]:http"},
      {"[::1", "an IPv6 address is written [V6]:PORT"},
      {"[::1]8000", "an IPv6 address is written [V6]:PORT"},
      {"1:2:3:4:5:6:7:8", "an IPv6 address is written [1:2:3:4:5:6:7:8]:PORT"},
      {"http://localhost:80", kForms},
      {"127.0.0.1:80:90", kForms},
      {"unix:", "a path is missing after unix:"},
      {"fd:", "fd: requires a number"},
      {"fd:x", "fd: requires a number"},
      {"fd:-1", "fd: requires a number"},
      {"fd:3 ", "fd: requires a number"},
      {"fd:2147483648", "fd: requires a number"},
  };
  for (const Bad& row : table) {
    Address address;
    std::string why;
    EXPECT_FALSE(Address::parse(row.text, address, why)) << row.text;
    EXPECT_EQ(why, row.why) << row.text;
  }
}

TEST(Address, BracketedAddressAloneLacksAPort) {
  Address address;
  std::string why;
  EXPECT_FALSE(Address::parse("[::1]", address, why));
  EXPECT_EQ(why, "a port is missing");
}

TEST(Address, BracketsGoOnlyInPairs) {
  EXPECT_EQ(without_brackets("[::1]"), "::1");
  EXPECT_EQ(without_brackets("::1"), "::1");
  EXPECT_EQ(without_brackets("[::1"), "[::1");
  EXPECT_EQ(without_brackets("::1]"), "::1]");
  EXPECT_EQ(without_brackets("[]"), "[]");
  EXPECT_EQ(without_brackets("["), "[");
  EXPECT_EQ(without_brackets(""), "");
}

TEST(Address, HostAndPortAreSplitOnlyWhereBothAreMeant) {
  struct Row {
    const char* text;
    bool split;
    const char* host;
    const char* port;
  };
  const Row table[] = {
      {"host:80", true, "host", "80"}, {"host:", true, "host", ""},
      {":80", true, "", "80"},         {"[::1]:80", true, "::1", "80"},
      {"[::1]:", true, "::1", ""},     {"[host]:80", true, "host", "80"},
      {"host", false, "-", "-"},       {"", false, "-", "-"},
      {"::1", false, "-", "-"},        {"[::1]", false, "-", "-"},
      {"fe80::1:80", false, "-", "-"},
  };
  for (const Row& row : table) {
    std::string host = "-", port = "-";
    EXPECT_EQ(split_host_port(row.text, host, port), row.split) << row.text;
    EXPECT_EQ(host, row.host) << row.text;
    EXPECT_EQ(port, row.port) << row.text;
  }
}

// ---- numbers and ports ----

TEST(ParseNumber, TakesAllOfTheTextOrNothing) {
  std::uint64_t n = 7;
  EXPECT_TRUE(parse_number("0", 0, 9, n));
  EXPECT_EQ(n, 0U);
  EXPECT_TRUE(parse_number("007", 0, 9, n));
  EXPECT_EQ(n, 7U);
  EXPECT_TRUE(parse_number("18446744073709551615", 0, UINT64_MAX, n));
  EXPECT_EQ(n, UINT64_MAX);
  n = 7;
  for (const char* wrong :
       {"", " ", "1 ", " 1", "+1", "-1", "1x", "x", "0x1", "1.0", "1e3", "18446744073709551616"})
    EXPECT_FALSE(parse_number(wrong, 0, UINT64_MAX, n)) << wrong;
  EXPECT_FALSE(parse_number({}, 0, UINT64_MAX, n));
  EXPECT_EQ(n, 7U) << "a number that is none changes nothing";
}

TEST(ParseNumber, KeepsToItsLimits) {
  std::uint64_t n = 0;
  EXPECT_TRUE(parse_number("1", 1, 3, n));
  EXPECT_TRUE(parse_number("3", 1, 3, n));
  EXPECT_FALSE(parse_number("0", 1, 3, n));
  EXPECT_FALSE(parse_number("4", 1, 3, n));
}

TEST(ParsePort, NumbersAndServiceNames) {
  EXPECT_EQ(*parse_port("0"), 0);
  EXPECT_EQ(*parse_port("80"), 80);
  EXPECT_EQ(*parse_port("65535"), 65535);
  EXPECT_EQ(*parse_port("http"), 80);
  for (const char* wrong : {"", "65536", "-1", "80x", " 80", "no-such-service"})
    EXPECT_EQ(parse_port(wrong).error(), Error(UV_EAI_SERVICE)) << wrong;
}

// ---- SockAddr ----

TEST(SockAddr, NumericAddressesKeepTheirText) {
  struct Row {
    const char* ip;
    int family;
    const char* text;
  };
  const Row table[] = {{"127.0.0.1", AF_INET, "127.0.0.1:80"},
                       {"0.0.0.0", AF_INET, "0.0.0.0:80"},
                       {"255.255.255.255", AF_INET, "255.255.255.255:80"},
                       {"::1", AF_INET6, "[::1]:80"},
                       {"::", AF_INET6, "[::]:80"},
                       {"2001:db8::1", AF_INET6, "[2001:db8::1]:80"}};
  for (const Row& row : table) {
    const auto address = SockAddr::numeric(row.ip, 80);
    ASSERT_TRUE(address) << row.ip;
    EXPECT_EQ(address->family(), row.family) << row.ip;
    EXPECT_EQ(address->host(), row.ip);
    EXPECT_EQ(address->port(), 80) << row.ip;
    EXPECT_EQ(address->to_string(), row.text);
  }
  for (const char* name : {"", "localhost", "1.2.3", "1.2.3.4.5", "256.0.0.1", "::1::", "[::1]"})
    EXPECT_EQ(SockAddr::numeric(name, 80).error(), Error(UV_EAI_NONAME)) << name;
}

TEST(SockAddr, ZoneIsAnInterfaceThatThereIs) {
  const auto local = SockAddr::numeric("fe80::1%lo", 80);
  ASSERT_TRUE(local);
  EXPECT_EQ(local->to_string(), "[fe80::1%lo]:80");
  EXPECT_TRUE(SockAddr::numeric("fe80::1%1", 80)) << "by its number";
  for (const char* unknown : {"::1%typo", "fe80::1%", "fe80::1%0", "fe80::1%99999", "fe80::1%1x"}) {
    EXPECT_EQ(SockAddr::numeric(unknown, 80).error(), Error(UV_ENODEV)) << unknown;
    EXPECT_EQ(passive_addresses(unknown, 80, AF_UNSPEC, false).error(), Error(UV_ENODEV));
    EXPECT_EQ(not_a_name(unknown, true), Error(UV_ENODEV));
  }
  EXPECT_STREQ(Error(UV_ENODEV).message(), "no such network interface");
}

TEST(SockAddr, PortCanBeChanged) {
  for (const char* ip : {"127.0.0.1", "::1"}) {
    SockAddr address = *SockAddr::numeric(ip, 80);
    address.set_port(40000);
    EXPECT_EQ(address.port(), 40000);
    EXPECT_EQ(address, *SockAddr::numeric(ip, 40000));
    EXPECT_FALSE(address == *SockAddr::numeric(ip, 80));
  }
}

TEST(SockAddr, UnixPathsAndAbstractNames) {
  const SockAddr path = *SockAddr::unix_path("/run/x");
  EXPECT_EQ(path.family(), AF_UNIX);
  EXPECT_EQ(path.host(), "/run/x");
  EXPECT_EQ(path.to_string(), "unix:/run/x");
  EXPECT_EQ(path.port(), 0);
  const SockAddr name = *SockAddr::unix_path("@name");
  EXPECT_EQ(name.host(), "@name");
  EXPECT_EQ(name.to_string(), "unix:@name");
  EXPECT_FALSE(name == *SockAddr::unix_path("@named"));
}

TEST(SockAddr, UnixPathHasAnEnd) {
  EXPECT_EQ(SockAddr::unix_path("").error(), Error(UV_EINVAL));
  const std::string longest(107, 'p');
  EXPECT_EQ(SockAddr::unix_path(longest)->host(), longest);
  EXPECT_EQ(SockAddr::unix_path(longest + "p").error(), Error(UV_ENAMETOOLONG));
  const std::string longest_name = "@" + longest;
  EXPECT_EQ(SockAddr::unix_path(longest_name)->host(), longest_name);
  EXPECT_EQ(SockAddr::unix_path(longest_name + "p").error(), Error(UV_ENAMETOOLONG));
}

TEST(SockAddr, NoSocketHasNoAddress) {
  EXPECT_EQ(SockAddr::local(-1).family(), AF_UNSPEC);
  EXPECT_EQ(SockAddr::peer(-1).to_string(), "unknown");
  EXPECT_EQ(SockAddr().host(), "");
}

// ---- names that nobody has to be asked for ----

std::string text_of(const std::vector<SockAddr>& addresses) {
  std::string text;
  for (const SockAddr& address : addresses) text += address.to_string() + " ";
  return text;
}

TEST(KnownAddresses, LoopbackAndNumbers) {
  struct Row {
    const char* host;
    int family;
    const char* addresses;
  };
  const Row table[] = {
      {"localhost", AF_UNSPEC, "[::1]:7 127.0.0.1:7 "},
      {"localhost", AF_INET, "127.0.0.1:7 "},
      {"localhost", AF_INET6, "[::1]:7 "},
      {"LocalHost", AF_UNSPEC, "[::1]:7 127.0.0.1:7 "},
      {"localhost.", AF_UNSPEC, "[::1]:7 127.0.0.1:7 "},
      {"127.0.0.1", AF_UNSPEC, "127.0.0.1:7 "},
      {"127.0.0.1", AF_INET6, ""},
      {"::1", AF_UNSPEC, "[::1]:7 "},
      {"::1", AF_INET, ""},
      {"", AF_UNSPEC, ""},
      {"localhost.example.org", AF_UNSPEC, ""},
      {"example.org", AF_UNSPEC, ""},
  };
  for (const Row& row : table)
    EXPECT_EQ(text_of(known_addresses(row.host, 7, row.family, false)), row.addresses) << row.host;
}

TEST(KnownAddresses, NumericKnowsNoNames) {
  EXPECT_EQ(text_of(known_addresses("localhost", 7, AF_UNSPEC, true)), "");
  EXPECT_EQ(text_of(known_addresses("::1", 7, AF_UNSPEC, true)), "[::1]:7 ");
}

TEST(PassiveAddresses, NoHostIsEveryAddress) {
  EXPECT_EQ(text_of(*passive_addresses("", 7, AF_UNSPEC, true)), "[::]:7 0.0.0.0:7 ");
  EXPECT_EQ(text_of(*passive_addresses("", 7, AF_INET, true)), "0.0.0.0:7 ");
  EXPECT_EQ(text_of(*passive_addresses("", 7, AF_INET6, true)), "[::]:7 ");
}

TEST(PassiveAddresses, LocalhostIsBothLoopbackAddresses) {
  EXPECT_EQ(text_of(*passive_addresses("localhost", 7, AF_UNSPEC, false)), "[::1]:7 127.0.0.1:7 ");
  EXPECT_EQ(text_of(*passive_addresses("localhost", 7, AF_INET, false)), "127.0.0.1:7 ");
}

TEST(PassiveAddresses, NumericKnowsNoNames) {
  EXPECT_EQ(passive_addresses("localhost", 7, AF_UNSPEC, true).error(), Error(UV_EAI_NONAME));
}

TEST(PassiveAddresses, AddressOfAnotherFamilyIsNone) {
  EXPECT_EQ(passive_addresses("::1", 7, AF_INET, true).error(), Error(UV_EAI_ADDRFAMILY));
  EXPECT_EQ(passive_addresses("127.0.0.1", 7, AF_INET6, false).error(), Error(UV_EAI_ADDRFAMILY));
}

}  // namespace
}  // namespace net
