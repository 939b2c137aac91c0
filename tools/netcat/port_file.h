// port_file.h - writes a listener's port or address to a file: netcat --port-file.
#pragma once

#include <string>

#include "common/net/fd.h"
#include "common/net/result.h"

namespace netcat {

class PortFile {
 public:
  PortFile() = default;
  PortFile(const PortFile&) = delete;
  PortFile& operator=(const PortFile&) = delete;
  ~PortFile() { remove(); }

  // Writes `line` and a newline.  A regular file is replaced atomically.
  net::Error write(const std::string& path, const std::string& line);
  // Removes the file, unless another process has replaced it.
  void remove();

 private:
  std::string path_;  // empty: nothing to remove
  // Kept open, so that no other file gets its inode number, and a line in a fifo waits for its
  // reader.
  net::Fd file_;
};

}  // namespace netcat
