#include "tools/netcat/port_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

namespace netcat {

using net::Error;
using net::Fd;

static Error write_all(const Fd& file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(file.get(), text.data(), text.size());
    if (n < 0 && errno != EINTR) return Error::from_errno();
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Error PortFile::write(const std::string& path, const std::string& line) {
  struct stat status = {};
  const bool exists = stat(path.c_str(), &status) == 0;
  if (exists && !S_ISREG(status.st_mode)) {
    // Opens a fifo with O_RDWR, which does not wait for a reader.
    file_.reset(::open(path.c_str(), (S_ISFIFO(status.st_mode) ? O_RDWR : O_WRONLY) | O_CLOEXEC));
    return file_ ? write_all(file_, line + "\n") : Error::from_errno();
  }
  const std::string made = path + "." + std::to_string(getpid());
  file_.reset(::open(made.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file_) return Error::from_errno();
  Error e = write_all(file_, line + "\n");
  if (!e && rename(made.c_str(), path.c_str()) != 0) e = Error::from_errno();
  if (e) {
    unlink(made.c_str());
    return e;
  }
  path_ = path;
  return {};
}

void PortFile::remove() {
  struct stat ours = {};
  struct stat found = {};
  const bool is_ours = !path_.empty() && fstat(file_.get(), &ours) == 0 &&
                       lstat(path_.c_str(), &found) == 0 && ours.st_dev == found.st_dev &&
                       ours.st_ino == found.st_ino;
  if (is_ours) unlink(path_.c_str());
  path_.clear();
}

}  // namespace netcat
