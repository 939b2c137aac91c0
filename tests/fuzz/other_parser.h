// other_parser.h - one request, as Node's former http_parser sees it.
#pragma once

#include <string>
#include <string_view>

struct OtherParser {
  explicit OtherParser(std::string_view bytes);
  std::string method, target, body;
  bool taken = false;  // all bytes, without an error
  bool complete = false;
  bool keep_alive = false;
};
