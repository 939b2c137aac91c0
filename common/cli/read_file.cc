#include "common/cli/read_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <string_view>

#include "common/net/fd.h"

namespace net {

static Result<std::string> read_all(const std::string& path, std::size_t bytes_max,
                                    bool up_to_nul) {
  const Fd file(path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                            : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return Error::from_errno();
  std::string text;
  for (;;) {
    char buffer[65536];
    const ssize_t n = read(file.get(), buffer, sizeof buffer);
    if (n == 0) return text;
    if (n > 0) {
      const std::string_view piece(buffer, static_cast<std::size_t>(n));
      text += piece;
      if (text.size() > bytes_max) return Error(UV_EFBIG);
      if (up_to_nul && piece.find('\0') != piece.npos) return text;
    } else if (errno == EAGAIN) {  // another process set O_NONBLOCK on standard input
      pollfd readable{.fd = file.get(), .events = POLLIN, .revents = 0};
      (void)poll(&readable, 1, -1);
    } else if (errno != EINTR) {
      return Error::from_errno();
    }
  }
}

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  return read_all(path, bytes_max, false);
}

Result<std::string> read_text(const std::string& path, std::size_t bytes_max) {
  return read_all(path, bytes_max, true);
}

bool is_readable_again(const std::string& path) {
  struct stat status = {};
  return path != "-" && stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace net
