#include "common/net/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

#include "common/net/fd_limit.h"

namespace net {

bool parse_number(std::string_view text, std::uint64_t min, std::uint64_t max, std::uint64_t& out) {
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size() || n < min || n > max) return false;
  out = n;
  return true;
}

std::string_view without_brackets(std::string_view host) {
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  return bracketed ? host.substr(1, host.size() - 2) : host;
}

bool split_host_port(std::string_view text, std::string& host, std::string& port) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']')) return false;
  const std::string_view front = text.substr(0, colon);
  const std::string_view bare = without_brackets(front);
  if (bare.size() == front.size() && front.find(':') != std::string_view::npos) return false;
  host = bare;
  port = text.substr(colon + 1);
  return true;
}

static bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

static bool is_address(std::string_view text) {
  return SockAddr::numeric(text, 0).error() != Error(UV_EAI_NONAME);
}

static bool is_like_v6(std::string_view text) {
  constexpr std::ptrdiff_t kColons = 7;  // in an IPv6 address without "::"
  return text.find("::") != text.npos || text.find_first_of("[]") != text.npos ||
         std::ranges::count(text, ':') >= kColons;
}

// Rewrites `text` as "[V6]:PORT", for the error message that suggests this form.
static std::string bracketed(std::string_view text) {
  if (text.find_first_of("[]") != std::string_view::npos) return "[V6]:PORT";
  const std::size_t colon = text.rfind(':');
  const bool has_port = !is_address(text) || is_address(text.substr(0, colon));
  const std::string host(has_port ? text.substr(0, colon) : text);
  return "[" + host + "]:" + (has_port ? std::string(text.substr(colon + 1)) : "PORT");
}

bool Address::parse(std::string_view text, Address& address, std::string& why) {
  address = Address();
  why.clear();
  std::uint64_t number = 0;
  if (text.starts_with("unix:")) {
    address.kind = kUnix;
    address.path = text.substr(5);
    if (address.path.empty()) why = "a path is missing after unix:";
    return !address.path.empty();
  }
  if (text.starts_with("fd:")) {
    address.kind = kFd;
    if (!parse_number(text.substr(3), 0, INT32_MAX, number)) why = "fd: requires a number";
    address.fd = static_cast<int>(number);
    return why.empty();
  }
  constexpr const char* kForms = "not a port, HOST:PORT, [V6]:PORT, :PORT, unix:PATH or fd:N";
  const bool host_given = text.find(':') != std::string_view::npos;
  address.host = "localhost";
  address.port = text;
  if (host_given && text.ends_with(']'))
    why = "a port is missing";
  else if (host_given && !split_host_port(text, address.host, address.port))
    why = is_like_v6(text) ? "an IPv6 address is written " + bracketed(text) : kForms;
  else if (address.port.empty())
    why = "a port is missing";
  else if (is_number(address.port) && !parse_number(address.port, 0, 65535, number))
    why = "a port is a number from 0 to 65535";
  else if (!host_given && !is_number(address.port) && !parse_port(address.port))
    why = kForms;
  return why.empty();
}

std::string Address::to_string() const {
  if (kind == kUnix) return "unix:" + path;
  if (kind == kFd) return "fd:" + std::to_string(fd);
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + port;
}

Result<std::uint16_t> parse_port(const std::string& text, const char* protocol) {
  std::uint64_t number = 0;
  if (is_number(text)) {
    if (!parse_number(text, 0, 65535, number)) return Error(UV_EAI_SERVICE);
    return static_cast<std::uint16_t>(number);
  }
  const servent* service = getservbyname(text.c_str(), protocol);
  if (service == nullptr) return Error(UV_EAI_SERVICE);
  return ntohs(static_cast<std::uint16_t>(service->s_port));
}

SockAddr::SockAddr(const sockaddr* address, socklen_t size) : size_(size) {
  CHECK(size <= sizeof storage_);
  std::memcpy(&storage_, address, size);
}

// Returns 0 if no interface has that name or number.
static unsigned interface_index(const std::string& name) {
  if (const unsigned index = if_nametoindex(name.c_str()); index != 0) return index;
  std::uint64_t number = 0;
  char found[IF_NAMESIZE];
  if (!parse_number(name, 1, UINT32_MAX, number)) return 0;
  const auto index = static_cast<unsigned>(number);
  return if_indextoname(index, found) != nullptr ? index : 0;
}

Result<SockAddr> SockAddr::numeric(std::string_view ip, std::uint16_t port) {
  const std::string text(ip);
  sockaddr_in v4{};
  if (uv_ip4_addr(text.c_str(), port, &v4) == 0)
    return SockAddr(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  sockaddr_in6 v6{};
  if (uv_ip6_addr(text.c_str(), port, &v6) != 0) return Error(UV_EAI_NONAME);
  if (const std::size_t percent = text.find('%'); percent != std::string::npos) {
    v6.sin6_scope_id = interface_index(text.substr(percent + 1));  // libuv accepts unknown names
    if (v6.sin6_scope_id == 0) return Error(UV_ENODEV);
  }
  return SockAddr(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
}

Result<SockAddr> SockAddr::unix_path(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool abstract = path.starts_with('@');
  // A path ends in a null byte; an abstract name begins with one and has its length.
  if (path.empty() || path.size() + (abstract ? 0 : 1) > sizeof address.sun_path)
    return Error(path.empty() ? UV_EINVAL : UV_ENAMETOOLONG);
  std::memcpy(address.sun_path, path.data(), path.size());
  if (abstract) address.sun_path[0] = '\0';
  const std::size_t size = offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1);
  return SockAddr(reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size));
}

