#include "tools/netcat/relay/crlf.h"

namespace netcat {

std::string_view CrlfEncoder::encode(std::string_view data) {
  encoded_.clear();
  for (const char c : data) {
    if (c == '\n' && !after_cr_) encoded_.push_back('\r');
    encoded_.push_back(c);
    after_cr_ = c == '\r';
  }
  return encoded_;
}

}  // namespace netcat
