#include "common/net/systemd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>

#include "common/net/address.h"
#include "common/net/socket_option.h"

namespace net::systemd {

constexpr int kFirst = 3;  // SD_LISTEN_FDS_START

static std::uint64_t number_in(const char* variable) {
  const char* value = std::getenv(variable);
  std::uint64_t n = 0;
  return value != nullptr && parse_number(value, 0, INT32_MAX, n) ? n : 0;
}

std::vector<int> take_sockets() {
  std::vector<int> sockets;
  if (number_in("LISTEN_PID") == static_cast<std::uint64_t>(getpid())) {
    for (std::uint64_t left = number_in("LISTEN_FDS"); left > 0; --left) {
      const int fd = kFirst + static_cast<int>(sockets.size());
      sockets.push_back(fd);
      if (fcntl(fd, F_GETFD) < 0) break;  // listening on it will fail
    }
  }
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(variable);
  return sockets;
}

Manager::Manager() {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr) return;
  const auto address = SockAddr::unix_path(path);
  Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!address || connect(fd.get(), address->get(), address->size()) != 0) return;
  const timeval limit{.tv_sec = 0, .tv_usec = 200'000};
  (void)set_option(fd.get(), SOL_SOCKET, SO_SNDTIMEO, limit);  // cannot fail on this socket
  socket_ = std::move(fd);
}

void Manager::notify(std::string_view state) const {
  if (socket_) (void)send(socket_.get(), state.data(), state.size(), MSG_NOSIGNAL);
}

}  // namespace net::systemd
