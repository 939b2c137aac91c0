// address.h - where to listen or to connect: the forms that a person writes, and socket addresses.
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

// What ADDRESS on a command line means.  Pure: nothing is looked up.
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

// "[::1]" is "::1", anything else itself.
std::string_view without_brackets(std::string_view host);
// HOST:PORT or [V6]:PORT in two; false, and nothing done, for anything else, a bare V6 too.
bool split_host_port(std::string_view text, std::string& host, std::string& port);
// A decimal in [min, max], all of `text`.
bool parse_number(std::string_view text, std::uint64_t min, std::uint64_t max, std::uint64_t& out);
// A port number or the name of a service of "tcp" or "udp", as a number; UV_EAI_SERVICE.
Result<std::uint16_t> parse_port(const std::string& text, const char* protocol = "tcp");

// A socket address of any family.
class SockAddr {
 public:
  SockAddr() = default;
  SockAddr(const sockaddr* address, socklen_t size);
  // UV_EAI_NONAME: not a numeric address; UV_ENODEV: V6%ZONE without such an interface.
  static Result<SockAddr> numeric(std::string_view ip, std::uint16_t port);
  static Result<SockAddr> unix_path(std::string_view path);  // UV_ENAMETOOLONG; '@': abstract
  static SockAddr local(int fd);                             // getsockname; empty on error
  static SockAddr peer(int fd);

  int family() const { return storage_.any.sa_family; }
  std::uint16_t port() const;
  void set_port(std::uint16_t port);
  std::string host() const;       // 127.0.0.1, ::1, fe80::1%eth0; a Unix path
  std::string to_string() const;  // 127.0.0.1:80, [::1]:80, unix:/run/x
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

// What a name means without a look-up: a numeric address or, unless `numeric`, the loopback
// addresses for localhost (RFC 6761, 6.3).  Empty: it has to be looked up.  family: AF_UNSPEC,
// AF_INET, AF_INET6.
std::vector<SockAddr> known_addresses(std::string_view host, std::uint16_t port, int family,
                                      bool numeric);
// Why a host without known_addresses() is not to be looked up: UV_EAI_ADDRFAMILY: it is an address
// of the other family; UV_ENODEV; UV_EAI_NONAME if `numeric`.
Error not_a_name(std::string_view host, bool numeric);
// Asks the system's resolver, however long that takes.  UV_EAI_*, UV_EMFILE and the like.
Result<std::vector<SockAddr>> resolve(const std::string& host, std::uint16_t port, int family);
// The addresses to listen on, looked up now if need be; host empty: every address, v6 first.
Result<std::vector<SockAddr>> passive_addresses(const std::string& host, std::uint16_t port,
                                                int family, bool numeric);

}  // namespace net
