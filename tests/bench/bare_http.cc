// bare_http: the limit that the HTTP servers are measured against. One epoll loop that answers
// whatever it reads with the same bytes, without looking at it.
//
//   bare_http [PORT]     listens on 127.0.0.1, PORT 0 by default, and prints the port

#include <sys/epoll.h>
#include <unistd.h>

#include <csignal>

#include "bare.h"

namespace {

using namespace bare;

void watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
}

void accept_all(int listener, int epoll) {
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    watch(epoll, fd);
  }
}

void answer(int fd) {
  static char buffer[65536];
  if (read(fd, buffer, sizeof buffer) <= 0 || write(fd, kAnswer, sizeof kAnswer - 1) < 0) close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  const int listener = listen_on(argc > 1 ? argv[1] : nullptr);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener);
  for (;;) {
    epoll_event events[1024];
    const int count = epoll_wait(epoll, events, 1024, -1);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.fd == listener)
        accept_all(listener, epoll);
      else
        answer(events[i].data.fd);
    }
  }
}
