// statusd - a mock HTTP server: 200 OK, or the status, body, delay or failures that a test needs.
//
// Protocol: HTTP/1.1.  GET on any path, or the methods and paths of --route, get a fixed answer;
// /livez, /readyz and /metrics are for monitoring.  With --once, -m 1 and --delay it is the
// one-shot, the sequential and the concurrent server of many tutorials.

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <random>
#include <string>

#include "common/cli/log.h"
#include "common/cli/read_file.h"
#include "common/http/query.h"
#include "common/http/site.h"
#include "tools/statusd/echo.h"
#include "tools/statusd/options.h"

namespace {

using net::Error;
using net::Task;
using net::http::Answer;
using net::http::Body;
using net::http::error_response;
using net::http::Figures;
using net::http::plain_answer;
using net::http::Request;
using net::http::Response;
using statusd::Checks;
using statusd::Options;
using statusd::Page;

class Status final : public net::http::Site {
 public:
  // runs: whether this one runs the checks, which all share.
  Status(net::Loop& loop, const Options& options, Checks& checks, Figures& figures, bool runs);
  Task<> run() override;
  bool reload(bool first) override;
  void stop_soon() override;

 private:
  Response refusal(const Request& request, int status, std::string_view sentence) override;
  Answer ready() override;
  void append_metrics(std::string& out) override;
  void add_routes();
  Answer answer_route(const Request& request);
  Answer answer_elsewhere(const Request& request);
  Answer show(const Request& request, const Page& page);
  bool has_ready_file() const;
  void slow_down(Response& response) const;
  void add_trouble(Response& response);

