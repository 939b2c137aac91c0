// counterd.h - counterd as its tests see it: started on a free port, asked with the real curl.
#pragma once

#include <string>
#include <vector>

#include "daemon.h"

namespace e2e {

struct Answer {
  int status;
  std::string head;  // the fields, a line each
  std::string body;
};

class Counterd : public Daemon {
 public:
  explicit Counterd(std::vector<std::string> options = {}, const Spawn& spawn = {})
      : Daemon("counterd", std::move(options), spawn) {}

  std::string url(const std::string& target) const {
    return "http://127.0.0.1:" + port_text() + target;
  }
  Answer ask(const std::string& target, std::vector<std::string> curl_options = {}) const;
  // The body alone; the test fails where the status is not 200.
  std::string body(const std::string& target, std::vector<std::string> curl_options = {}) const;
};

}  // namespace e2e
