// What a request asks of counterd, and what it is refused for.
#include "tools/counterd/call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "common/http/query.h"
#include "tools/counterd/answer.h"

namespace counterd {
namespace {

using net::http::Field;

struct Sent {
  std::string method = "GET";
  std::string target;
  std::vector<Field> fields = {};
  std::string body = {};
};

std::optional<Response> refusal_of(const Sent& sent, Call& call) {
  Request request;
  const std::string_view target = sent.target;
  const std::size_t mark = std::min(target.find('?'), target.size());
  request.method = sent.method;
  request.target = target;
  request.path = target.substr(0, mark);
  if (mark < target.size()) request.query = target.substr(mark + 1);
  request.fields = sent.fields;
  request.body = sent.body;
  return understand(request, call);
}

// "inc x 1", or the status and the body of what it is refused with.
std::string shown(const Sent& sent) {
  Call call;
  if (const auto refused = refusal_of(sent, call))
    return std::to_string(refused->status) + " " + refused->body;
  if (call.kind == Call::kList) {
    const std::string limit = call.limit > 0 ? " limit " + std::to_string(call.limit) : "";
    const std::string after = call.after.empty() ? "" : " after " + call.after;
    return "list " + call.prefix + after + limit + (call.json ? " json" : "");
  }
  if (call.kind == Call::kMetrics) return call.json ? "metrics json" : "metrics " + call.prefix;
  if (call.kind == Call::kWatch) return "watch " + call.prefix + " " + std::to_string(call.limit);
  if (call.kind == Call::kBackup) return "backup";
  static const char* const kNames[] = {"get", "set", "inc", "reset", "delete", "cas"};
  static const char* const kShown[] = {"ok", "new", "old"};
  const Command& command = call.command;
  std::string text = kNames[command.kind];
  text += " " + command.name + " " + std::to_string(command.value);
  if (command.kind == Command::kCas) text += " if " + std::to_string(command.expected);
  for (const std::string& name : command.others) text += " and " + name;
  if (command.min != INT64_MIN) text += " min " + std::to_string(command.min);
  if (command.max != INT64_MAX) text += " max " + std::to_string(command.max);
  if (command.saturates) text += " saturate";
  if (!command.may_create) text += " no-create";
  if (command.ttl > Millis::zero()) text += " ttl " + std::to_string(command.ttl.count());
  if (command.renews) text += " renew";
  if (!command.op.empty()) text += " op " + command.op;
  return text + " " + kShown[call.show] + (call.json ? " json" : "");
}

struct CallRow {
  std::string target;
  std::string result;
};

TEST(CounterdCall, EveryUrl) {
  const CallRow table[] = {
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
      {"/list?limit=10&after=a%20b", "list  after a b limit 10"},
      {"/metrics", "metrics "},
      {"/metrics?prefix=p", "metrics p"},
      {"/watch", "watch  1000"},
      {"/watch?prefix=p&limit=10", "watch p 10"},
      {"/backup", "backup"},
      {"/inc?name=a&name=b", "inc a 1 and b ok"},
      {"/inc?name=x&min=-1&max=10&overflow=saturate", "inc x 1 min -1 max 10 saturate ok"},
      {"/inc?name=x&max=10&overflow=fail", "inc x 1 max 10 ok"},
      {"/inc?name=x&create=0", "inc x 1 no-create ok"},
      {"/set?name=x&val=2&create=1", "set x 2 ok"},
      {"/inc?name=x&ttl=1d", "inc x 1 ttl 86400000 ok"},
      {"/inc?name=x&ttl=renew", "inc x 1 renew ok"},
      {"/inc?name=x&ttl=1m,renew", "inc x 1 ttl 60000 renew ok"},
      {"/inc?name=x&op=7f-1", "inc x 1 op 7f-1 ok"},
      {"/delete?name=x&op=1", "delete x 0 op 1 ok"},
      {"/get?name=x&format=json", "get x 0 new json"},
      {"/get?name=x&format=text", "get x 0 new"},
      {"/get?name=a%20b+c%C3%A9", "get a b cé 0 new"},
      {"/get?name=é", "get é 0 new"},
      {"/get?name=100%25", "get 100% 0 new"},
      {"/get?&name=x&", "get x 0 new"},
  };
  for (const CallRow& row : table)
    EXPECT_EQ(shown({.target = row.target}), row.result) << row.target;
}

TEST(CounterdCall, BadInputHasALineThatSaysWhy) {
  const CallRow table[] = {
      {"/get", "name is missing"},
      {"/get?name=", "name is empty"},
      {"/get?name=a%0Ab", "name has a control character"},
      {"/get?name=%FF", "name is not UTF-8"},
      {"/get?name=\xff", "name is not UTF-8"},
      {"/get?name=" + std::string(256, 'x'), "name is longer than 255 bytes"},
      {"/get?name=%4", "malformed percent-encoding"},
      {"/get?name=x&name=x", "name is given twice"},
      {"/get?name=x&name=y&name=x", "name is given twice"},
      {"/get?name=x&op=1", "unknown parameter 'op'"},
      {"/inc?name=x&by=1&by=1", "by is given twice"},
      {"/inc?name=x&min=2&max=1", "min is greater than max"},
      {"/inc?name=x&min=", "min: '' is not a 64-bit integer"},
      {"/inc?name=x&overflow=wrap", "overflow: 'wrap' is neither 'saturate' nor 'fail'"},
      {"/inc?name=x&create=no", "create: 'no' is neither '1' nor '0'"},
      {"/inc?name=x&op=", "op: a token has 1 to 128 visible ASCII characters"},
      {"/inc?name=x&op=a%20b", "op: a token has 1 to 128 visible ASCII characters"},
      {"/inc?name=x&op=" + std::string(129, 'x'),
       "op: a token has 1 to 128 visible ASCII characters"},
      {"/list?limit=0", "limit: '0' is not a number from 1 to 4294967295"},
      {"/watch?limit=10001", "limit: '10001' is not a number from 1 to 10000"},
      {"/backup?x=1", "unknown parameter 'x'"},
      {"/get?a&name=%", "unknown parameter 'a'"},
      {"/get?name=x&val=1", "unknown parameter 'val'"},
      {"/get?name=x&%0A=1", "unknown parameter '\\x0a'"},
      {"/set?name=x", "val is missing"},
      {"/set?name=x&val=", "val: '' is not a 64-bit integer"},
      {"/set?name=x&val=1.5", "val: '1.5' is not a 64-bit integer"},
      {"/set?name=x&val=9223372036854775808", "val: '9223372036854775808' is not a 64-bit integer"},
      {"/inc?name=x&by=1%0A", "by: '1\\x0a' is not a 64-bit integer"},
      {"/inc?name=x&return=old", "return: 'old' is not 'new'"},
      {"/inc?name=x&ttl=0", "ttl: '0' is not a time of up to ten years (try 500ms, 10s, 1m or 1d)"},
      {"/inc?name=x&ttl=3654d",
       "ttl: '3654d' is not a time of up to ten years (try 500ms, 10s, 1m or 1d)"},
      {"/inc?name=x&ttl=,renew",
       "ttl: ',renew' is not a time of up to ten years (try 500ms, 10s, 1m or 1d)"},
      {"/inc?name=x&ttl=1mrenew",
       "ttl: '1mrenew' is not a time of up to ten years (try 500ms, 10s, 1m or 1d)"},
      {"/inc?name=x&ttl=-1s",
       "ttl: '-1s' is not a time of up to ten years (try 500ms, 10s, 1m or 1d)"},
      {"/cas?name=x&old=1", "new is missing"},
      {"/cas?name=x&new=1", "old is missing"},
      {"/list?format=xml", "format: 'xml' is neither 'json' nor 'text'"},
      {"/list?name=x", "unknown parameter 'name'"},
      {"/metrics?x", "unknown parameter 'x'"},
  };
  for (const CallRow& row : table)
    EXPECT_EQ(shown({.target = row.target}), "400 " + row.result + "\n") << row.target;
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
              "403 a prefetch must not change a counter\n");
    EXPECT_EQ(shown({.target = "/get?name=x", .fields = fields}), "get x 0 new");
  }
  const std::vector<Field> others = {{"Sec-Purpose", "fetch"}, {"Referer", "/prefetch"}};
  EXPECT_EQ(shown({.target = "/inc?name=x", .fields = others}), "inc x 1 ok");
}

