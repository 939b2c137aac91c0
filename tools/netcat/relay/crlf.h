// crlf.h - converts line ends to those of most Internet protocols.
#pragma once

#include <string>
#include <string_view>

namespace netcat {

class CrlfEncoder {
 public:
  // Turns LF into CRLF.  A CRLF stays unchanged, even if it is split between two calls.  The result
  // is valid until the next call.
  std::string_view encode(std::string_view data);

 private:
  std::string encoded_;
  bool after_cr_ = false;
};

}  // namespace netcat
