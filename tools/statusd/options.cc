#include "tools/statusd/options.h"

#include <cstdlib>

#include "common/cli/exit_status.h"
#include "common/cli/log.h"
#include "common/cli/read_file.h"
#include "tools/statusd/field.h"

namespace statusd {

// What is said of the page before it is known which of it is wanted.
struct Given {
  std::optional<int> status;
  std::optional<std::string> body;
  std::optional<std::string> body_file;
  std::optional<std::string> content_type;
};

static std::string read_or_exit(const std::string& path) {
  constexpr std::size_t kBytesMax = 16 << 20;  // every answer under way has a copy of its own
  net::Result<std::string> body = net::read_file(path, kBytesMax);
  if (body) return std::move(*body);
  net::log::error("%s: %s", net::name_of_file(path).c_str(), body.error().message());
  std::exit(net::kLocalIo);
}

// The page that was asked for; without a body, one that says what its status means.
static Page make_page(const Given& given) {
  Page page;
  page.status = given.status.value_or(200);
  if (given.body) {
    page.body = *given.body;
  } else if (given.body_file) {
    page.body = read_or_exit(*given.body_file);
  } else {
    page.body = page.status < 400 ? R"({"status":"ok"})" : R"({"status":"error"})";
    page.content_type = "application/json";
  }
  return page;
}

static void add_page_options(net::Cli& cli, Options& o, Given& given) {
  cli.option(
      "status", "N", "status of the answer, 200 to 599 (200)",
      [&given](std::string_view text) { return parse_status(text, given.status.emplace()); });
  cli.option("body", "S", "body of the answer ({\"status\":\"ok\"})",
             [&given](std::string_view text) {
               given.body = text;
               return "";
             });
  cli.option("body-file", "F", "the same from a file; -: standard input",
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
  cli.option("header", "N:V", "a header field of every answer; may be repeated",
             [&o](std::string_view text) { return parse_field(text, o.fields); });
  cli.option("route", "PATH=[CODE:]BODY", "what PATH answers; other paths: 404; may be repeated",
             [&o](std::string_view text) { return parse_route(text, o.routes); });
}

static void add_other_options(net::Cli& cli, Options& o) {
  cli.option("delay", "T", "hold the connection for T after each answer (0)",
             net::duration(o.delay));
  cli.option("latency", "T[..T]", "wait before each answer, for a random time in a range (0)",
             [&o](std::string_view text) { return parse_latency(text, o.trouble); });
  cli.option("fail-rate", "P", "share of answers that are 500, as 0.1 or 10% (0)",
             [&o](std::string_view text) { return parse_fail_rate(text, o.trouble); });
  cli.option("ready-file", "F", "/readyz is 503 while there is no such file",
             net::text(o.ready_file));
  cli.option("lame-duck", "T", "after SIGTERM serve on for T, with /readyz 503 (0)",
             net::duration(o.server.lame_duck));
  cli.flag("access-log", "log each request on standard error", o.access_log);
}

Options parse_options(int argc, char** argv) {
  Options o;
  o.server.default_address = "localhost:8080";
  o.server.idle_timeout = net::Millis(60'000);
  Given given;
  net::Cli cli("statusd", "[options] [ADDRESS...]", "Answer over HTTP that all is well.");
  add_page_options(cli, o, given);
  add_other_options(cli, o);
  net::add_server_options(cli, o.server);
  net::add_addresses(o.server, cli.parse(argc, argv));

  if (given.body && given.body_file) net::Cli::fail("--body and --body-file contradict each other");
  if (o.routes.empty() || given.status || given.body || given.body_file)
    o.elsewhere = make_page(given);
  if (!given.content_type) return o;
  if (o.elsewhere) o.elsewhere->content_type = *given.content_type;
  for (Route& route : o.routes) route.page.content_type = *given.content_type;
  return o;
}

}  // namespace statusd
