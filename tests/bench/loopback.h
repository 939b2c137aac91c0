// loopback.h - sockets of the bare programs: on 127.0.0.1, blocking, and fatal when they fail.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

[[noreturn]] inline void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

inline sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Port 0: one that the kernel picks, and that is printed.
inline int listening(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(port);
  auto* sa = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (bind(listener, sa, size) < 0 || listen(listener, 128) < 0) die("listen");
  getsockname(listener, sa, &size);
  if (port == 0) std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

inline int accepted(int listener) {
  const int conn = accept(listener, nullptr, nullptr);
  if (conn < 0) die("accept");
  return conn;
}

inline int connected(int port) {
  const int conn = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (connect(conn, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    die("connect");
  return conn;
}
