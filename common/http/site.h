// site.h - an HTTP daemon: its table of routes, and the parts that all HTTP daemons share.
//
// A daemon derives from Site, adds its routes in its constructor and answers them.  Health checks,
// /metrics, the page at "/", OPTIONS, 404 and 405, CORS, the check of the Host and the access log
// are here.  A daemon's own route overrides one of these.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/http/browser.h"
#include "common/http/server.h"

namespace net::http {

struct SiteOptions {
  SiteOptions() {
    server.default_address = "localhost:8080";
    server.idle_timeout = Millis(75'000);  // longer than the 60 s of most load balancers
    server.once_is_request = true;
  }
  ServerOptions server;
  BrowserOptions browser;
  bool access_log = false;
};
// --access-log, --allow-host, --allow-origin, --lame-duck, and the options that all daemons share.
void add_site_options(Cli& cli, SiteOptions& options);

inline constexpr std::string_view kGetMethods = "GET, HEAD, OPTIONS";

struct Route {
  std::string methods{kGetMethods};  // the value of Allow
  std::string usage = {};            // for the page at "/": how to call it; empty: not listed
  std::string summary = {};          // for the page at "/": its purpose
  BodyLimit body = {.bytes_max = 64 << 10, .keep = false};
  bool any_method = false;   // any method; `methods` only lists the usual ones
  bool own_options = false;  // `handle` also answers OPTIONS
  bool open = false;         // needs no token and accepts any Host
  bool is_check = false;     // OPTIONS gets the answer of GET if that is 5xx
  bool no_store = false;     // caches must not keep its answers
  std::function<Answer(const Request&)> handle = {};
};

class Site : public HttpService {
 public:
  // figures: of all loops.
  Site(Loop& loop, const SiteOptions& options, Figures& figures, std::string summary);

 protected:
  // path: canonical (target.h).
  Route& add(const std::string& path, Route route);
  // Removes the page at "/", for a daemon whose paths all belong to its user.
  void remove_index();
  // Adds the route for all paths that have none.
  void add_elsewhere(Route route) { elsewhere_.emplace(std::move(route)); }

  // Decides by its head whether to admit a request: returns nothing, or the refusal, such as 401.
  virtual std::optional<Response> authorize([[maybe_unused]] const Request& request) {
    return std::nullopt;
  }
  // The answer of /readyz, unless the daemon is stopping.
  virtual Answer ready();
  // The daemon's own metrics.
  virtual void append_metrics([[maybe_unused]] std::string& out) {}
  // The tool's name, what it is for, and the routes: as text/plain, or HTML by Accept.
  Response index(const Request& request) const;

  Answer answer(const Request& request) override;
  // Header lines of every answer; a Cache-Control among them replaces our own.
  void set_fields(std::string lines);

 private:
  std::optional<Response> admit(Request& head, const Stream& conn, BodyLimit& body) final;
  void answered(const Request& request, int status, std::size_t body_bytes,
                std::string_view peer) final;
  void decorate(const Request& request, std::string& head) final;
  const Route* find(std::string_view path) const;
  std::optional<Response> answer_options(const Request& request, const Route* route);
  Answer readyz();

  Response metrics();

  const bool access_log_;
  const BrowserOptions browser_;
  Figures& figures_;
  std::string summary_;
  std::string fields_;
  bool no_store_ = true;  // where a route or a refusal requires it
  std::map<std::string, Route, std::less<>> routes_;
  std::vector<std::string> order_;  // the paths, in the order in which they were added
  std::string methods_;             // the methods of all routes
  std::optional<Route> elsewhere_;
};

// A plain-text answer, such as "ok\n".
Response plain_answer(int status, std::string_view text);

}  // namespace net::http
