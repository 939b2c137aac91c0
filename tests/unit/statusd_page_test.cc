// Routes: which path answers what.
#include "tools/statusd/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace statusd {
namespace {

using testing::HasSubstr;

TEST(Status, IsOfAFinalAnswer) {
  for (const char* right : {"200", "204", "404", "599"}) {
    int status = 0;
    EXPECT_EQ(parse_status(right, status), "") << right;
    EXPECT_EQ(std::to_string(status), right);
  }
  for (const char* wrong :
       {"", "0", "99", "100", "199", "600", "0200", "20", "+200", "2 0", "OK"}) {
    int status = 7;
    EXPECT_THAT(parse_status(wrong, status), HasSubstr("is not a status from 200 to 599")) << wrong;
    EXPECT_EQ(status, 7);
  }
}

TEST(Route, PathsCodesAndBodies) {
  struct Row {
    const char* text;
    const char* path;
    int status;
    const char* body;
  };
  const Row table[] = {
      {"/hello=Hello", "/hello", 200, "Hello"},
      {"/=root", "/", 200, "root"},
      {"/x=", "/x", 200, ""},
      {"/x=a=b", "/x", 200, "a=b"},
      {"/x=404:gone", "/x", 404, "gone"},
      {"/x=204:", "/x", 204, ""},
      {"/x=404", "/x", 200, "404"},
      {"/x=40:4", "/x", 200, "40:4"},
      {"/x=4040:4", "/x", 200, "4040:4"},
      {"/x=abc:d", "/x", 200, "abc:d"},
      {"/x=:d", "/x", 200, ":d"},
      {"/x=200:404:d", "/x", 200, "404:d"},
      {"/x=a\nb\n", "/x", 200, "a\nb\n"},
      {"/a%20b%3D=x", "/a%20b%3D", 200, "x"},
      {"/a b=x", "/a%20b", 200, "x"},
      {"/a+b=x", "/a+b", 200, "x"},
      {"/ü=ö", "/%C3%BC", 200, "ö"},
      {"/%61%2f%7e=x", "/a%2F~", 200, "x"},
  };
  for (const Row& row : table) {
    std::vector<Route> routes;
    EXPECT_EQ(parse_route(row.text, routes), "") << row.text;
    const Page* page = find_page(routes, row.path);
    ASSERT_NE(page, nullptr) << row.text;
    EXPECT_EQ(page->status, row.status) << row.text;
    EXPECT_EQ(page->body, row.body) << row.text;
  }
}

TEST(Route, WhatIsNoneChangesNothing) {
  struct Row {
    const char* text;
    const char* why;
  };
  const Row table[] = {
      {"", "is not [METHOD ]PATH="},
      {"hello=Hello", "is not [METHOD ]PATH="},
      {"/hello", "is not [METHOD ]PATH="},
      {"=x", "is not [METHOD ]PATH="},
      {"*=x", "is not [METHOD ]PATH="},
      {"get /x=y", "is not [METHOD ]PATH="},
      {"FOO /x=y", "'FOO' is not a method of HTTP"},
      {"CONNECT /x=y", "CONNECT cannot have a route"},
      {"/a?b=c", "has a query or a fragment"},
      {"/a#b=c", "has a query or a fragment"},
      {"/%=x", "malformed %-sequence"},
      {"/%4g=x", "malformed %-sequence"},
      {"/x=100:y", "'100' is not a status from 200 to 599"},
      {"/x=999:y", "'999' is not a status from 200 to 599"},
      {"/here=again", "is given twice"},
      {"/%68ere=again", "is given twice"},
  };
  for (const Row& row : table) {
    std::vector<Route> routes{{.path = "/here"}};
    EXPECT_THAT(parse_route(row.text, routes), HasSubstr(row.why)) << row.text;
    EXPECT_EQ(routes.size(), 1u);
  }
}

TEST(Route, IsFoundByItsWholePath) {
  std::vector<Route> routes;
  EXPECT_EQ(parse_route("/a=1", routes), "");
  EXPECT_EQ(parse_route("/a/b=2", routes), "");
  EXPECT_EQ(find_page(routes, "/a")->body, "1");
  EXPECT_EQ(find_page(routes, "/a/b")->body, "2");
  for (const char* other : {"", "/", "/A", "/a/", "/a/b/c", "a", "*"})
    EXPECT_EQ(find_page(routes, other), nullptr) << other;
}

}  // namespace
}  // namespace statusd
