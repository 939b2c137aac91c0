#include "net_test.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace net {

static Task<int> main_of(Loop& loop, TestBody body) {
  co_await body(loop);
  co_return 42;
}

void run_test(TestBody body) {
  Loop loop;
  EXPECT_EQ(loop.run(main_of(loop, body)), 42);
}

// What the test's own peers cannot do ends it.
static void must(bool done, const char* what) {
  if (done) return;
  std::perror(what);
  std::abort();
}

static Fd tcp_socket(int family) {
  Fd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  must(static_cast<bool>(fd), "socket");
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return fd;
}

// A peer that waits in vain says so, rather than for ever.
static void limit_patience(const Fd& fd) {
  const timeval limit{.tv_sec = kPatience.count() / 1000, .tv_usec = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

Fd refusing_socket(const char* ip) {
  const SockAddr address = *SockAddr::numeric(ip, 0);
  Fd fd = tcp_socket(address.family());
  must(bind(fd.get(), address.get(), address.size()) == 0, "bind");
  return fd;
}

Fd tcp_listener(const char* ip, int backlog) {
  Fd fd = refusing_socket(ip);
  must(listen(fd.get(), backlog) == 0, "listen");
  return fd;
}

Fd tcp_connection(const SockAddr& to) {
  Fd fd = tcp_socket(to.family());
  must(connect(fd.get(), to.get(), to.size()) == 0, "connect");
  limit_patience(fd);
  return fd;
}

Ends connected(Kind kind) {
  if (kind == Kind::kUnix) {
    int fds[2];
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0, "socketpair");
    Ends ends{Fd(fds[0]), Fd(fds[1])};
    limit_patience(ends.far);
    return ends;
  }
  const Fd listener = tcp_listener("127.0.0.1");
  Fd far = tcp_connection(SockAddr::local(listener.get()));
  Fd near(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  must(static_cast<bool>(near), "accept");
  return {std::move(near), std::move(far)};
}

Ends pipe_ends() {
  int fds[2];
  must(pipe2(fds, O_CLOEXEC) == 0, "pipe2");
  return {Fd(fds[0]), Fd(fds[1])};
}

void send(const Fd& to, std::string_view data) {
  while (!data.empty()) {
    const ssize_t n = ::write(to.get(), data.data(), data.size());
    must(n > 0, "write");
    data.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string receive(const Fd& from, std::size_t size) {
  std::string data(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const ssize_t n = ::read(from.get(), data.data() + got, size - got);
    must(n >= 0, "read");
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  data.resize(got);
  return data;
}

std::string receive_all(const Fd& from) {
  constexpr std::size_t kChunk = 64 * 1024;
  std::string data;
  for (;;) {
    const std::string more = receive(from, kChunk);
    data += more;
    if (more.size() < kChunk) return data;
  }
}

void half_close(const Fd& socket) { must(shutdown(socket.get(), SHUT_WR) == 0, "shutdown"); }

void reset(Fd& socket) {
  const struct linger at_once { .l_onoff = 1, .l_linger = 0 };
  must(setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0, "linger");
  socket.reset();
}

void narrow(int socket) {
  const int bytes = 128 * 1024;
  setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

int status_flags(int fd) { return fcntl(fd, F_GETFL); }

bool has_ipv6() {
  const SockAddr address = *SockAddr::numeric("::1", 0);
  const Fd fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return fd && bind(fd.get(), address.get(), address.size()) == 0;
}

std::string pattern(std::size_t bytes) {
  constexpr std::size_t kPeriod = 99'991;  // no multiple of any buffer
  std::string text;
  for (unsigned i = 0; text.size() < std::min(bytes, kPeriod); ++i)
    text += std::to_string(i * 7919U) + ",";
  text.resize(std::min(bytes, kPeriod));
  while (text.size() < bytes) text.append(text, 0, std::min(kPeriod, bytes - text.size()));
  return text;
}

TempDir::TempDir() {
  std::string path = std::filesystem::temp_directory_path() / "wireutils-XXXXXX";
  must(mkdtemp(path.data()) != nullptr, "mkdtemp");
  path_ = path;
}

TempDir::~TempDir() {
  std::error_code ignored;  // what is left of a test harms nobody
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace net
