// What a request asks of counterd, and what it is refused for.
#include "tools/counterd/call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/counterd/answer.h"

namespace counterd {
namespace {

using net::http::Field;

struct Sent {
  std::string method = "GET";
  std::string target;
  std::vector<Field> fields = {};
  std::string body = {};
  bool strict = false;
};

std::variant<Call, Response> understood(const Sent& sent) {
  Request request;
  const std::string_view target = sent.target;
  const std::size_t mark = std::min(target.find('?'), target.size());
  request.method = sent.method;
  request.target = target;
  request.path = target.substr(0, mark);
  if (mark < target.size()) request.query = target.substr(mark + 1);
  request.fields = sent.fields;
  request.body = sent.body;
  return understand(request, sent.strict);
}

// "inc x 1", or the status and the body of what it is refused with.
std::string shown(const Sent& sent) {
  const auto what = understood(sent);
  if (const auto* refused = std::get_if<Response>(&what))
    return std::to_string(refused->status) + " " + refused->body;
  const Call& call = std::get<Call>(what);
  if (call.kind == Call::kList) return "list " + call.prefix + (call.json ? " json" : "");
  if (call.kind == Call::kMetrics) return call.json ? "metrics json" : "metrics";
  static const char* const kNames[] = {"get", "set", "inc", "reset", "delete", "cas"};
  static const char* const kShown[] = {"ok", "new", "old"};
  const Command& command = call.command;
  std::string text = kNames[command.kind];
  text += " " + command.name + " " + std::to_string(command.value);
  if (command.kind == Command::kCas) text += " if " + std::to_string(command.expected);
  if (command.ttl > Millis::zero()) text += " ttl " + std::to_string(command.ttl.count());
  return text + " " + kShown[call.show] + (call.json ? " json" : "");
}

struct Row {
  std::string target;
  std::string result;
};

TEST(CounterdCall, EveryUrl) {
  const Row table[] = {
      {"/get?name=x", "get x 0 new"},
      {"/set?name=x&val=0", "set x 0 ok"},
      {"/set?val=-9223372036854775808&name=x", "set x -9223372036854775808 ok"},
      {"/set?name=x&val=1&ttl=90s", "set x 1 ttl 90000 ok"},
      {"/inc?name=x", "inc x 1 ok"},
      {"/inc?name=x&by=-7", "inc x -7 ok"},
      {"/inc?name=x&by=2&return=new&ttl=500ms", "inc x 2 ttl 500 new"},
      {"/reset?name=x", "reset x 0 old"},
      {"/delete?name=x", "delete x 0 ok"},
      {"/cas?name=x&old=1&new=2", "cas x 2 if 1 ok"},
      {"/list", "list "},
      {"/list?prefix=jobs/", "list jobs/"},
      {"/list?prefix=&format=json", "list  json"},
      {"/metrics", "metrics"},
      {"/get?name=x&format=json", "get x 0 new json"},
      {"/get?name=x&format=text", "get x 0 new"},
      {"/get?name=a%20b+c%C3%A9", "get a b cé 0 new"},
      {"/get?name=é", "get é 0 new"},
      {"/get?name=100%25", "get 100% 0 new"},
      {"/get?&name=x&", "get x 0 new"},
  };
  for (const Row& row : table) EXPECT_EQ(shown({.target = row.target}), row.result) << row.target;
}

TEST(CounterdCall, BadInputHasALineThatSaysWhy) {
  const Row table[] = {
      {"/get", "name is missing"},
      {"/get?name=", "name is empty"},
      {"/get?name=a%0Ab", "name has a control character"},
      {"/get?name=%FF", "name is not UTF-8"},
      {"/get?name=\xff", "name is not UTF-8"},
      {"/get?name=" + std::string(256, 'x'), "name is longer than 255 bytes"},
      {"/get?name=%4", "malformed percent-encoding"},
      {"/get?name=x&name=y", "name is given twice"},
      {"/get?name=x&val=1", "unknown parameter 'val'"},
      {"/get?name=x&%0A=1", "unknown parameter '\\x0a'"},
      {"/set?name=x", "val is missing"},
      {"/set?name=x&val=", "val: '' is not a whole number of 64 bits"},
      {"/set?name=x&val=1.5", "val: '1.5' is not a whole number of 64 bits"},
      {"/set?name=x&val=9223372036854775808",
       "val: '9223372036854775808' is not a whole number of 64 bits"},
      {"/inc?name=x&by=1%0A", "by: '1\\x0a' is not a whole number of 64 bits"},
      {"/inc?name=x&return=old", "return: 'old' is not 'new'"},
      {"/inc?name=x&ttl=0", "ttl: '0' is not a time (try 500ms, 10s or 1m)"},
      {"/inc?name=x&ttl=-1s", "ttl: '-1s' is not a time (try 500ms, 10s or 1m)"},
      {"/cas?name=x&old=1", "new is missing"},
      {"/cas?name=x&new=1", "old is missing"},
      {"/list?format=xml", "format: 'xml' is neither 'json' nor 'text'"},
      {"/list?name=x", "unknown parameter 'name'"},
      {"/metrics?x", "unknown parameter 'x'"},
  };
  for (const Row& row : table)
    EXPECT_EQ(shown({.target = row.target}), "400 " + row.result + "\n") << row.target;
}

TEST(CounterdCall, OtherPathsAreNotFound) {
  for (const char* target : {"/", "/inc/", "//inc", "/INC", "/%69nc", "*"})
    EXPECT_EQ(shown({.target = target}).substr(0, 4), "404 ") << target;
}

// ---- methods ----

std::string allowed_by(const Sent& sent) {
  const auto what = understood(sent);
  const auto* response = std::get_if<Response>(&what);
  return response != nullptr ? std::to_string(response->status) + " " + response->fields : "";
}

TEST(CounterdCall, ChangesArePostOrGet) {
  for (const char* method : {"GET", "HEAD", "POST"})
    EXPECT_EQ(shown({.method = method, .target = "/inc?name=x"}), "inc x 1 ok");
  EXPECT_EQ(allowed_by({.method = "PUT", .target = "/inc?name=x"}),
            "405 Allow: GET, HEAD, POST, OPTIONS\r\n");
  EXPECT_EQ(allowed_by({.method = "OPTIONS", .target = "/inc"}),
            "204 Allow: GET, HEAD, POST, OPTIONS\r\n");
}

TEST(CounterdCall, StrictChangesArePostAlone) {
  for (const char* target : {"/inc?name=x", "/set?name=x&val=1", "/reset?name=x", "/delete?name=x",
                             "/cas?name=x&old=1&new=2"}) {
    for (const char* method : {"GET", "HEAD"})
      EXPECT_EQ(allowed_by({.method = method, .target = target, .strict = true}),
                "405 Allow: POST, OPTIONS\r\n");
    EXPECT_EQ(allowed_by({.method = "POST", .target = target, .strict = true}), "");
  }
  EXPECT_EQ(shown({.target = "/get?name=x", .strict = true}), "get x 0 new");
}

TEST(CounterdCall, OptionsSayWhatIsAllowed) {
  EXPECT_EQ(allowed_by({.method = "OPTIONS", .target = "/inc", .strict = true}),
            "204 Allow: POST, OPTIONS\r\n");
  EXPECT_EQ(allowed_by({.method = "OPTIONS", .target = "/get"}),
            "204 Allow: GET, HEAD, OPTIONS\r\n");
  for (const bool strict : {false, true})
    EXPECT_EQ(allowed_by({.method = "OPTIONS", .target = "*", .strict = strict}),
              "204 Allow: GET, HEAD, POST, OPTIONS\r\n");
}

TEST(CounterdCall, ReadingIsNoPost) {
  for (const char* target : {"/get?name=x", "/list", "/metrics"})
    EXPECT_EQ(allowed_by({.method = "POST", .target = target}),
              "405 Allow: GET, HEAD, OPTIONS\r\n");
}

TEST(CounterdCall, APrefetchChangesNothing) {
  const std::vector<Field> prefetches[] = {
      {{"Sec-Purpose", "prefetch"}},      {{"sec-purpose", "prefetch;prerender"}},
      {{"Sec-Purpose", "Prefetch"}},      {{"Sec-Purpose", "prerender"}},
      {{"Sec-Purpose", "foo, prefetch"}}, {{"Sec-Purpose", "foo"}, {"Sec-Purpose", "prefetch"}},
      {{"Purpose", "prefetch"}},          {{"Purpose", "preview"}},
      {{"X-Purpose", "Preview"}},         {{"X-Moz", "prefetch"}}};
  for (const auto& fields : prefetches) {
    EXPECT_EQ(shown({.target = "/inc?name=x", .fields = fields}),
              "403 a prefetch changes nothing\n");
    EXPECT_EQ(shown({.target = "/get?name=x", .fields = fields}), "get x 0 new");
  }
  const std::vector<Field> others = {{"Sec-Purpose", "fetch"}, {"Referer", "/prefetch"}};
  EXPECT_EQ(shown({.target = "/inc?name=x", .fields = others}), "inc x 1 ok");
}

// ---- forms ----

const std::vector<Field> kForm = {{"Content-Type", "application/x-www-form-urlencoded"}};

TEST(CounterdCall, ParametersMayBeAForm) {
  EXPECT_EQ(shown({.method = "POST", .target = "/inc", .fields = kForm, .body = "name=x&by=2"}),
            "inc x 2 ok");
  EXPECT_EQ(shown({.method = "POST", .target = "/inc?name=x", .fields = kForm, .body = "by=2"}),
            "inc x 2 ok");
  EXPECT_EQ(shown({.method = "POST", .target = "/inc?name=x", .fields = kForm}), "inc x 1 ok");
  EXPECT_EQ(shown({.method = "POST", .target = "/inc?name=x"}), "inc x 1 ok");
  EXPECT_EQ(
      shown({.method = "POST",
             .target = "/inc?name=x",
             .fields = {{"content-type", "Application/X-WWW-Form-Urlencoded ; charset=utf-8"}},
             .body = "by=2"}),
      "inc x 2 ok");
  EXPECT_EQ(shown({.method = "POST", .target = "/inc?name=x", .fields = kForm, .body = "name=y"}),
            "400 name is given twice\n");
  EXPECT_EQ(shown({.method = "POST", .target = "/inc", .fields = kForm, .body = "name=%"}),
            "400 malformed percent-encoding\n");
}

TEST(CounterdCall, AnotherBodyIsRefused) {
  for (const std::vector<Field>& fields :
       {std::vector<Field>{}, std::vector<Field>{{"Content-Type", "application/json"}}})
    EXPECT_EQ(shown({.method = "POST", .target = "/inc?name=x", .fields = fields, .body = "by=2"}),
              "415 the body is no application/x-www-form-urlencoded\n");
}

// ---- JSON ----

TEST(CounterdCall, AcceptAsksForJson) {
  const std::vector<Field> json = {{"Accept", "application/json"}};
  EXPECT_EQ(shown({.target = "/get?name=x", .fields = json}), "get x 0 new json");
  EXPECT_EQ(shown({.target = "/get?name=x&format=text", .fields = json}), "get x 0 new");
  EXPECT_EQ(shown({.target = "/get?nam=x", .fields = json}),
            "400 {\"error\":\"unknown parameter 'nam'\"}\n");
  EXPECT_EQ(shown({.target = "/metrics", .fields = json}), "metrics");
}

TEST(CounterdCall, ARefusalHasTheFormThatIsAskedFor) {
  const std::vector<Field> json = {{"Accept", "application/json"}};
  const Sent asked[] = {
      {.target = "/nowhere", .fields = json},
      {.target = "/nowhere?format=json"},
      {.method = "PUT", .target = "/inc?name=x", .fields = json},
      {.method = "PUT", .target = "/inc?name=x&format=json"},
      {.target = "/get?nam=x&format=json"},
      {.target = "/get?name=x&format=xml", .fields = json},
      {.method = "POST", .target = "/set?val=x", .fields = kForm, .body = "name=x&format=json"},
      {.method = "POST", .target = "/inc?format=json", .body = "name=x"},
  };
  for (const Sent& sent : asked)
    EXPECT_THAT(shown(sent), testing::HasSubstr(" {\"error\":\"")) << sent.target;
  for (const Sent& sent : {Sent{.target = "/nowhere?format=text", .fields = json},
                           Sent{.target = "/metrics?format=json"},
                           Sent{.method = "PUT", .target = "/metrics", .fields = json}})
    EXPECT_THAT(shown(sent), testing::Not(testing::HasSubstr("{"))) << sent.target;
}

}  // namespace
}  // namespace counterd
