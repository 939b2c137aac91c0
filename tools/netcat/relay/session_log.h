// session_log.h - logs of what was sent and received: --output and --hex-dump.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/descriptor.h"
#include "common/net/timer.h"

namespace netcat {

enum class Direction : char { kSent = '>', kReceived = '<' };

// "> 0000000a 12 bytes", the data, and a newline if the data does not end in one.
std::string log_entry(Direction direction, std::uint64_t offset, std::string_view data);
// Lines of 16 bytes: direction, offset, the bytes in hexadecimal and as ASCII.
std::string hex_dump(Direction direction, std::uint64_t offset, std::string_view data);

// A log in this file would destroy the input, or be read as input.
bool is_file_of_standard_input(const std::string& path);

// A log that cannot be written at once delays the relays that write to it, but not the loop.
class SessionLog {
 public:
  explicit SessionLog(net::Loop& loop) : loop_(loop), changed_(loop) {}
  // Writes pending data until close(), and then the rest.
  net::Task<> run();
  void close();
  // Called when a signal ends this process: from now on, data that cannot be written at once is
  // dropped.
  void abandon();

  // An empty path means no such log; "-" is standard error.  On error `path` is the file that
  // failed.
  net::Error open(const std::string& output, const std::string& dump, bool append,
                  std::string& path);
  bool is_open() const { return output_.to || dump_.to; }

  // `offset`: the number of bytes sent earlier in the same direction on this connection.  `peer`:
  // logged whenever it differs from the last one; empty if there is only one.
  void add(Direction direction, std::uint64_t offset, std::string_view data,
           const std::string& peer);
  // Whether some data has not been written yet.
  bool is_blocked() const { return !output_.pending.empty() || !dump_.pending.empty(); }
  // Waits until is_blocked() changes, or for wake().
  net::Task<> changed();
  void wake();
  // The first error, such as "FILE: no space left on device"; nothing is written after it.
  const std::string& problem() const { return problem_; }

 private:
  struct File {
    net::Error open(net::Loop& loop, bool append);
    net::Result<std::size_t> write(std::string_view text);
    std::string path;
    std::optional<net::Descriptor> to;
    bool is_regular = false;
    std::string pending;
  };
  void write(File& file, std::string_view text);
  void failed(const File& file, net::Error e);

  net::Loop& loop_;
  File output_;
  File dump_;
  net::Timer changed_;  // woken when data is pending and by close()
  std::vector<net::Timer*> waiting_;
  bool closed_ = false;
  bool abandoned_ = false;
  std::string peer_;
  std::string problem_;
};

}  // namespace netcat
