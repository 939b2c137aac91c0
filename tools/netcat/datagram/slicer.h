// slicer.h - splits standard input into datagrams.  Pure.
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
  // `lines`: each line, with its newline, is a datagram; otherwise each read is one.
  Slicer(bool lines, bool crlf) : lines_(lines), crlf_(crlf) {}

  // Adds data that was read; it must stay valid until next() has returned all of it.
  void add(std::string_view data);
  // Marks the end of input: an unfinished last line is complete now.
  void finish() { finished_ = true; }
  // Discards what next() has not returned yet.
  void clear();
  // Returns at most `most` datagrams; empty: none yet.  Valid until the next add() or next().
  std::span<const std::string_view> next(std::size_t most);

 private:
  std::string_view take();

  bool lines_;
  bool crlf_;
  bool finished_ = false;
  CrlfEncoder encoder_;
  std::string line_;       // the beginning of a line, from earlier reads
  std::string_view data_;  // what next() has not returned yet
  std::vector<std::string_view> slices_;
};

}  // namespace netcat