// ---- forms ----

const std::vector<Field> kForm = {{"Content-Type", "application/x-www-form-urlencoded"}};
const std::vector<Field> kJson = {{"Content-Type", "application/json"}};

TEST(CounterdCall, ParametersMayBeAForm) {
  EXPECT_EQ(shown({.method = "POST", .target = "/inc", .fields = kForm, .body = "name=x&by=2"}),
            "inc x 2 ok");
  EXPECT_EQ(shown({.method = "POST", .target = "/inc?name=x", .fields = kForm, .body = "by=2"}),
            "inc x 2 ok");
  EXPECT_EQ(shown({.method = "POST", .target = "/inc?name=x", .fields = kForm}), "inc x 1 ok");
  EXPECT_EQ(shown({.method = "POST", .target = "/inc?name=x"}), "inc x 1 ok");
  for (const char* type : {"Application/X-WWW-Form-Urlencoded ; charset=utf-8",
                           "application/x-www-form-urlencoded\t;charset=utf-8"})
    EXPECT_EQ(shown({.method = "POST",
                     .target = "/inc?name=x",
                     .fields = {{"content-type", type}},
                     .body = "by=2"}),
              "inc x 2 ok")
        << type;
  EXPECT_EQ(shown({.method = "POST", .target = "/inc?name=x", .fields = kForm, .body = "name=x"}),
            "400 name is given twice\n");
  EXPECT_EQ(shown({.method = "POST", .target = "/inc?name=x", .fields = kForm, .body = "name=y"}),
            "inc x 1 and y ok");
  EXPECT_EQ(shown({.method = "POST", .target = "/inc", .fields = kForm, .body = "name=%"}),
            "400 malformed percent-encoding\n");
}

