#include "common/http/site.h"

#include <arpa/inet.h>
#include <strings.h>

#include <ctime>

#include "common/cli/log.h"
#include "common/http/accept.h"
#include "common/http/access_log.h"
#include "common/net/address.h"

namespace net::http {

using namespace std::string_view_literals;  // append(const char*) calls strlen and is not inlined

void add_site_options(Cli& cli, SiteOptions& o) {
  cli.flag("access-log", "log each request on standard error", [&o] {
    o.access_log = true;
    read_time_zone();
  });
  cli.option("allow-host", "NAME", "also serve requests for host NAME; *: any; may be repeated",
             [&o](std::string_view text) { return parse_allowed_host(text, o.browser); });
  cli.option("allow-origin", "ORIGIN",
             "let web pages of ORIGIN read answers (CORS); *: all; may be repeated",
             [&o](std::string_view text) { return parse_allowed_origin(text, o.browser); });
  cli.option("lame-duck", "T", "on SIGTERM, keep serving for T with /readyz 503 (0)",
             duration(o.server.lame_duck));
  add_server_options(cli, o.server);
}

Response plain_answer(int status, std::string_view text) {
  Response response;
  response.status = status;
  response.body = text;
  return response;
}

// The names on which we listen count as allowed hosts.
static BrowserOptions with_names(const SiteOptions& options) {
  BrowserOptions browser = options.browser;
  if (browser.hosts.empty() && browser.any_host) return browser;
  for (const std::string& text : options.server.addresses) {
    Address address;
    std::string why;
    if (Address::parse(text, address, why) && address.kind == Address::kTcp)
      browser.hosts.push_back(address.host);
  }
  return browser;
}

Site::Site(Loop& loop, const SiteOptions& options, Figures& figures, std::string summary)
    : HttpService(loop, {.idle_timeout = options.server.idle_timeout,
                         .once = options.server.once,
                         .logs_peers = options.access_log}),
      access_log_(options.access_log),
      browser_(with_names(options)),
      figures_(figures),
      summary_(std::move(summary)) {
  figures.watch(tally());
  add("/livez", {.summary = "200 while the daemon runs",
                 .open = true,
                 .no_store = true,
                 .handle = [](const Request&) { return plain_answer(200, "ok\n"); }});
  add("/readyz", {.summary = "200 when it is ready, otherwise 503",
                  .open = true,
                  .is_check = true,
                  .no_store = true,
                  .handle = [this](const Request&) { return readyz(); }});
  add("/metrics", {.summary = "metrics for Prometheus",
                   .open = true,
                   .no_store = true,
                   .handle = [this](const Request&) { return metrics(); }});
  add("/", {.open = true, .no_store = true, .handle = [this](const Request& request) {
              return index(request);
            }});
}

Route& Site::add(const std::string& path, Route route) {
  std::string_view methods = route.methods;
  while (!methods.empty()) {
    const std::string_view method = methods.substr(0, methods.find(','));
    methods.remove_prefix(std::min(method.size() + 2, methods.size()));
    if (!lists(methods_, method)) methods_.append(methods_.empty() ? "" : ", ").append(method);
  }
  if (!routes_.contains(path)) order_.push_back(path);
  return routes_[path] = std::move(route);
}

void Site::remove_index() {
  routes_.erase("/");
  std::erase(order_, "/");
}

const Route* Site::find(std::string_view path) const {
  const auto found = routes_.find(path);
  if (found != routes_.end()) return &found->second;
  return elsewhere_ ? &*elsewhere_ : nullptr;
}

// --- before the body ---

static bool is_loopback(const Stream& conn) {
  const SockAddr local = SockAddr::local(conn.fd());
  if (local.family() == AF_INET)
    return ntohl(reinterpret_cast<const sockaddr_in*>(local.get())->sin_addr.s_addr) >> 24 == 127;
  if (local.family() != AF_INET6) return false;
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6*>(local.get())->sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

std::optional<Response> Site::admit(Request& head, const Stream& conn, BodyLimit& body) {
  const Route* route = find(head.path);
  head.route = route;
  if (head.method == "OPTIONS") {
    auto response = answer_options(head, route);
    if (response) return response;
  }
  if (route == nullptr || !route->open) {
    if (!is_our_host(head.host, browser_) && is_loopback(conn))
      return refusal(head, 403, "This Host is not served here (see --allow-host).");
    auto response = authorize(head);
    if (response) return response;
  }
  if (route == nullptr) return refusal(head, 404, "There is nothing at this path.");
  if (!route->any_method && !lists(route->methods, head.method)) {
    Response response = refusal(head, 405, "This path does not have this method.");
    response.add("Allow", route->methods);
    return response;
  }
  if (head.encoded) {
    Response response = refusal(head, 415, "A body with a Content-Encoding is not accepted.");
    response.add("Accept-Encoding", "identity");
    return response;
  }
  body = route->body;
  return std::nullopt;
}

// Returns nothing if the path does not exist or the answer depends on what GET would return.
std::optional<Response> Site::answer_options(const Request& request, const Route* route) {
  const bool whole_server = request.path == "*";
  if (route == nullptr && !whole_server) return std::nullopt;
  const std::string& methods = whole_server ? methods_ : route->methods;
  const bool preflight =
      is_preflight(request) && is_allowed_origin(request.field("Origin"), browser_);
  if (!whole_server && (route->is_check || route->own_options) && !preflight) return std::nullopt;
  Response response;
  response.status = 204;
  response.add("Allow", methods);
  if (preflight) append_preflight(response.fields, request, methods);
  return response;
}

// --- answers ---

static Response as_options(Response response, std::string_view methods) {
  if (response.status < 500) {
    Response none = plain_answer(204, "");
    none.latency = response.latency;
    none.fault = response.fault;
    response = std::move(none);
  }
  response.add("Allow", methods);
  return response;
}

static Task<Response> as_options_later(Task<Response> get, std::string methods) {
  Response response = co_await std::move(get);
  co_return as_options(std::move(response), methods);
}

Answer Site::answer(const Request& request) {
  const Route& route = *request.route;
  if (request.method != "OPTIONS" || route.own_options) return route.handle(request);
  Answer get = route.handle(request);
  if (auto* response = std::get_if<Response>(&get))
    return as_options(std::move(*response), route.methods);
  return as_options_later(std::move(std::get<Task<Response>>(get)), route.methods);
}

Answer Site::ready() { return plain_answer(200, "ok\n"); }

Answer Site::readyz() {
  if (stopping()) return plain_answer(503, "not ready: the server is stopping\n");
  return ready();
}

Response Site::metrics() {
  Response response = plain_answer(200, figures_.text());
  append_metrics(response.body);
  response.content_type = Figures::kContentType;
  return response;
}

static std::string html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const std::string_view entity = c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : "";
    if (entity.empty())
      out += c;
    else
      out += entity;
  }
  return out;
}

