// Accept: JSON or text.
#include "common/http/accept.h"

#include <gtest/gtest.h>

namespace net::http {
namespace {

TEST(PrefersJson, ByWeightAndByTheClosestRange) {
  struct Row {
    const char* accept;
    bool json;
  };
  const Row table[] = {
      {"", false},
      {"*/*", false},
      {"text/plain", false},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false},
      {"application/json", true},
      {"Application/JSON", true},
      {" application/json ", true},
      {"application/*", true},
      {"application/json, text/plain, */*", false},
      {"application/json, */*", true},
      {"*/*, application/json", true},
      {"application/json, text/*", true},
      {"application/*, */*", true},
      {"application/*, text/plain", false},
      {"application/json;q=0.5, */*;q=0.5", true},
      {"application/json;q=0.5, */*", false},
      {"application/json;q=0, */*;q=0", false},
      {"application/json, */*;q=0.8", true},
      {"application/json, text/plain;q=0.9", true},
      {"application/json;q=0.9, text/plain", false},
      {"application/json ; q=0.5,text/plain ; q=0.4", true},
      {"application/json;charset=utf-8;Q=0.1, text/*;q=0.2", false},
      {"application/json;q=0", false},
      {"application/json;q=0, */*", false},
      {"application/json;q=x", false},
      {"application/json;q=", false},
      {"*/*, application/json;q=0.1", false},
      {"text/*;q=0.1, text/plain;q=0.9, application/json;q=0.5", false},
      {"application/jsonx", false},
      {",,;,application/json", true},
      {"application/json;profile=\"a,b;q=1\";q=0.1, text/plain;q=0.5", false},
      {"text/plain;q=0.1;x=\"\\\",application/json,\"", false},
      {"application/json;x=\"", true},
      {"application/json;x=\"\\", true},
  };
  for (const Row& row : table) EXPECT_EQ(prefers_json(row.accept), row.json) << row.accept;
}

}  // namespace
}  // namespace net::http
