// slicer.h - how standard input becomes datagrams.  Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/netcat/relay/crlf.h"

namespace netcat {

inline constexpr std::size_t kDatagramBytes = 65'507;  // the most that UDP can carry

class Slicer {
 public:
  // `lines`: each line is a datagram, with its newline; otherwise each read is.
  Slicer(bool lines, bool crlf) : lines_(lines), crlf_(crlf) {}

  // What was read; must stay valid until next() has given all of it.
  void add(std::string_view data);
  // The end of input: what there is of a last line is complete.
  void finish() { finished_ = true; }
  // Forgets what next() has not given yet.
  void clear();
  // The next datagrams, `most` at a time; empty: none yet.  Valid until the next add() or next().
  std::span<const std::string_view> next(std::size_t most);

 private:
  std::string_view take();

  bool lines_;
  bool crlf_;
  bool finished_ = false;
  CrlfEncoder encoder_;
  std::string line_;       // the beginning of a line, from earlier reads
  std::string_view data_;  // what next() has not given yet
  std::vector<std::string_view> slices_;
};

}  // namespace netcat
