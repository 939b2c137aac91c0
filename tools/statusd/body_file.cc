#include "tools/statusd/body_file.h"

#include <fcntl.h>

#include "common/fd.h"

namespace statusd {

net::Result<std::string> read_body(const std::string& path) {
  const net::Fd file(path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                 : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return net::Error::from_errno();
  std::string body;
  for (;;) {
    char buffer[65536];
    const ssize_t n = read(file.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return net::Error::from_errno();
    if (n == 0) return body;
    body.append(buffer, static_cast<std::size_t>(n));
    if (body.size() > kBodyBytesMax) return net::Error(UV_EFBIG);
  }
}

}  // namespace statusd
