// What a small POST costs at most, whatever is in it: CPU time of the daemon.
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "web.h"

namespace e2e {
namespace {

constexpr std::size_t kBodySize = 8 << 10;
constexpr int kPosts = 50;

// As often as it fits into kBodySize.
std::string many(const std::string& text, const std::string& before = "") {
  std::string all = before;
  while (all.size() + text.size() <= kBodySize) all += text;
  return all;
}

// Chunks of a byte each.
std::string in_chunks(const std::string& chunk) { return many(chunk) + "0\r\n\r\n"; }

struct Post {
  const char* fields;
  std::string body;
};

constexpr const char* kForm = "Content-Type: application/x-www-form-urlencoded\r\n";
constexpr const char* kJson = "Content-Type: application/json\r\n";
constexpr const char* kFormInChunks =
    "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n";

std::vector<Post> posts() {
  std::string names;
  for (int i = 10'000; names.size() + 20 < kBodySize; ++i)
    names += "name=n" + std::to_string(i) + "&";
  return {
      {kForm, many("a&")},
      {kForm, many("a=b&")},
      {kForm, many("&")},
      {kForm, many("%41", "name=")},
      {kForm, many("name=x&")},
      {kForm, names},
      {kForm, many("9", "name=x&by=")},
      {kForm, many("x", "name=x&op=")},
      {kForm, many("\xd0\x96", "name=")},
      {kJson, many("[")},
      {kJson, many(R"({"a":)")},
      {kJson, many(R"("x",)", R"({"name":[)")},
      {kJson, many(R"(\u0041)", R"({"name":")")},
      {kJson, many("9", R"({"name":"x","by":)")},
      {kJson, many(" ")},
      {kFormInChunks, in_chunks("1\r\na\r\n")},
      {kFormInChunks, in_chunks("1;a=b;c=\"d\"\r\n&\r\n")},
  };
}

struct Target {
  std::string tool;
  std::vector<std::string> options;
  std::string path;
};

void PrintTo(const Target& target, std::ostream* out) { *out << target.tool; }

class SmallPost : public testing::TestWithParam<Target> {};

TEST_P(SmallPost, CostsLittle) {
  if (is_sanitized()) GTEST_SKIP() << "sanitizers take their time";
  const auto& [tool, options, path] = GetParam();
  Daemon daemon(tool, options);
  for (const Post& post : posts()) {
    std::string fields = std::string("Connection: close\r\n") + post.fields;
    const bool measured = fields.find("chunked") == std::string::npos;
    if (measured) fields += "Content-Length: " + std::to_string(post.body.size()) + "\r\n";
    const std::string bytes = request("POST " + path + " HTTP/1.1", fields) + post.body;
    const Millis before = daemon.cpu_time();
    for (int i = 0; i < kPosts; ++i) {
      auto client = daemon.connect();
      client.send(bytes);
      const std::string answer = client.rest();
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 ") && !answer.starts_with("HTTP/1.1 403")) << answer;
    }
    EXPECT_LE(daemon.cpu_time() - before, kPosts * Millis(2))
        << post.fields << post.body.substr(0, 40);
  }
}

INSTANTIATE_TEST_SUITE_P(Each, SmallPost,
                         testing::Values(Target{"counterd", {}, "/inc"},
                                         Target{"statusd", {"--echo"}, "/echo"},
                                         Target{"passwordd", {}, "/"}),
                         [](const auto& one) { return one.param.tool; });

}  // namespace
}  // namespace e2e
