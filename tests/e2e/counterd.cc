#include "counterd.h"

#include <gtest/gtest.h>

namespace e2e {

Answer Counterd::ask(const std::string& target, std::vector<std::string> curl_options) const {
  std::vector<std::string> argv{"curl", "-sS", "-i", "-m", "60", "--noproxy", "*", url(target)};
  argv.insert(argv.end() - 1, curl_options.begin(), curl_options.end());
  const Outcome outcome = run(argv);
  const std::size_t end = outcome.out.find("\r\n\r\n");
  if (outcome.status != 0 || end == std::string::npos) fail("curl: " + outcome.err + outcome.out);
  return {std::stoi(outcome.out.substr(outcome.out.find(' '))), outcome.out.substr(0, end + 2),
          outcome.out.substr(end + 4)};
}

std::string Counterd::body(const std::string& target, std::vector<std::string> curl_options) const {
  const Answer answer = ask(target, std::move(curl_options));
  EXPECT_EQ(answer.status, 200) << target << ": " << answer.body;
  return answer.body;
}

}  // namespace e2e
