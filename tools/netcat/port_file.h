// port_file.h - where a listener can be reached, in a file: netcat --port-file.
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

  // `line` and a newline.  A regular file appears with its content, in place of an older one.
  net::Error write(const std::string& path, const std::string& line);
  // Unless another process has replaced it.
  void remove();

 private:
  std::string path_;  // empty: nothing to remove
  // Held open: no other file gets its inode number, and in a fifo the line waits for its reader.
  net::Fd file_;
};

}  // namespace netcat