TEST(CounterdCall, AnotherBodyIsRefused) {
  for (const std::vector<Field>& fields :
       {std::vector<Field>{}, std::vector<Field>{{"Content-Type", "application/jso"}}})
    EXPECT_EQ(shown({.method = "POST", .target = "/inc?name=x", .fields = fields, .body = "by=2"}),
              "415 the body is neither a form (application/x-www-form-urlencoded) nor JSON\n");
}

// ---- JSON ----

TEST(CounterdCall, ParametersMayBeJson) {
  const CallRow table[] = {
      {R"({"name":"x"})", "inc x 1 ok"},
      {R"( { "name" : "x" , "by" : 2 } )", "inc x 2 ok"},
      {R"({"name":["a","b"],"by":-2,"create":false})", "inc a -2 and b no-create ok"},
      {R"({"name":"x","by":"3","op":"\u0041"})", "inc x 3 op A ok"},
      {R"({"name":"x","create":true})", "inc x 1 ok"},
      {R"({"name":"x","by":true})", "400 by: 'true' is not a 64-bit integer\n"},
      {R"({"name":"x","max":9223372036854775806})", "inc x 1 max 9223372036854775806 ok"},
      {R"({})", "400 name is missing\n"},
      {R"({"name":"x","bye":2})", "400 unknown parameter 'bye'\n"},
      {R"({"name":"x","name":"x"})", "400 name is given twice\n"},
      {R"({"name":"x","name":"y"})", "400 name is given twice\n"},
      {R"({"name":["x"],"by":1,"name":["y"]})", "400 name is given twice\n"},
      {R"({"name":"x","by":1.5})", "400 by: '1.5' is not a 64-bit integer\n"},
      {R"({"name":"x","by":-0})", "inc x 0 ok"},
      {R"({"name":"x","by":10})", "inc x 10 ok"},
      {R"({"name":"x","by":1e2})", "400 by: '1e2' is not a 64-bit integer\n"},
      {R"({"name":"x","by":1.5E-2})", "400 by: '1.5E-2' is not a 64-bit integer\n"},
      {R"({"name":"x","by":007})", "400 malformed JSON: line 1: a malformed number\n"},
      {R"({"name":"x","by":-01})", "400 malformed JSON: line 1: a malformed number\n"},
      {R"({"name":"x","by":+1})", "400 malformed JSON: line 1: a malformed number\n"},
      {R"({"name":"x","by":-})", "400 malformed JSON: line 1: a malformed number\n"},
      {R"({"name":"x","by":.5})", "400 malformed JSON: line 1: a malformed number\n"},
      {R"({"name":"x","by":1.})", "400 malformed JSON: line 1: a malformed number\n"},
      {R"({"name":"x","by":1e})", "400 malformed JSON: line 1: a malformed number\n"},
      {R"({"name":"x","by":1e+})", "400 malformed JSON: line 1: a malformed number\n"},
      {R"({"name":"x","by":1-1})", "400 malformed JSON: line 1: a malformed number\n"},
      {R"({"name":"x","by":[1,02]})", "400 malformed JSON: line 1: a malformed number\n"},
      {"{\"name\":\"x\ty\"}",
       "400 malformed JSON: line 1: a control character in a string is not escaped\n"},
      {R"({"name":null})",
       "400 malformed JSON: line 1: a value is neither a string nor a number\n"},
      {R"({"name":{}})", "400 malformed JSON: line 1: a value is neither a string nor a number\n"},
      {R"(["x"])", "400 malformed JSON: line 1: '{' is expected\n"},
      {"{\"name\":\"x\",\n", "400 malformed JSON: line 2: a string is expected\n"},
      {R"({"name":"x"}})", "400 malformed JSON: line 1: unexpected data after the object\n"},
      {R"({"name":["x"})", "400 malformed JSON: line 1: ']' is expected\n"},
      {R"({"name":"a\u0000b"})", "400 name has a control character\n"},
  };
  for (const CallRow& row : table)
    EXPECT_EQ(shown({.method = "POST",
                     .target = "/inc",
                     .fields = {{"Content-Type", "application/json; charset=utf-8"}},
                     .body = row.target}),
              row.result)
        << row.target;
}

