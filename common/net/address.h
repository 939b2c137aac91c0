// address.h - addresses to listen on or connect to: as users write them, and as socket addresses.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/result.h"

namespace net {

// A parsed ADDRESS from the command line.  Pure: no name is looked up.
struct Address {
  enum Kind { kTcp, kUnix, kFd };
  Kind kind = kTcp;
  std::string host;  // kTcp; empty: every address
  std::string port;  // kTcp: a number or a service name
  std::string path;  // kUnix; a leading '@' stands for the abstract name space
  int fd = -1;       // kFd

  // PORT, HOST:PORT, [V6]:PORT, :PORT, unix:PATH or fd:N.  On error `why` says what is wrong.
  static bool parse(std::string_view text, Address& address, std::string& why);
  std::string to_string() const;  // the longest form: localhost:8000 for 8000
};

// Turns "[::1]" into "::1" and returns any other text unchanged.
std::string_view without_brackets(std::string_view host);
// Splits HOST:PORT or [V6]:PORT.  Returns false and changes nothing for anything else, including an
// IPv6 address without brackets.
bool split_host_port(std::string_view text, std::string& host, std::string& port);
// Parses all of `text` as a decimal number in [min, max].
bool parse_number(std::string_view text, std::uint64_t min, std::uint64_t max, std::uint64_t& out);
// Parses a port number or a service name of "tcp" or "udp"; UV_EAI_SERVICE if it is neither.
Result<std::uint16_t> parse_port(const std::string& text, const char* protocol = "tcp");

// A socket address of any family.
class SockAddr {
 public:
  SockAddr() = default;
  SockAddr(const sockaddr* address, socklen_t size);
  // UV_EAI_NONAME: not a numeric address; UV_ENODEV: the interface of V6%ZONE does not exist.
  static Result<SockAddr> numeric(std::string_view ip, std::uint16_t port);
  static Result<SockAddr> unix_path(std::string_view path);  // UV_ENAMETOOLONG; '@': abstract
  static SockAddr local(int fd);                             // getsockname; empty on error
  static SockAddr peer(int fd);

  int family() const { return storage_.any.sa_family; }
  std::uint16_t port() const;
  void set_port(std::uint16_t port);
  std::string host() const;        // 127.0.0.1, ::1, fe80::1%eth0; a Unix path
  std::string plain_host() const;  // the same, but an IPv4 client of a socket for both: 10.0.0.1
  std::string to_string() const;   // 127.0.0.1:80, [::1]:80, unix:/run/x
  const sockaddr* get() const { return &storage_.any; }
  socklen_t size() const { return size_; }
  friend bool operator==(const SockAddr& a, const SockAddr& b);

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un unix_path;
  } storage_{.unix_path = {}};
  socklen_t size_ = 0;
};

// The addresses that need no look-up: of a numeric address or, unless `numeric`, the loopback
// addresses of localhost (RFC 6761, 6.3).  Empty if the host has to be looked up.  family:
// AF_UNSPEC, AF_INET, AF_INET6.
std::vector<SockAddr> known_addresses(std::string_view host, std::uint16_t port, int family,
                                      bool numeric);
// The reason not to look up a host without known_addresses(), or success: UV_EAI_ADDRFAMILY (an
// address of the other family), UV_ENODEV, or UV_EAI_NONAME if `numeric`.
Error not_a_name(std::string_view host, bool numeric);
// Asks the system's resolver, and blocks until it answers.  UV_EAI_*, UV_EMFILE and the like.
Result<std::vector<SockAddr>> resolve(const std::string& host, std::uint16_t port, int family);
// The addresses to listen on; looks the host up if necessary, and blocks meanwhile.  An empty host
// means every address, IPv6 first.
Result<std::vector<SockAddr>> passive_addresses(const std::string& host, std::uint16_t port,
                                                int family, bool numeric);

}  // namespace net