using NameOf = int (*)(int, sockaddr*, socklen_t*);

static SockAddr name_of(int fd, NameOf get) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (get(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return {reinterpret_cast<const sockaddr*>(&storage), size};
}

SockAddr SockAddr::local(int fd) { return name_of(fd, getsockname); }
SockAddr SockAddr::peer(int fd) { return name_of(fd, getpeername); }

std::uint16_t SockAddr::port() const {
  if (family() == AF_INET) return ntohs(storage_.v4.sin_port);
  if (family() == AF_INET6) return ntohs(storage_.v6.sin6_port);
  return 0;
}

void SockAddr::set_port(std::uint16_t port) {
  if (family() == AF_INET) storage_.v4.sin_port = htons(port);
  if (family() == AF_INET6) storage_.v6.sin6_port = htons(port);
}

std::string SockAddr::host() const {
  if (family() == AF_UNIX) {
    constexpr socklen_t kHead = offsetof(sockaddr_un, sun_path);
    if (size_ <= kHead) return {};
    const char* path = storage_.unix_path.sun_path;
    if (*path == '\0') return "@" + std::string(path + 1, size_ - kHead - 1);
    return {path, strnlen(path, size_ - kHead)};
  }
  char text[NI_MAXHOST];
  if (getnameinfo(get(), size_, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0) return {};
  return text;
}

std::string SockAddr::plain_host() const {
  constexpr std::string_view kMapped = "::ffff:";
  std::string plain = host();
  if (plain.starts_with(kMapped) && plain.find('.') != plain.npos) plain.erase(0, kMapped.size());
  return plain;
}

std::string SockAddr::to_string() const {
  switch (family()) {
    case AF_UNIX:
      return "unix:" + host();
    case AF_INET:
      return host() + ":" + std::to_string(port());
    case AF_INET6:
      return "[" + host() + "]:" + std::to_string(port());
    default:
      return "unknown";
  }
}

bool operator==(const SockAddr& a, const SockAddr& b) {
  return a.size_ == b.size_ && std::memcmp(&a.storage_, &b.storage_, a.size_) == 0;
}

std::vector<SockAddr> known_addresses(std::string_view host, std::uint16_t port, int family,
                                      bool numeric) {
  std::vector<const char*> loopback;
  if (host.ends_with('.')) host.remove_suffix(1);
  if (!numeric && host.size() == 9 && strncasecmp(host.data(), "localhost", 9) == 0)
    loopback = {"::1", "127.0.0.1"};
  std::vector<SockAddr> known;
  auto add = [&](std::string_view ip) {
    auto address = SockAddr::numeric(ip, port);
    if (address && (family == AF_UNSPEC || address->family() == family)) known.push_back(*address);
  };
  if (loopback.empty()) add(host);
  for (const char* ip : loopback) add(ip);
  return known;
}

Error not_a_name(std::string_view host, bool numeric) {
  const auto address = SockAddr::numeric(host, 0);
  if (address) return UV_EAI_ADDRFAMILY;
  if (address.error() == Error(UV_ENODEV)) return address.error();
  return numeric ? Error(UV_EAI_NONAME) : Error();
}

// The resolver also reports a name as unknown when it has no descriptor left for a file or a
// socket.
static Error resolver_error(int code, int error) {
  if (code == EAI_SYSTEM && error != 0) return -error;
  constexpr std::size_t kNeeds = 3;  // descriptors that a look-up has open at the same time
  const Error shortage = can_open(kNeeds);
  if (shortage) return shortage;
  switch (code) {
    case EAI_AGAIN:
      return UV_EAI_AGAIN;
    case EAI_FAIL:
      return UV_EAI_FAIL;
    case EAI_MEMORY:
      return UV_ENOMEM;
    default:
      return UV_EAI_NONAME;
  }
}

Result<std::vector<SockAddr>> resolve(const std::string& host, std::uint16_t port, int family) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int failed = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (failed != 0) return resolver_error(failed, errno);
  std::vector<SockAddr> addresses;
  for (const addrinfo* i = list; i != nullptr; i = i->ai_next) {
    SockAddr address(i->ai_addr, i->ai_addrlen);
    address.set_port(port);
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
  }
  freeaddrinfo(list);
  return addresses;
}

Result<std::vector<SockAddr>> passive_addresses(const std::string& host, std::uint16_t port,
                                                int family, bool numeric) {
  std::vector<SockAddr> addresses = known_addresses(host, port, family, numeric);
  if (!addresses.empty()) return addresses;
  if (host.empty()) {
    for (const char* every : {"::", "0.0.0.0"}) {
      auto address = SockAddr::numeric(every, port);
      if (family == AF_UNSPEC || address->family() == family) addresses.push_back(*address);
    }
    return addresses;
  }
  const Error e = not_a_name(host, numeric);
  if (e) return e;
  return resolve(host, port, family);
}

}  // namespace net
