#include "tools/statusd/options.h"

#include <cstdlib>

#include "common/cli/exit_status.h"
#include "common/cli/log.h"
#include "common/cli/read_file.h"
#include "tools/statusd/field.h"

namespace statusd {

// The options that describe the page.
struct Given {
  std::optional<int> status;
  std::optional<std::string> body;
  std::optional<std::string> body_file;
  std::optional<std::string> content_type;
};

static std::string read_or_exit(const std::string& path) {
  net::Result<std::string> body = net::read_file(path, kBodyFileMax);
  if (body) return std::move(*body);
  net::log::error("%s: %s", net::name_of_file(path).c_str(), body.error().message());
  std::exit(net::kLocalIo);
}

Page default_page(int status) {
  return {.status = status,
          .body = status < 400 ? R"({"status":"ok"})" : R"({"status":"error"})",
          .content_type = "application/json",
          .is_default = true};
}

// The page of these options; the default body is the name of the status.
static Page make_page(const Given& given) {
  Page page = default_page(given.status.value_or(200));
  if (!given.body && !given.body_file) return page;
  page.body = given.body ? *given.body : read_or_exit(*given.body_file);
  page.content_type = Page().content_type;
  page.is_default = false;
  return page;
}

static void add_page_options(net::Cli& cli, Options& o, Given& given) {
  cli.option(
      "status", "N", "status of the answers, 200 to 599 (200)",
      [&given](std::string_view text) { return parse_status(text, given.status.emplace()); });
  cli.option("body", "S", "body of the answers ({\"status\":\"ok\"})",
             [&given](std::string_view text) {
               given.body = text;
               return "";
             });
  cli.option("body-file", "F", "body from file F; -: standard input",
             [&given](std::string_view text) {
               given.body_file = text;
               return "";
             });
  cli.option("content-type", "TYPE", "media type of the bodies (text/plain; charset=utf-8)",
             [&given](std::string_view text) -> std::string {
               given.content_type = text;
               const bool right = !text.empty() && is_field_value(text);
               return right ? "" : "'" + std::string(text) + "' is not a media type";
             });
  cli.option("header", "N:V", "add this header field to every answer; may be repeated",
             [&o](std::string_view text) { return parse_field(text, o.fields); });
  cli.option("route", "PATH=[CODE:]BODY",
             "answer PATH with BODY; also 'METHOD PATH=' or 'ANY PATH='; may be repeated",
             [&o](std::string_view text) { return parse_route(text, o.routes); });
  cli.flag("echo", "return the request as JSON at /echo", o.echo);
  cli.flag("allow-override", "let requests choose the answer: ?status=N&delay=T", o.allow_override);
}

static void add_other_options(net::Cli& cli, Options& o) {
  cli.option("delay", "T", "hold the connection for T after each answer (0)",
             net::duration(o.delay));
  cli.option(
      "latency", "T[..T]", "wait before each answer, or a random time from a range (0)",
      [&o](std::string_view text) { return net::parse_duration_range(text, o.trouble.latency); });
  cli.option("fail-rate", "P", "share of requests answered with 500, such as 0.1 or 10% (0)",
             [&o](std::string_view text) { return parse_share(text, o.trouble.fail_rate); });
  cli.option("drop-rate", "P", "share of requests whose connection is closed without answer (0)",
             [&o](std::string_view text) { return parse_share(text, o.trouble.drop_rate); });
  cli.option("reset-rate", "P", "share of requests whose connection is reset without answer (0)",
             [&o](std::string_view text) { return parse_share(text, o.trouble.reset_rate); });
  cli.option("body-rate", "BYTES", "send bodies at BYTES per second (no limit)",
             [&o](std::string_view text) { return parse_body_rate(text, o.trouble.body_rate); });
  cli.option("ready-file", "F", "/readyz is 503 while file F does not exist",
             net::text(o.ready_file));
}

static void add_check_options(net::Cli& cli, Checks& checks) {
  cli.option("check", "COMMAND",
             "/readyz and / are 503 unless [NAME=]COMMAND exits with 0; may be repeated",
             [&checks](std::string_view text) { return checks.add(text); });
  cli.option("check-every", "T", "time between runs of a check (10s)",
             net::duration_over_zero(checks.every));
  cli.option("check-timeout", "T", "a check that takes longer is killed and counts as failed (5s)",
             net::duration_over_zero(checks.timeout));
}

// Refuses options that would have no effect, or contradict each other.
static void check_together(const net::Cli& cli, const Options& o, const Given& given,
                           const Checks& checks) {
  if (given.body && given.body_file) net::Cli::fail("--body and --body-file cannot be combined");
  for (const char* of_checks : {"check-every", "check-timeout"})
    if (checks.all.empty() && cli.is_given(of_checks))
      net::Cli::fail("--" + std::string(of_checks) + " requires --check");
  const bool only_echo = o.echo && o.routes.empty() && !given.status && !given.body;
  if (given.content_type && only_echo && !given.body_file)
    net::Cli::fail("--content-type: /echo is always application/json");
  const std::string twice = cors_field_in(o.fields);
  if (!o.site.browser.origins.empty() && !twice.empty())
    net::Cli::fail("--allow-origin and --header " + twice + " cannot be combined");
}

Options parse_options(int argc, char** argv, Checks& checks) {
  Options o;
  o.site.browser.any_host = true;  // it may stand in for any service
  Given given;
  net::Cli cli("statusd", "[options] [ADDRESS...]",
               "Mock HTTP server: the status, body, delay or failures that a test needs.");
  add_page_options(cli, o, given);
  add_other_options(cli, o);
  add_check_options(cli, checks);
  net::http::add_site_options(cli, o.site);
  net::add_addresses(o.site.server, cli.parse(argc, argv));

  check_together(cli, o, given, checks);
  const bool no_routes = o.routes.empty() && !o.echo;
  if (no_routes || given.status || given.body || given.body_file) o.elsewhere = make_page(given);
  if (given.body_file && net::is_readable_again(*given.body_file)) o.body_file = *given.body_file;
  if (!o.body_file.empty()) o.site.server.sandbox.reads.push_back(o.body_file);
  if (!checks.all.empty()) o.site.server.sandbox.on = false;  // the commands may need any right
  if (!given.content_type) return o;
  if (o.elsewhere) o.elsewhere->content_type = *given.content_type;
  for (Route& route : o.routes) route.page.content_type = *given.content_type;
  return o;
}

}  // namespace statusd
