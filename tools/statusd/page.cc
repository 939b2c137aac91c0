#include "tools/statusd/page.h"

#include <algorithm>

#include "common/http/parser.h"
#include "common/http/query.h"
#include "common/http/target.h"
#include "common/net/address.h"

namespace statusd {

static std::string in_quotes(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string parse_status(std::string_view text, int& out) {
  std::uint64_t status = 0;
  if (text.size() != 3 || !net::parse_number(text, 200, 599, status))
    return in_quotes(text) + " is not a status from 200 to 599";
  out = static_cast<int>(status);
  return "";
}

// Whether the text begins with a CODE: three digits and a colon.
static bool has_code(std::string_view text) {
  const std::string_view code = text.substr(0, text.find(':'));
  return code.size() == 3 && code.size() < text.size() &&
         std::ranges::all_of(code, [](char c) { return c >= '0' && c <= '9'; });
}

// Removes a method, such as "POST ", from the front of `text`; false if what is there is not a
// method.
static bool take_method(std::string_view& text, std::string& method) {
  if (text.starts_with('/')) return true;
  const std::size_t size = text.find(' ');
  if (size == std::string_view::npos) return false;
  method = text.substr(0, size);
  text.remove_prefix(std::min(text.find_first_not_of(' ', size), text.size()));
  return !method.empty() && text.starts_with('/') &&
         std::ranges::all_of(method, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
}

std::string parse_route(std::string_view text, std::vector<Route>& routes) {
  const std::string quoted = in_quotes(text);
  Route route;
  const bool has_method = take_method(text, route.method);
  const std::size_t equals = text.find('=');
  if (!has_method || equals == std::string_view::npos)
    return quoted + " is not [METHOD ]PATH=[CODE:]BODY with a PATH that begins with a /";
  const std::string_view path = text.substr(0, equals);
  if (!net::http::percent_decoded(path)) return in_quotes(path) + " has a malformed %-sequence";
  if (path.find_first_of("?#") != std::string_view::npos)
    return in_quotes(path) + " is not a path alone: it has a query or a fragment";
  if (route.method == "HEAD" || route.method == "CONNECT")
    return route.method + " cannot have a route";
  if (route.method != "ANY" && !net::http::is_method(route.method))
    return in_quotes(route.method) + " is not a method of HTTP";
  route.path = net::http::canonical_path(path);
  for (const Route& other : routes)
    if (other.path == route.path && other.method == route.method)
      return in_quotes(path) + " is given twice";

  std::string_view body = text.substr(equals + 1);
  if (has_code(body)) {
    std::string wrong = parse_status(body.substr(0, 3), route.page.status);
    if (!wrong.empty()) return wrong;
    body.remove_prefix(4);
  }
  route.page.body = body;
  routes.push_back(std::move(route));
  return "";
}

const Page* find_page(const std::vector<Route>& routes, std::string_view path,
                      std::string_view method) {
  if (method == "HEAD") method = "GET";
  const Page* any = nullptr;
  for (const Route& route : routes) {
    if (route.path != path) continue;
    if (route.method == method) return &route.page;
    if (route.method == "ANY") any = &route.page;
  }
  return any;
}

std::string methods_of(const std::vector<Route>& routes, std::string_view path) {
  if (find_page(routes, path, "ANY") != nullptr)
    return "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
  std::string methods;
  for (const Route& route : routes)
    if (route.path == path && route.method != "OPTIONS")
      methods += (route.method == "GET" ? "GET, HEAD" : route.method) + ", ";
  return methods + "OPTIONS";
}

}  // namespace statusd
