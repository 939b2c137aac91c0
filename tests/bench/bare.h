// What the bare servers share: a listening socket, as many descriptors as there may be, and the
// bytes that they send.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace bare {

inline constexpr char kAnswer[] =
    "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 6\r\n\r\nHello\n";

inline int die(const char* what) {
  std::perror(what);
  std::exit(1);
}

inline void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// On 127.0.0.1; prints the port, which is the kernel's choice if `port` is null.
inline int listen_on(const char* port) {
  constexpr int kBacklog = 4096;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // the accepted inherit it
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port != nullptr ? std::atoi(port) : 0));
  auto* sa = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, sa, sizeof address) < 0 || listen(fd, kBacklog) < 0) die("listen");
  socklen_t size = sizeof address;
  getsockname(fd, sa, &size);
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

// Expires on every boundary of the wall clock's second.
inline int second_timer() {
  const int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  itimerspec spec{};
  spec.it_interval.tv_sec = 1;
  spec.it_value.tv_sec = std::time(nullptr) + 1;
  if (fd < 0 || timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, nullptr) < 0) die("timerfd");
  return fd;
}

// The time as clockd sends it; returns its size.
inline std::size_t format_time(char (&line)[16]) {
  const std::time_t now = std::time(nullptr);
  tm parts{};
  localtime_r(&now, &parts);
  return std::strftime(line, sizeof line, "%H:%M:%S\n", &parts);
}

}  // namespace bare
