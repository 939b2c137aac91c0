// clockd - sends every client the time, one line per second.
//
// Protocol: the server sends, and discards what clients send.  With --once --count 1 this is the
// Daytime Protocol (RFC 867).  After "The Go Programming Language", section 8.2.

#include <cstdlib>
#include <ctime>
#include <string>

#include "common/cli/cli.h"
#include "common/net/server.h"
#include "tools/clockd/ticker.h"
#include "tools/clockd/time_format.h"

namespace {

using clockd::Ticker;
using net::Error;
using net::Stream;
using net::Task;

constexpr net::Millis kLinger{2'000};  // lets a client that is still sending read its last lines

struct Options {
  net::ServerOptions server;
  net::Millis interval{1000};
  std::uint64_t count = 0;  // lines per client; 0: no limit
  clockd::TimeFormat format;
};

// Sends what the socket accepts at once and removes it from `line`; false if the connection is
// closed.
bool send_now(Stream& conn, std::string_view& line) {
  const auto written = conn.try_write(line);
  if (written) line.remove_prefix(*written);
  return static_cast<bool>(written);
}

// Sends the rest of a line.  The client misses the ticks that pass meanwhile.
Task<Error> send_rest(Stream& conn, std::string_view line) {
  const std::string rest(line);  // the ticker overwrites its line at the next tick
  Error e = co_await conn.write(rest);
  co_return e;
}

// One connection, from its first line to its last.
Task<> tell_time(Ticker& ticker, Stream conn, const Options& options) {
  conn.discard_input(options.server.idle_timeout);
  Ticker::Index seen = Ticker::kNone;
  for (std::uint64_t sent = 0; options.count == 0 || sent < options.count; ++sent) {
    std::string_view line = co_await ticker.next(conn, seen);
    if (line.empty() || !send_now(conn, line)) break;
    if (line.empty()) continue;
    Error e = co_await send_rest(conn, line);
    if (e) break;
  }
  if (conn.has_unread()) co_await net::linger(conn, kLinger);
}

class Clock final : public net::Service {
 public:
  Clock(net::Loop& loop, const Options& options)
      : options_(options), ticker_(loop, options.interval, options.format) {}
  Task<> handle_conn(Stream conn) override { return tell_time(ticker_, std::move(conn), options_); }
  Task<> run() override { return ticker_.run(); }
  // With --count, clients still get all of their lines; the others stop after a whole line.
  void drain() override {
    if (options_.count == 0) ticker_.stop();
  }

 private:
  const Options& options_;
  Ticker ticker_;
};

Options parse_options(int argc, char** argv) {
  Options o;
  std::string zone;
  bool utc = false;
  net::Cli cli("clockd", "[options] [ADDRESS...]",
               "Send every client the time, one line per second.");
  cli.option("interval", "T", "time between lines (1s)", net::duration_over_zero(o.interval));
  cli.option("count", "N", "close after N lines; 0: no limit (0)",
             net::number(o.count, 0, UINT64_MAX));
  cli.option("format", "F", "strftime(3) format with %N, or a name such as rfc3339 or unix (time)",
             [&o](std::string_view text) { return clockd::TimeFormat::parse(text, o.format); });
  cli.option("time-zone", "AREA/CITY", "show the time of this zone (the system's)",
             [&zone](std::string_view name) {
               zone = name;
               return clockd::set_time_zone(zone) ? "" : "unknown time zone '" + zone + "'";
             });
  cli.flag("utc", "show Coordinated Universal Time", utc);
  net::add_server_options(cli, o.server);
  net::add_addresses(o.server, cli.parse(argc, argv));
  if (utc && !zone.empty()) net::Cli::fail("--utc and --time-zone cannot be combined");
  if (utc) setenv("TZ", "UTC0", 1);
  net::read_time_zone();
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  net::hold_standard_descriptors();
  const Options options = parse_options(argc, argv);
  return net::serve(options.server,
                    [&options](net::Loop& loop) { return std::make_unique<Clock>(loop, options); });
}
