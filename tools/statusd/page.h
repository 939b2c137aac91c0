// page.h - what a path answers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace statusd {

struct Page {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
};

struct Route {
  std::string path;  // decoded
  Page page;
};

// A status that a final answer can have, 200 to 599.  Returns what is wrong with it, or nothing.
std::string parse_status(std::string_view text, int& out);
// PATH=BODY or PATH=CODE:BODY, added to `routes`.
std::string parse_route(std::string_view text, std::vector<Route>& routes);
// The page at a decoded path; null: none.
const Page* find_page(const std::vector<Route>& routes, std::string_view path);

}  // namespace statusd