  net::Loop& loop_;
  const Options& options_;
  Checks& checks_;
  const bool runs_;
  std::optional<Page> elsewhere_;
  Page down_ = statusd::default_page(503);  // in its place while a check fails
  Page echo_{.body = {}, .content_type = "application/json"};
  statusd::Dice dice_{std::random_device{}()};
};

Status::Status(net::Loop& loop, const Options& options, Checks& checks, Figures& figures, bool runs)
    : Site(loop, options.site, figures, "mock HTTP server"),
      loop_(loop),
      options_(options),
      checks_(checks),
      runs_(runs),
      elsewhere_(options.elsewhere) {
  set_fields(options.fields);
  add_routes();
}

void Status::add_routes() {
  constexpr std::size_t kBodyMax = 16 << 20;  // request bodies are discarded
  remove_index();
  if (options_.echo)
    add("/echo", {.methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
                  .body = {},
                  .any_method = true,
                  .own_options = true,
                  .no_store = true,
                  .handle = [this](const Request& request) {
                    echo_.body = statusd::echo_json(request);
                    return show(request, echo_);
                  }});
  for (const statusd::Route& route : options_.routes) {
    const auto has = [&](const char* method) {
      const auto same = [&](const statusd::Route& r) {
        return r.path == route.path && r.method == method;
      };
      return std::ranges::any_of(options_.routes, same);
    };
    add(route.path, {.methods = methods_of(options_.routes, route.path),
                     .body = {.bytes_max = kBodyMax, .keep = false},
                     .any_method = has("ANY"),
                     .own_options = has("OPTIONS"),
                     .is_check = true,
                     .handle = [this](const Request& request) { return answer_route(request); }});
  }
  const net::http::Route others{.is_check = true,
                                .handle = [this](const Request& r) { return answer_elsewhere(r); }};
  if (elsewhere_) return add_elsewhere(others);
  const auto is_root = [](const statusd::Route& route) { return route.path == "/"; };
  if (checks_.all.empty() || std::ranges::any_of(options_.routes, is_root)) return;
  elsewhere_ = statusd::default_page(200);
  add("/", others);
}

Task<> Status::run() {
  if (runs_) co_await statusd::run_checks(loop_, checks_);
}

// Stops the checks, because a second signal ends the process at once and would leave them running.
void Status::stop_soon() {
  Site::stop_soon();
  if (runs_) checks_.stop();
}

// --- answers ---

// Sends the text at its rate, and its end only after the delay, so that the client waits, as it
// does for a server that sleeps before it closes.
Task<Error> deliver(Body& body, std::string text, std::uint64_t rate, net::Millis delay) {
  constexpr std::uint64_t kPerSecond = 10;  // pieces per second
  const std::size_t piece =
      rate == 0
          ? text.size()
          : static_cast<std::size_t>(std::clamp<std::uint64_t>(rate / kPerSecond, 1, SIZE_MAX));
  Error e;
  for (std::size_t at = 0; !e && at < text.size(); at += piece) {
    e = co_await body.write(std::string_view(text).substr(at, piece));
    const net::Millis pause(rate == 0 ? 0 : std::uint64_t{1000} * piece / rate);
    if (!e) e = co_await body.pause(pause);
  }
  if (!e) e = co_await body.pause(delay);
  co_return e;
}

void Status::slow_down(Response& response) const {
  const bool slow = options_.delay > net::Millis::zero() || options_.trouble.body_rate > 0;
  if (!slow || response.body.empty()) return;
  if (options_.delay == net::Millis::zero()) response.stream_bytes = response.body.size();
  response.stream = [this, text = response.body](Body& body) {
    return deliver(body, text, options_.trouble.body_rate, options_.delay);
  };
}

void Status::add_trouble(Response& response) {
  const statusd::Trouble& trouble = options_.trouble;
  if (dice_.falls(trouble.fail_rate))
    response = error_response(500, "This answer fails on purpose.");
  slow_down(response);
  if (dice_.falls(trouble.drop_rate)) response.fault = Response::kDrop;
  if (dice_.falls(trouble.reset_rate)) response.fault = Response::kReset;
  response.latency = dice_.latency(trouble);
}

// Errors in HTTP itself, and those of the paths for monitoring, go out at once.
Response Status::refusal(const Request& request, int status, std::string_view sentence) {
  const bool of_the_service =
      (status == 404 || status == 405) && (request.route == nullptr || !request.route->open);
  Response response = error_response(status, sentence);
  if (of_the_service) add_trouble(response);
  return response;
}

// Reads ?status=N&delay=T.  Returns an error, or an empty string.
std::string override_by(const Request& request, std::optional<int>& status, net::Millis& delay) {
  const auto query = net::http::Query::parse(request.query);
  if (!query) return "the query has a malformed %-sequence";
  for (const char* key : {"status", "delay"})
    if (query->all(key).size() > 1) return std::string(key) + ": given twice";
  std::string wrong;
  if (const auto text = query->get("status")) {
    wrong = statusd::parse_status(*text, status.emplace());
    if (!wrong.empty()) return "status: " + net::log::escaped(wrong);
  }
  const auto text = query->get("delay");
  if (text) wrong = net::duration(delay)(*text);
  return wrong.empty() ? "" : "delay: " + net::log::escaped(wrong);
}

Answer Status::show(const Request& request, const Page& page) {
  std::optional<int> status;
  net::Millis delay{0};
  if (options_.allow_override) {
    const std::string wrong = override_by(request, status, delay);
    if (!wrong.empty()) {
      Response response = error_response(400, wrong);
      add_trouble(response);
      return response;
    }
  }
  Response response = plain_answer(status.value_or(page.status), page.body);
  if (status && page.is_default) response.body = statusd::default_page(*status).body;
  response.content_type = page.content_type;
  add_trouble(response);
  response.latency += delay;
  return response;
}

Answer Status::answer_route(const Request& request) {
  const Page* page = statusd::find_page(options_.routes, request.path, request.method);
  if (page == nullptr) page = statusd::find_page(options_.routes, request.path);  // OPTIONS
  return page != nullptr ? show(request, *page) : plain_answer(200, "");
}

Answer Status::answer_elsewhere(const Request& request) {
  if (checks_.ok()) return show(request, *elsewhere_);
  down_.body = R"({"status":"error","checks":)" + checks_.json() + "}";
  return show(request, down_);
}

// --- readiness ---

Answer Status::ready() {
  if (!has_ready_file()) return plain_answer(503, "not ready: the --ready-file is missing\n");
  return checks_.ok() ? plain_answer(200, checks_.all.empty() ? "ok\n" : checks_.lines())
                      : plain_answer(503, "not ready\n" + checks_.lines());
}

bool Status::has_ready_file() const {
  return options_.ready_file.empty() || access(options_.ready_file.c_str(), F_OK) == 0;
}

void Status::append_metrics(std::string& out) {
  const bool is_ready = !stopping() && has_ready_file() && checks_.ok();
  net::http::append_metric(out, "statusd_ready", "gauge", "Whether /readyz returns 200.",
                           is_ready ? "1" : "0");
  if (checks_.all.empty()) return;
  net::http::append_metric(out, "statusd_check_ok", "gauge",
                           "Whether the last run of a check succeeded.");
  for (const statusd::Check& check : checks_.all)
    out += "statusd_check_ok{name=" + net::http::label(check.name) + "} " +
           (check.ok() ? "1\n" : "0\n");
}

// Reads --body-file again; keeps the old body if that fails.
bool Status::reload(bool first) {
  if (options_.body_file.empty()) return false;
  net::Result<std::string> body = net::read_file(options_.body_file, statusd::kBodyFileMax);
  if (body)
    elsewhere_->body = std::move(*body);
  else if (first)
    net::log::error("%s: %s (keeping the previous body)", options_.body_file.c_str(),
                    body.error().message());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  net::hold_standard_descriptors();
  Checks checks;
  const Options options = statusd::parse_options(argc, argv, checks);
  (void)std::signal(SIGCHLD, SIG_DFL);  // if it is ignored, exit statuses of checks are lost
  Figures figures("statusd");
  bool first = true;
  return net::serve(options.site.server, [&](net::Loop& loop) {
    const bool runs = std::exchange(first, false);
    return std::make_unique<Status>(loop, options, checks, figures, runs);
  });
}
