// session_log.h - logs of what was sent and received: --output and --hex-dump.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/net/fd.h"
#include "common/net/result.h"

namespace netcat {

enum class Direction : char { kSent = '>', kReceived = '<' };

// "> 0000000a 12 bytes", the bytes, and a line's end if they lack one.
std::string log_entry(Direction direction, std::uint64_t offset, std::string_view data);
// Lines of 16 bytes: direction, offset, the bytes in hexadecimal and as ASCII.
std::string hex_dump(Direction direction, std::uint64_t offset, std::string_view data);

class SessionLog {
 public:
  // Empty paths: no such file; "-": standard error.  On error `path` is the file that failed.
  net::Error open(const std::string& output, const std::string& dump, bool append,
                  std::string& path);
  bool is_open() const { return output_ || dump_; }

  // `offset`: the bytes that went the same way over this connection before.  `peer`: written
  // whenever it differs from the last one; empty if there is only one.
  void add(Direction direction, std::uint64_t offset, std::string_view data,
           const std::string& peer);
  // The first error: "FILE: no space left on device"; nothing more is written after it.
  const std::string& problem() const { return problem_; }

 private:
  void write(const net::Fd& file, const std::string& path, std::string_view text);

  net::Fd output_;
  net::Fd dump_;
  std::string output_path_;
  std::string dump_path_;
  std::string peer_;
  std::string problem_;
};

}  // namespace netcat
