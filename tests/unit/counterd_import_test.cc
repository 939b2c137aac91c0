// The JSON list that counterd imports.
#include "tools/counterd/import.h"

#include <gtest/gtest.h>

#include "tools/counterd/answer.h"

namespace counterd {
namespace {

using namespace std::chrono_literals;

// "x=1 y=2", or what is wrong.
std::string shown(std::string_view json) {
  ListReader reader(json);
  std::string text;
  while (const auto entry = reader.next())
    text += (text.empty() ? "" : " ") + entry->name + "=" + std::to_string(entry->counter.value);
  return reader.why().empty() ? text : reader.why();
}

TEST(CounterdImport, ReadsAList) {
  const struct {
    const char* json;
    const char* shown;
  } table[] = {
      {"[]", ""},
      {" [\n]\n", ""},
      {R"([{"name":"x","value":1}])", "x=1"},
      {R"([ { "value" : -5 , "name" : "a b" } , {"name":"y","value":9223372036854775807} ])",
       "a b=-5 y=9223372036854775807"},
      {R"([{"name":"\"\\\/\u0416\ud83d\ude00é","value":0,"changed":1.5,"expires":2e9}])",
       "\"\\/Ж😀é=0"},
      {"", "line 1: '[' is expected"},
      {"{}", "line 1: '[' is expected"},
      {"[", "line 1: '{' is expected"},
      {"[{", "line 1: a string is expected"},
      {"[{}]", "line 1: a string is expected"},
      {"[]x", "line 1: unexpected data after the list"},
      {"[\n{\"name\":\"x\",\"value\":1},\n]", "line 3: '{' is expected"},
      {R"([{"name":"x"}])", "line 1: a counter has no \"value\""},
      {R"([{"value":1}])", "line 1: a counter has no \"name\""},
      {R"([{"name":"","value":1}])", "line 1: name is empty"},
      {R"([{"name":"a\nb","value":1}])", "line 1: name has a control character"},
      {R"([{"name":"\ud83d","value":1}])", "line 1: an invalid escape sequence in a string"},
      {R"([{"name":"\ude00","value":1}])", "line 1: an invalid escape sequence in a string"},
      {R"([{"name":"\u12","value":1}])", "line 1: an invalid escape sequence in a string"},
      {R"([{"name":"\u12_4","value":1}])", "line 1: an invalid escape sequence in a string"},
      {R"([{"name":"\x","value":1}])", "line 1: an invalid escape sequence in a string"},
      {R"([{"name":"x)", "line 1: an unterminated string"},
      {R"([{"name":"x\)", "line 1: an invalid escape sequence in a string"},
      {"[{\"name\":\"a\nb\"", "line 2: a control character in a string is not escaped"},
      {R"([{"name":"x","value":01}])", "line 1: a malformed number"},
      {R"([{"name":"x","value":1,"changed":1.}])", "line 1: a malformed number"},
      {R"([{"name":"x","value":1.5}])", "line 1: \"value\" is not a 64-bit integer"},
      {R"([{"name":"x","value":9223372036854775808}])",
       "line 1: \"value\" is not a 64-bit integer"},
      {R"([{"name":"x","value":"1"}])", "line 1: \"value\" is not a 64-bit integer"},
      {R"([{"name":"x","value":1,"changed":-1}])", "x=1"},
      {R"([{"name":"x","value":1,"changed":"1"}])",
       "line 1: a time is not a number of seconds since 1970"},
      {R"([{"name":"x","value":1,"expires":1e99}])",
       "line 1: a time is not a number of seconds since 1970"},
      {R"([{"name":"x","value":1,"changed":}])",
       "line 1: a time is not a number of seconds since 1970"},
      {R"([{"name":"x","vlaue":1}])", "line 1: a counter has no member \"vlaue\""},
      {R"([{"name":"x" "value":1}])", "line 1: '}' is expected"},
      {R"([{"name":"x","value":1,"name":"y"}])", "line 1: \"name\" is given twice"},
      {R"([{"name":"x","value":1,"value":1}])", "line 1: \"value\" is given twice"},
      {R"([{"name":"x","changed":1,"changed":2,"value":1}])", "line 1: \"changed\" is given twice"},
      {R"([{"name":"x","expires":3e9,"expires":4e9,"value":1}])",
       "line 1: \"expires\" is given twice"},
      {R"([{"name" "x"}])", "line 1: ':' is expected"},
  };
  for (const auto& row : table) EXPECT_EQ(shown(row.json), row.shown) << row.json;
}

// Whatever a prefix is, it is no list, and no byte behind it is looked at.
TEST(CounterdImport, EveryPrefixIsRefused) {
  const std::string json = R"([{"name":"\u0416\ud83d\ude00","value":-12,"changed":1.25}])";
  for (std::size_t size = 0; size < json.size(); ++size) {
    const std::vector<char> prefix(json.begin(), json.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(shown({prefix.data(), prefix.size()}).substr(0, 8), "line 1: ") << size;
  }
}

TEST(CounterdImport, ReadsWhatIsWritten) {
  const Counter counter{-7, Time(1'795'275'123'045ms), Time(1'895'275'123'999ms)};
  std::string json = "[";
  append_json(json, "\"Ж\\", counter);
  json += "]";
  ListReader reader(json);
  const auto entry = reader.next();
  ASSERT_TRUE(entry) << reader.why();
  EXPECT_EQ(entry->name, "\"Ж\\");
  EXPECT_EQ(entry->counter, counter);
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.why(), "");
}

TEST(CounterdImport, ReadsEveryTimeThatIsWritten) {
  for (const std::int64_t millis :
       {INT64_MIN + 1, std::int64_t{-1'000'000'000'001}, std::int64_t{-500}, std::int64_t{-1},
        std::int64_t{0}, std::int64_t{1}, std::int64_t{9'007'199'254'740'993}, INT64_MAX}) {
    std::string text;
    append_seconds(text, Time(Millis(millis)));
    EXPECT_EQ(parse_seconds(text), Time(Millis(millis))) << text;
  }
  EXPECT_EQ(parse_seconds("-0.5"), Time(Millis(-500)));
  EXPECT_EQ(parse_seconds("1.5000000"), Time(Millis(1500)));
  EXPECT_EQ(parse_seconds("2e3"), Time(Millis(2'000'000)));
  for (const char* bad : {"", "-", ".", ".5x", "1e99", "1 ", "--1", "1.2.3"})
    EXPECT_EQ(parse_seconds(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace counterd
