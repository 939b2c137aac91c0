// statusd - answers that all is well, or whatever else it is told to answer.
//
// Protocol: HTTP/1.1.  GET on any path, or on those of --route, gives one fixed answer; /livez,
// /readyz and /metrics are for who watches the service.  With --once, -m 1 and --delay it is the
// one-shot, the sequential and the concurrent server of every tutorial.

#include <ctime>
#include <random>
#include <string>

#include "common/cli/cli.h"
#include "common/cli/log.h"
#include "common/http/query.h"
#include "common/http/server.h"
#include "common/net/address.h"
#include "tools/statusd/access_log.h"
#include "tools/statusd/metrics.h"
#include "tools/statusd/options.h"

namespace {

using net::Error;
using net::Task;
using net::http::Answer;
using net::http::Body;
using net::http::error_response;
using net::http::Request;
using net::http::Response;
using statusd::Metrics;
using statusd::Options;
using statusd::Page;

constexpr const char* kMethods = "GET, HEAD, OPTIONS";

class Status final : public net::http::HttpService {
 public:
  Status(net::Loop& loop, const Options& options, Metrics& metrics)
      : HttpService(loop, {.idle_timeout = options.server.idle_timeout}),
        loop_(loop),
        options_(options),
        metrics_(metrics) {}
  void stop_soon() override { stopping_ = true; }

 private:
  Answer answer(const Request& request) override;
  void answered(const Request& request, int status, std::size_t body_bytes,
                const net::Stream& conn) override;
  std::optional<Response> for_watchers(std::string_view path) const;
  Response finished(Response response) const;
  bool ready() const;

  net::Loop& loop_;
  const Options& options_;
  Metrics& metrics_;  // of all threads
  statusd::Dice dice_{std::random_device{}()};
  bool stopping_ = false;
};

Response show(const Page& page) {
  Response response;
  response.status = page.status;
  response.body = page.body;
  response.content_type = page.content_type;
  return response;
}

Task<Response> later(net::Loop& loop, net::Millis latency, Response response) {
  (void)co_await net::sleep(loop, latency);  // cancelled: nobody waits for the answer any more
  co_return response;
}

// The text is there at once, its end only after the delay: so the client waits too, as it does for
// a server that sleeps before it closes.
Task<Error> hold(net::Loop& loop, Body& body, std::string text, net::Millis delay) {
  Error e = co_await body.write(text);
  if (!e) e = co_await net::sleep(loop, delay);
  co_return e;
}

Answer Status::answer(const Request& request) {
  const std::string path =
      net::http::percent_decoded(request.path).value_or(std::string(request.path));
  const Page* page = statusd::find_page(options_.routes, path);
  const auto watched = page == nullptr ? for_watchers(path) : std::nullopt;
  if (page == nullptr && options_.elsewhere) page = &*options_.elsewhere;
  const auto other = net::http::check_method(request, kMethods);
  const bool whole_server = other && request.path == "*";  // OPTIONS *
  if (page == nullptr && !watched && !whole_server)
    return finished(error_response(404, "There is nothing at this path."));
  if (other) return finished(*other);
  if (watched) return finished(*watched);

  Response response = dice_.fails(options_.trouble)
                          ? error_response(500, "This answer fails on purpose.")
                          : show(*page);
  const net::Millis latency = dice_.latency(options_.trouble);
  response = finished(std::move(response));
  if (latency == net::Millis::zero()) return response;
  return later(loop_, latency, std::move(response));
}

// What every service tells those who watch it, at its usual paths.
std::optional<Response> Status::for_watchers(std::string_view path) const {
  Response response;
  if (path == "/livez") {
    response = show({200, "ok\n"});
  } else if (path == "/readyz") {
    response = ready() ? show({200, "ok\n"}) : show({503, "not ready\n"});
  } else if (path == "/metrics") {
    response.content_type = Metrics::kContentType;
    response.body = metrics_.text(ready());
  } else {
    return std::nullopt;
  }
  response.add("Cache-Control", "no-store");
  return response;
}

Response Status::finished(Response response) const {
  response.fields += options_.fields;
  response.close = options_.server.once;  // one request, not one connection
  if (options_.delay > net::Millis::zero() && !response.body.empty()) {
    response.stream = [this, text = response.body](Body& body) {
      return hold(loop_, body, text, options_.delay);
    };
  }
  return response;
}

bool Status::ready() const {
  return !stopping_ &&
         (options_.ready_file.empty() || access(options_.ready_file.c_str(), F_OK) == 0);
}

void Status::answered(const Request& request, int status, std::size_t body_bytes,
                      const net::Stream& conn) {
  metrics_.count(status, body_bytes);
  if (!options_.access_log) return;
  const net::SockAddr peer = net::SockAddr::peer(conn.fd());
  const bool named = peer.family() == AF_INET || peer.family() == AF_INET6;
  const std::string host = named ? peer.host() : "";
  const statusd::Access access{.host = host,
                               .method = request.method,
                               .target = request.target,
                               .minor = request.minor,
                               .status = status,
                               .body_bytes = body_bytes};
  net::log::plain("%s", statusd::log_line(access, std::time(nullptr)).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  net::hold_standard_descriptors();
  const Options options = statusd::parse_options(argc, argv);
  Metrics metrics;
  return net::serve(options.server, [&options, &metrics](net::Loop& loop) {
    return std::make_unique<Status>(loop, options, metrics);
  });
}
