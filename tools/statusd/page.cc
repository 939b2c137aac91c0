#include "tools/statusd/page.h"

#include <algorithm>

#include "common/http/query.h"
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

// Whether there is a CODE in front, which is three digits and a colon.
static bool has_code(std::string_view text) {
  const std::string_view code = text.substr(0, text.find(':'));
  return code.size() == 3 && code.size() < text.size() &&
         std::ranges::all_of(code, [](char c) { return c >= '0' && c <= '9'; });
}

std::string parse_route(std::string_view text, std::vector<Route>& routes) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || !text.starts_with('/'))
    return in_quotes(text) + " is not PATH=BODY or PATH=CODE:BODY with a PATH that begins with a /";
  const std::string_view path = text.substr(0, equals);
  const auto decoded = net::http::percent_decoded(path);
  if (!decoded) return in_quotes(path) + " has a malformed %-sequence";
  if (path.find_first_of("?#") != std::string_view::npos)
    return in_quotes(path) + " goes on after the path";
  if (find_page(routes, *decoded) != nullptr) return in_quotes(path) + " is given twice";

  Page page;
  std::string_view body = text.substr(equals + 1);
  if (has_code(body)) {
    std::string wrong = parse_status(body.substr(0, 3), page.status);
    if (!wrong.empty()) return wrong;
    body.remove_prefix(4);
  }
  page.body = body;
  routes.push_back({*decoded, page});
  return "";
}

const Page* find_page(const std::vector<Route>& routes, std::string_view path) {
  for (const Route& route : routes)
    if (route.path == path) return &route.page;
  return nullptr;
}

}  // namespace statusd
