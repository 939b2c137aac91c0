// counterd's answers: outcomes, JSON and the token.
#include "tools/counterd/answer.h"

#include <gtest/gtest.h>

#include "tools/counterd/token.h"

namespace counterd {
namespace {

using namespace std::chrono_literals;

constexpr Time kChanged{1'795'275'123'045ms};

Call call(Command::Kind kind, Call::Show show = Call::kOk, bool json = false) {
  return {.show = show, .json = json, .command = {.kind = kind, .name = "x"}};
}

Outcome done(std::int64_t before, std::int64_t after) {
  return {.before = before, .counter = {.value = after, .changed = kChanged}};
}

std::string shown(const Response& response) {
  return std::to_string(response.status) + " " + response.body;
}

TEST(CounterdAnswer, IsOkOrAValue) {
  EXPECT_EQ(shown(answer_to(call(Command::kInc), done(1, 2))), "200 ok\n");
  EXPECT_EQ(shown(answer_to(call(Command::kInc, Call::kNew), done(1, 2))), "200 x: 2\n");
  EXPECT_EQ(shown(answer_to(call(Command::kReset, Call::kOld), done(-1, 0))), "200 x: -1\n");
}

TEST(CounterdAnswer, InJsonIsTheCounter) {
  const Response response = answer_to(call(Command::kInc, Call::kOk, true), done(1, 2));
  EXPECT_EQ(response.body, "{\"name\":\"x\",\"value\":2,\"changed\":1795275123.045}\n");
  EXPECT_EQ(response.content_type, "application/json");
  Outcome brief = done(7, 0);
  brief.counter.expires = kChanged + 1s;
  EXPECT_EQ(answer_to(call(Command::kReset, Call::kOld, true), brief).body,
            "{\"name\":\"x\",\"value\":7,\"changed\":1795275123.045,\"expires\":1795275124.045}\n");
}

TEST(CounterdAnswer, SaysWhyNot) {
  Call cas = call(Command::kCas);
  cas.command.expected = 5;
  Outcome outcome = done(7, 7);
  const struct {
    Outcome::Status status;
    std::string shown;
  } table[] = {
      {Outcome::kNotFound, "404 x not found\n"},
      {Outcome::kMismatch, "409 x is 7, not 5\n"},
      {Outcome::kOverflow, "409 x is 7: the sum does not fit 64 bits\n"},
      {Outcome::kTooMany, "507 on strike\n"},
      {Outcome::kUnavailable, "503 the store is unavailable: on strike\n"},
      {Outcome::kNoSpace, "507 the store is full: on strike\n"},
      {Outcome::kRefused, "500 the store refused the request: on strike\n"},
      {Outcome::kForeign, "409 x: the key of this name in the store is not a counter\n"},
      {Outcome::kReused, "409 op: this token belongs to another request\n"},
      {Outcome::kCrossSlot,
       "400 these counters are on different servers of the cluster (use {tags} in their names)\n"},
      {Outcome::kUnknown, "504 the change may have been made: on strike\n"},
  };
  outcome.why = "on strike";
  for (const auto& row : table) {
    outcome.status = row.status;
    EXPECT_EQ(shown(answer_to(cas, outcome)), row.shown);
  }
  outcome.why.clear();
  outcome.status = Outcome::kTooMany;
  EXPECT_EQ(shown(answer_to(cas, outcome)), "507 x would exceed --max-counters\n");
  cas.json = true;
  cas.command.name = "\"\\";
  outcome.status = Outcome::kNotFound;
  EXPECT_EQ(answer_to(cas, outcome).body, "{\"error\":\"\\\"\\\\ not found\"}\n");
}

TEST(CounterdAnswer, OfSeveralNamesHasALineForEach) {
  Call several = call(Command::kInc, Call::kNew);
  several.command.others = {"y", "z"};
  Outcome outcome = done(1, 2);
  outcome.others = {done(0, 3), done(0, 4)};
  EXPECT_EQ(shown(answer_to(several, outcome)), "200 x: 2\ny: 3\nz: 4\n");
  several.show = Call::kOk;
  EXPECT_EQ(shown(answer_to(several, outcome)), "200 ok\n");
  several.json = true;
  EXPECT_EQ(answer_to(several, outcome).body,
            "[\n{\"name\":\"x\",\"value\":2,\"changed\":1795275123.045},\n"
            "{\"name\":\"y\",\"value\":3,\"changed\":1795275123.045},\n"
            "{\"name\":\"z\",\"value\":4,\"changed\":1795275123.045}\n]\n");
  several.json = false;
  EXPECT_EQ(shown(answer_to(several, {.status = Outcome::kNotFound, .failed = 2})),
            "404 z not found\n");
}

TEST(CounterdAnswer, OnlyWhatWaitingCuresHasRetryAfter) {
  EXPECT_EQ(failure(Outcome::kUnavailable, false, "").fields, "Retry-After: 1\r\n");
  for (const auto status : {Outcome::kNoSpace, Outcome::kRefused, Outcome::kUnknown})
    EXPECT_EQ(failure(status, false, "").fields, "");
}

TEST(CounterdAnswer, HasTimesBefore1970) {
  const std::pair<std::int64_t, const char*> table[] = {{0, "0.000"},
                                                        {-1, "-0.001"},
                                                        {-500, "-0.500"},
                                                        {-1000, "-1.000"},
                                                        {-1500, "-1.500"},
                                                        {1500, "1.500"},
                                                        {INT64_MAX, "9223372036854775.807"},
                                                        {INT64_MIN + 1, "-9223372036854775.807"}};
  for (const auto& [millis, text] : table) {
    std::string out;
    append_seconds(out, Time(Millis(millis)));
    EXPECT_EQ(out, text);
  }
}

// ---- the token ----

bool admits(const Token& token, std::string_view authorization) {
  const net::http::Field field{"Authorization", authorization};
  Request request;
  if (!authorization.empty()) request.fields = {&field, 1};
  return token.admits(request);
}

TEST(CounterdToken, AdmitsWhoShowsIt) {
  EXPECT_TRUE(admits(Token(), ""));
  const Token token("s3cret");
  EXPECT_TRUE(admits(token, "Bearer s3cret"));
  EXPECT_TRUE(admits(token, "bearer  s3cret"));
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crets",
                            "Bearer s3creT", "Basic s3cret", "s3cret", "Bearer s3crets3cret"})
    EXPECT_FALSE(admits(token, wrong)) << wrong;
}

// A proxy in front might have looked at the other one.
TEST(CounterdToken, IsInOneFieldAlone) {
  const Token token("s3cret");
  for (const char* other : {"Bearer s3cret", "Bearer other", "Basic other", ""}) {
    const net::http::Field fields[] = {{"Authorization", "Bearer s3cret"},
                                       {"authorization", other}};
    Request request;
    request.fields = fields;
    EXPECT_FALSE(token.admits(request)) << other;
  }
}

}  // namespace
}  // namespace counterd
