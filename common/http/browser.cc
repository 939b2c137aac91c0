#include "common/http/browser.h"

#include <algorithm>
#include <utility>

#include "common/http/gate.h"
#include "common/http/target.h"
#include "common/net/address.h"

namespace net::http {

namespace {

std::string_view without_port(std::string_view host) {
  const std::size_t bracket = host.find(']');
  if (bracket != std::string_view::npos) return host.substr(0, bracket + 1);
  return host.substr(0, host.find(':'));
}

bool is_ip(std::string_view host) {
  if (host.starts_with('[')) return true;  // is_host() has checked that it is an address
  return std::ranges::all_of(host, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

bool is_localhost(std::string_view host) {
  constexpr std::string_view kLocalhost = "localhost";
  if (host.size() > kLocalhost.size()) {
    const std::size_t dot = host.size() - kLocalhost.size() - 1;
    if (host[dot] != '.') return false;
    host.remove_prefix(dot + 1);
  }
  return equal_ignoring_case(host, kLocalhost);
}

// A trailing dot makes a name absolute; hosts are compared without it.
std::string_view without_dot(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

// Removes the port that browsers leave out of an origin, because it is the default.
std::string_view without_default_port(std::string_view origin) {
  static constexpr std::pair<std::string_view, std::string_view> kDefaults[] = {
      {"http://", ":80"}, {"https://", ":443"}};
  for (const auto& [scheme, port] : kDefaults)
    if (equal_ignoring_case(origin.substr(0, scheme.size()), scheme) && origin.ends_with(port))
      origin.remove_suffix(port.size());
  return origin;
}

// Whether a request can have this host; *.example.org could never match.
bool is_name(std::string_view host) {
  return !host.empty() && is_host(host) && host.find('*') == host.npos;
}

}  // namespace

std::string parse_allowed_host(std::string_view text, BrowserOptions& options) {
  const std::string_view host = without_port(text);
  if (text != "*" && (host != text || !is_name(host)))
    return "'" + std::string(text) + "' is not a host name without a port, or *";
  options.hosts.emplace_back(text);
  return "";
}

std::string parse_allowed_origin(std::string_view text, BrowserOptions& options) {
  const std::size_t scheme = text.find("://");
  const bool has_scheme = scheme != std::string_view::npos && scheme > 0;
  const std::string_view host = has_scheme ? text.substr(scheme + 3) : std::string_view();
  if (text != "*" && text != "null" && !is_name(host))
    return "'" + std::string(text) + "' is not an origin (try https://app.example.org, or *)";
  options.origins.emplace_back(without_default_port(text));
  return "";
}

bool is_our_host(std::string_view host, const BrowserOptions& options) {
  if (options.hosts.empty() && options.any_host) return true;
  host = without_dot(without_port(host));
  return is_ip(host) || is_localhost(host) ||
         std::ranges::any_of(options.hosts, [host](std::string_view ours) {
           return ours == "*" || equal_ignoring_case(without_dot(ours), host);
         });
}

bool is_allowed_origin(std::string_view origin, const BrowserOptions& options) {
  return std::ranges::any_of(options.origins, [origin](std::string_view allowed) {
    return allowed == "*" || equal_ignoring_case(allowed, origin);
  });
}

bool is_cross_site(const Request& request, const BrowserOptions& options) {
  return request.field("Sec-Fetch-Site") == "cross-site" &&
         !(!request.field("Origin").empty() && is_allowed_origin(request.field("Origin"), options));
}

void append_cors(std::string& head, const Request& request, const BrowserOptions& options) {
  const bool any = std::ranges::find(options.origins, "*") != options.origins.end();
  if (!any) head.append("Vary: Origin\r\n");
  const std::string_view origin = request.field("Origin");
  if (origin.empty() || !is_allowed_origin(origin, options)) return;
  head.append("Access-Control-Allow-Origin: ").append(any ? "*" : origin).append("\r\n");
}

bool is_preflight(const Request& request) {
  return request.method == "OPTIONS" && !request.field("Origin").empty() &&
         !request.field("Access-Control-Request-Method").empty();
}

// Whether it is a list of tokens, as browsers send it.
static bool is_list(std::string_view names) {
  return std::ranges::all_of(names, [](char c) {
    const std::string_view one(&c, 1);
    std::string_view rest = one;
    return c == ',' || c == ' ' || take_token(rest);
  });
}

void append_preflight(std::string& fields, const Request& request, std::string_view methods) {
  fields.append("Access-Control-Allow-Methods: ").append(methods).append("\r\n");
  const std::string_view names = request.field("Access-Control-Request-Headers");
  if (!names.empty() && is_list(names))
    fields.append("Access-Control-Allow-Headers: ").append(names).append("\r\n");
  if (request.field("Access-Control-Request-Private-Network") == "true")
    fields.append("Access-Control-Allow-Private-Network: true\r\n");
  fields.append("Access-Control-Max-Age: 600\r\n");
}

}  // namespace net::http
