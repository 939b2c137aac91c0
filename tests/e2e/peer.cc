#include "peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>

namespace e2e {

namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

Address tcp_address(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    fail(host + " is no address");
  }
  Address address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

Address unix_address(const std::string& path) {
  Address address;
  auto& un = reinterpret_cast<sockaddr_un&>(address.storage);
  un.sun_family = AF_UNIX;
  if (path.size() >= sizeof un.sun_path) fail(path + " is too long");
  std::memcpy(un.sun_path, path.data(), path.size());
  const bool abstract = path.starts_with('@');
  if (abstract) un.sun_path[0] = '\0';
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + !abstract);
  return address;
}

Fd socket_for(const Address& address, int type) {
  const int fd = socket(address.family(), type | SOCK_CLOEXEC, 0);
  if (fd < 0) fail_errno("socket");
  return Fd(fd);
}

void set_option(const Fd& fd, int level, int name, int value) {
  if (setsockopt(fd.get(), level, name, &value, sizeof value) != 0) fail_errno("setsockopt");
}

int port_of(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(storage).sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port);
}

Address name_of(int fd, int (*getname)(int, sockaddr*, socklen_t*)) {
  Address address;
  if (getname(fd, address.get(), &address.size) != 0) fail_errno("socket name");
  return address;
}

Fd connected(const Address& address, ConnectOptions options) {
  Fd fd = socket_for(address, SOCK_STREAM);
  if (options.narrow) {
    set_option(fd, SOL_SOCKET, SO_RCVBUF, 2048);
    set_option(fd, IPPROTO_TCP, TCP_MAXSEG, 536);
  }
  if (connect(fd.get(), address.get(), address.size) != 0) return {};
  return fd;
}

}  // namespace

void Socket::finish() {
  if (shutdown(fd(), SHUT_WR) != 0) fail_errno("shutdown");
}

void Socket::send_urgent(char byte) {
  if (::send(fd(), &byte, 1, MSG_OOB) != 1) fail_errno("send");
}

void Socket::reset() {
  const linger at_once{1, 0};
  if (setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) != 0) fail_errno("linger");
  close();
}

int Socket::local_port() const { return port_of(name_of(fd(), getsockname).storage); }
int Socket::peer_port() const { return port_of(name_of(fd(), getpeername).storage); }

int Socket::unacknowledged() const {
  int bytes = 0;
  return ioctl(fd(), TIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

std::string Socket::peer_address() const {
  const Address address = name_of(fd(), getpeername);
  char host[NI_MAXHOST] = "";
  getnameinfo(address.get(), address.size, host, sizeof host, nullptr, 0, NI_NUMERICHOST);
  return host;
}

Socket connect_tcp(const std::string& address, int port, ConnectOptions options) {
  Fd fd = connected(tcp_address(address, port), options);
  if (!fd) fail_errno("connect to " + address + " port " + std::to_string(port));
  return Socket(std::move(fd));
}

Socket connect_unix(const std::string& path) {
  Fd fd = connected(unix_address(path), {});
  if (!fd) fail_errno("connect to " + path);
  return Socket(std::move(fd));
}

bool can_connect(const std::string& address, int port) {
  return bool(connected(tcp_address(address, port), {}));
}

bool can_connect_unix(const std::string& path) { return bool(connected(unix_address(path), {})); }

bool is_listened_on(int port) {
  constexpr unsigned kListen = 10;  // TCP_LISTEN, as the kernel prints it
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream lines(table);
    for (std::string line; std::getline(lines, line);) {
      unsigned local = 0;
      unsigned state = 0;
      const char* format = "%*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x";
      if (std::sscanf(line.c_str(), format, &local, &state) == 2 && state == kListen &&
          local == static_cast<unsigned>(port))
        return true;
    }
  }
  return false;
}

Listener Listener::tcp(const std::string& address, int backlog) {
  const Address wanted = tcp_address(address, 0);
  Fd fd = socket_for(wanted, SOCK_STREAM);
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (wanted.family() == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, address != "::");
  if (bind(fd.get(), wanted.get(), wanted.size) != 0) fail_errno("bind");
  if (listen(fd.get(), backlog) != 0) fail_errno("listen");
  const int port = port_of(name_of(fd.get(), getsockname).storage);
  const bool named = getservbyport(htons(static_cast<std::uint16_t>(port)), "tcp") != nullptr;
  return named ? tcp(address, backlog) : Listener(std::move(fd), port);
}

Listener Listener::localhost() {
  const bool has_ipv6 = access("/proc/net/if_inet6", F_OK) == 0;
  return tcp(has_ipv6 ? "::" : "127.0.0.1");
}

Listener Listener::unix_socket(const std::string& path) {
  const Address wanted = unix_address(path);
  Fd fd = socket_for(wanted, SOCK_STREAM);
  if (bind(fd.get(), wanted.get(), wanted.size) != 0) fail_errno("bind " + path);
  if (listen(fd.get(), 128) != 0) fail_errno("listen");
  return Listener(std::move(fd), 0);
}

Socket Listener::accept(Millis patience) {
  pollfd p{fd_.get(), POLLIN, 0};
  if (poll(&p, 1, static_cast<int>(patience.count())) <= 0) fail("nobody connected");
  const int fd = ::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) fail_errno("accept");
  return Socket(Fd(fd));
}

void Listener::refuse() {
  const Address address = name_of(fd_.get(), getsockname);
  fd_.close();
  fd_ = socket_for(address, SOCK_STREAM);
  set_option(fd_, SOL_SOCKET, SO_REUSEADDR, 1);
  if (bind(fd_.get(), address.get(), address.size) != 0) fail_errno("bind");
}

void Listener::narrow() { set_option(fd_, SOL_SOCKET, SO_RCVBUF, 4096); }

// Below the ports that the kernel chooses, so that no connection of another test is given it.
int free_port() {
  static std::mt19937 random(std::random_device{}());
  for (;;) {
    const int port = std::uniform_int_distribution(10'000, 32'000)(random);
    const Address wanted = tcp_address("127.0.0.1", port);
    const Fd fd = socket_for(wanted, SOCK_STREAM);
    const bool named = getservbyport(htons(static_cast<std::uint16_t>(port)), "tcp") != nullptr;
    if (!named && bind(fd.get(), wanted.get(), wanted.size) == 0) return port;
  }
}

std::pair<Fd, Fd> socket_pair() {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) fail_errno("socketpair");
  return {Fd(fds[0]), Fd(fds[1])};
}

std::pair<Fd, Fd> pipe_pair() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) fail_errno("pipe");
  return {Fd(fds[0]), Fd(fds[1])};
}

NotifySocket::NotifySocket(const std::string& path) {
  const Address address = unix_address(path);
  fd_ = socket_for(address, SOCK_DGRAM);
  if (bind(fd_.get(), address.get(), address.size) != 0) fail_errno("bind " + path);
}

std::string NotifySocket::receive(Millis patience) {
  pollfd p{fd_.get(), POLLIN, 0};
  if (poll(&p, 1, static_cast<int>(patience.count())) <= 0) fail("no notification came");
  char text[4096];
  const ssize_t n = recv(fd_.get(), text, sizeof text, 0);
  if (n < 0) fail_errno("recv");
  return std::string(text, static_cast<std::size_t>(n));
}

}  // namespace e2e
