// page.h - the answer at a path.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace statusd {

struct Page {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
  bool is_default = false;  // the body is the default for the status
};

struct Route {
  std::string path = {};       // canonical
  std::string method = "GET";  // GET includes HEAD; "ANY": every method
  Page page = {};
};

// Parses the status of a final answer, 200 to 599.  Returns an error, or an empty string.
std::string parse_status(std::string_view text, int& out);
// Parses [METHOD ]PATH=[CODE:]BODY and adds it to `routes`.
std::string parse_route(std::string_view text, std::vector<Route>& routes);
// The page at a canonical path for a method: that of the method itself, or of ANY; null: none.
const Page* find_page(const std::vector<Route>& routes, std::string_view path,
                      std::string_view method = "GET");
// The value of Allow for a path: the methods of its routes and OPTIONS.
std::string methods_of(const std::vector<Route>& routes, std::string_view path);

}  // namespace statusd
