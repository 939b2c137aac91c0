// counterd.h - runs counterd for its tests: on a free port, with the real curl as its client.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "web.h"

namespace e2e {

class Counterd : public Daemon {
 public:
  explicit Counterd(std::vector<std::string> options = {})
      : Daemon("counterd", std::move(options)) {}

  Reply ask(const std::string& target, const std::vector<std::string>& curl_options = {}) const {
    return curl(*this, target, curl_options);
  }
  // Returns only the body; the test fails if the status is not 200.
  std::string body(const std::string& target,
                   const std::vector<std::string>& curl_options = {}) const {
    const Reply reply = ask(target, curl_options);
    EXPECT_EQ(reply.code, 200) << target << ": " << reply.body;
    return reply.body;
  }
};

}  // namespace e2e
