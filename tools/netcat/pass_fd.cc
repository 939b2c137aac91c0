#include "tools/netcat/pass_fd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

namespace netcat {

using net::Error;

// Sends the descriptor with one byte of data, as OpenBSD's nc does and ssh(1) expects.
static Error send_fd(int fd) {
  char byte = 0;
  iovec data{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  const ssize_t n = sendmsg(STDOUT_FILENO, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n >= 0) return {};
  return errno == EINTR ? Error(UV_EAGAIN) : Error::from_errno();
}

net::Task<Outcome> pass_fd(Channel& output, int socket) {
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) & ~O_NONBLOCK);
  for (;;) {
    Error e = send_fd(socket);
    if (e == Error(UV_EAGAIN)) {
      e = co_await output.writable();
      if (!e) continue;
    }
    if (!e) co_return Outcome{};
    if (e == Error(UV_ENOTSOCK) || e == Error(UV_EINVAL))
      co_return Outcome{net::kLocalIo, "stdout: --pass-fd requires a Unix-domain socket"};
    co_return output_failed(e);
  }
}

}  // namespace netcat