TEST(CounterdCall, ABodyIsReadToTheFirstPairThatIsWrong) {
  std::string many = "a";
  while (many.size() < 100'000) many += "&a";
  const Sent sent = {.method = "POST", .target = "/inc", .fields = kForm, .body = many};
  // The fastest of some: what else the machine does is not counted.
  const auto fastest = [](auto&& work) {
    auto least = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 5; ++i) {
      const auto start = std::chrono::steady_clock::now();
      work();
      least = std::min(least, std::chrono::steady_clock::now() - start);
    }
    return least;
  };
  const auto refused = fastest([&] { EXPECT_EQ(shown(sent), "400 unknown parameter 'a'\n"); });
  const auto all_pairs =
      fastest([&] { EXPECT_EQ(net::http::Query::parse(many)->pairs().size(), 50'001); });
  EXPECT_LT(refused, all_pairs / 2);
  std::string names = "/inc?name=0";
  for (int i = 1; i <= 100; ++i) names += "&name=" + std::to_string(i);
  EXPECT_EQ(shown({.target = names}), "400 more than 100 names\n");
}

TEST(CounterdCall, AcceptAsksForJson) {
  const std::vector<Field> json = {{"Accept", "application/json"}};
  EXPECT_EQ(shown({.target = "/get?name=x", .fields = json}), "get x 0 new json");
  EXPECT_EQ(shown({.target = "/get?name=x&format=text", .fields = json}), "get x 0 new");
  EXPECT_EQ(shown({.target = "/get?nam=x", .fields = json}),
            "400 {\"error\":\"unknown parameter 'nam'\"}\n");
  EXPECT_EQ(shown({.target = "/metrics", .fields = json}), "metrics ");
  const std::vector<Field> several = {
      {"Accept", "*/*;q=0.1"}, {"Accept", ""}, {"Accept", "text/html"}, {"Accept", json[0].value}};
  EXPECT_EQ(shown({.target = "/get?name=x", .fields = several}), "get x 0 new json");
  const std::vector<Field> anything = {{"Accept", "*/*"}, {"Accept", "application/json"}};
  EXPECT_EQ(shown({.target = "/get?name=x", .fields = anything}), "get x 0 new json");
}

TEST(CounterdCall, ARefusalHasTheFormThatIsAskedFor) {
  const std::vector<Field> json = {{"Accept", "application/json"}};
  const Sent asked[] = {
      {.target = "/get?nam=x&format=json"},
      {.target = "/get?name=x&format=xml", .fields = json},
      {.method = "POST", .target = "/set?val=x", .fields = kForm, .body = "name=x&format=json"},
      {.method = "POST", .target = "/inc?format=json", .body = "name=x"},
      {.method = "POST",
       .target = "/inc",
       .fields = kJson,
       .body = R"({"format":"json","by":"x"})"},
      {.method = "POST",
       .target = "/inc",
       .fields = kJson,
       .body = R"({"by":"x","format":"json"})"},
      {.method = "POST", .target = "/inc", .fields = kJson, .body = R"({"format":"json",})"},
  };
  for (const Sent& sent : asked)
    EXPECT_THAT(shown(sent), testing::HasSubstr(" {\"error\":\"")) << sent.target;
  for (const Sent& sent :
       {Sent{.target = "/get?format=text", .fields = json}, Sent{.target = "/metrics?format=json"}})
    EXPECT_THAT(shown(sent), testing::Not(testing::HasSubstr("{"))) << sent.target;
}

}  // namespace
}  // namespace counterd
