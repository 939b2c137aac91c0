// bare_clock: the limit that clockd is measured against. One epoll loop that does nothing but
// accept and, once a second, write(2) the same nine bytes to every client. It keeps four bytes a
// client, reads nothing, and learns that a client has left from the write that fails.
//
//   bare_clock [PORT]     listens on 127.0.0.1, PORT 0 by default, and prints the port

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

namespace {

constexpr int kBacklog = 4096;

int die(const char* what) {
  std::perror(what);
  std::exit(1);
}

void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int listen_on(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  auto* sa = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, sa, sizeof address) < 0 || listen(fd, kBacklog) < 0) die("bare_clock: listen");
  socklen_t size = sizeof address;
  getsockname(fd, sa, &size);
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

// Expires on every boundary of the wall clock's second.
int second_timer() {
  const int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  itimerspec spec{};
  spec.it_interval.tv_sec = 1;
  spec.it_value.tv_sec = std::time(nullptr) + 1;
  if (fd < 0 || timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, nullptr) < 0) die("bare_clock");
  return fd;
}

void watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("bare_clock: epoll_ctl");
}

void accept_all(int listener, std::vector<int>& clients) {
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    clients.push_back(fd);
  }
}

void tell_time(std::vector<int>& clients) {
  char line[16];
  const std::time_t now = std::time(nullptr);
  tm parts{};
  localtime_r(&now, &parts);
  const std::size_t size = std::strftime(line, sizeof line, "%H:%M:%S\n", &parts);
  for (std::size_t i = 0; i < clients.size();) {
    if (write(clients[i], line, size) < 0 && errno != EAGAIN) {
      close(clients[i]);
      clients[i] = clients.back();
      clients.pop_back();
    } else {
      ++i;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  const int listener = listen_on(static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0));
  const int timer = second_timer();
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener);
  watch(epoll, timer);
  std::vector<int> clients;
  for (;;) {
    epoll_event events[2];
    const int count = epoll_wait(epoll, events, 2, -1);
    for (int i = 0; i < count; ++i) {
      std::uint64_t expired = 0;
      if (events[i].data.fd == listener) {
        accept_all(listener, clients);
      } else if (read(timer, &expired, sizeof expired) > 0) {
        tell_time(clients);
      }
    }
  }
}
