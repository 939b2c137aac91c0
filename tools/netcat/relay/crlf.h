// crlf.h - line ends as most Internet protocols have them.
#pragma once

#include <string>
#include <string_view>

namespace netcat {

class CrlfEncoder {
 public:
  // LF becomes CRLF; a CRLF stays one, also where a call ends between its two bytes.  The result is
  // valid until the next call.
  std::string_view encode(std::string_view data);

 private:
  std::string encoded_;
  bool after_cr_ = false;
};

}  // namespace netcat
