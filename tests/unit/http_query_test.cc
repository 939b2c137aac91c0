// Query strings and percent-encoding.
#include "common/http/query.h"

#include <gtest/gtest.h>

namespace net::http {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct QueryRow {
  std::string_view text;
  Pairs pairs;
};

const QueryRow kQueries[] = {
    {"", {}},
    {"a=1", {{"a", "1"}}},
    {"a=1&b=2", {{"a", "1"}, {"b", "2"}}},
    {"a=1&a=2&a=1", {{"a", "1"}, {"a", "2"}, {"a", "1"}}},
    {"a", {{"a", ""}}},
    {"a=", {{"a", ""}}},
    {"=1", {{"", "1"}}},
    {"=", {{"", ""}}},
    {"a=b=c", {{"a", "b=c"}}},
    {"&", {}},
    {"&&a=1&&b=2&&", {{"a", "1"}, {"b", "2"}}},
    {"a=x%20y+z", {{"a", "x y z"}}},
    {"a+b%3D=%26%2B%25", {{"a b=", "&+%"}}},
    {"a=%c3%A4", {{"a", "\xc3\xa4"}}},
    {"a=%00", {{"a", std::string(1, '\0')}}},
    {"a=1;b=2", {{"a", "1;b=2"}}},
    {"a=?/:@", {{"a", "?/:@"}}},
};

TEST(HttpQuery, Pairs) {
  for (const QueryRow& row : kQueries) {
    const auto query = Query::parse(row.text);
    ASSERT_TRUE(query) << row.text;
    EXPECT_EQ(query->pairs(), row.pairs) << row.text;
  }
}

TEST(HttpQuery, BadPercentSequencesAreErrors) {
  for (const std::string_view text : {"%", "a=%", "a=%4", "a=%4&b=1", "a=%g0", "a=%0g", "a=%%41",
                                      "%4=1", "a=1&b=%-1", "a=% 1", "a=%+1", "a=%0x"}) {
    EXPECT_FALSE(Query::parse(text)) << text;
    EXPECT_FALSE(percent_decoded(text)) << text;
  }
}

TEST(HttpQuery, ByKey) {
  const auto query = Query::parse("a=1&b=&a=2&c");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->get("a"), "1");
  EXPECT_EQ(query->get("b"), "");
  EXPECT_EQ(query->get("c"), "");
  EXPECT_FALSE(query->get("d"));
  EXPECT_FALSE(query->get("A"));
  EXPECT_EQ(query->all("a"), (std::vector<std::string_view>{"1", "2"}));
  EXPECT_TRUE(query->all("d").empty());
}

TEST(HttpQuery, PlusIsItselfInAPath) {
  EXPECT_EQ(percent_decoded("/a+b%20c%2F"), "/a+b c/");
  EXPECT_EQ(percent_decoded(""), "");
}

}  // namespace
}  // namespace net::http