Response Site::index(const Request& request) const {
  const bool as_html = prefers(request, "text/html", "text/plain");
  const std::string& name = figures_.daemon();
  Response response;
  std::string& out = response.body;
  if (as_html) {
    response.content_type = "text/html; charset=utf-8";
    response.add("Content-Security-Policy", "default-src 'none'");
    out = "<!doctype html>\n<title>" + name + "</title>\n<h1>" + name + "</h1>\n<p>" +
          html(summary_) + "</p>\n<dl>\n";
  } else {
    out = name + ": " + summary_ + "\n\n";
  }
  response.add("Vary", "Accept");
  for (const bool checks : {false, true})  // the daemon's own routes come first
    for (const std::string& path : order_) {
      const Route& route = routes_.find(path)->second;
      if (route.summary.empty() || route.open != checks) continue;
      const std::string& usage = route.usage.empty() ? path : route.usage;
      if (as_html)
        out += "<dt><a href=\"" + html(path) + "\">" + html(usage) + "</a></dt>\n<dd>" +
               html(route.summary) + "</dd>\n";
      else
        out += usage + "\n    " + route.summary + "\n";
    }
  out += as_html ? "</dl>\n<p>See " + name + "(8).</p>\n" : "\nSee " + name + "(8).\n";
  return response;
}

// --- around them ---

void Site::set_fields(std::string lines) {
  no_store_ = true;
  for (std::size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1)
    if (strncasecmp(&lines[at], "Cache-Control:", 14) == 0) no_store_ = false;
  fields_ = std::move(lines);
}

void Site::decorate(const Request& request, std::string& head) {
  const bool known = request.route != nullptr;
  if (no_store_ && (!known || request.route->no_store))
    head.append("Cache-Control: no-store\r\n"sv);
  if (!fields_.empty()) head.append(fields_);
  if (!browser_.origins.empty()) append_cors(head, request, browser_);
}

void Site::answered(const Request& request, int status, std::size_t body_bytes,
                    std::string_view peer) {
  if (!access_log_) return;
  const Access access{.host = peer,
                      .method = request.method,
                      .target = request.target,
                      .minor = request.minor,
                      .status = status,
                      .body_bytes = body_bytes};
  log::plain("%s", log_line(access, std::time(nullptr)).c_str());
}

}  // namespace net::http
