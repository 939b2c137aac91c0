// bare_clock: the limit that clockd is measured against. One epoll loop that does nothing but
// accept and, once a second, write(2) the same nine bytes to every client. It keeps four bytes a
// client, reads nothing, and learns that a client has left from the write that fails.
//
//   bare_clock [PORT]     listens on 127.0.0.1, PORT 0 by default, and prints the port

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <vector>

#include "bare.h"

namespace {

using namespace bare;

void watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
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
  const std::size_t size = format_time(line);
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
  const int listener = listen_on(argc > 1 ? argv[1] : nullptr);
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
