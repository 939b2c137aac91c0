// reverbd - echoes each line three times, fading.
//
// Protocol: for every line that a client shouts it gets three back, a delay apart: in upper case,
// as it was, in lower case.  Shouts overlap.  The client's half-close, or its silence, ends the
// input; when the echoes under way have died out, the connection ends. After "The Go Programming
// Language", sections 8.3 to 8.8.

#include <string>

#include "common/cli/cli.h"
#include "common/cli/exit_status.h"
#include "common/cli/log.h"
#include "common/net/line_reader.h"
#include "common/net/server.h"
#include "tools/reverbd/letter_case.h"

namespace {

using net::Error;
using net::LineReader;
using net::Millis;
using net::Stream;
using net::Task;
using net::WaitGroup;

constexpr std::size_t kPendingBytesMax = 1 << 20;  // lines that wait to be echoed, a client
constexpr Millis kLinger{2'000};  // for a client that is still talking to read the rest

struct Options {
  net::ServerOptions server;
  Millis delay{1000};
  bool serial = false;
  std::uint32_t max_line = 64 * 1024;
  std::uint32_t max_pending = 1000;
};

// Writes one shout and its two reflections.  An error ends it: the client is gone, or we are
// stopping.
Task<> echo(Stream& conn, std::string shout, Millis delay, std::size_t& pending) {
  pending += shout.size();
  std::string line = reverbd::to_upper(shout);
  Error e = co_await conn.write("\t ", line, "\n");
  if (!e) e = co_await conn.sleep(delay);
  if (!e) e = co_await conn.write("\t ", shout, "\n");
  if (!e) e = co_await conn.sleep(delay);
  line = reverbd::to_lower(shout);
  if (!e) e = co_await conn.write("\t ", line, "\n");
  pending -= shout.size();
}

Task<> refuse_line(Stream& conn, std::size_t max_line) {
  const std::string why = "reverbd: line longer than " + std::to_string(max_line) + " bytes\n";
  (void)co_await conn.write(why);  // a client that is gone needs no explanation
}

// One connection, from its first byte to its last.
Task<> reverberate(Stream conn, const Options& options) {
  const Millis idle = options.server.idle_timeout;
  LineReader input(conn, options.max_line);
  std::size_t pending = 0;  // bytes of the shouts under way
  WaitGroup echoes;
  while (auto line = co_await input.next(idle > Millis::zero() ? idle : net::kForever)) {
    echoes.go(echo(conn, std::move(*line), options.delay, pending));
    co_await echoes.wait(options.serial ? 0 : options.max_pending - 1);
    while (pending > kPendingBytesMax) co_await echoes.wait(echoes.count() - 1);
  }
  // The end of the input: a half-close, silence, a line too long, a reset, or the server's end.
  const bool too_long = input.error() == Error(UV_EMSGSIZE);
  const bool silent = input.error() == Error(UV_ETIMEDOUT);
  if (input.error() && !too_long && !silent) conn.close();  // nobody is left to hear the echoes
  if (too_long) co_await refuse_line(conn, options.max_line);
  co_await echoes.wait();
  if (too_long || conn.has_unread()) co_await net::linger(conn, kLinger);
}

class Reverb final : public net::Service {
 public:
  explicit Reverb(const Options& options) : options_(options) {}
  Task<> handle_conn(Stream conn) override { return reverberate(std::move(conn), options_); }

 private:
  const Options& options_;
};

Options parse_options(int argc, char** argv) {
  Options o;
  o.server.idle_timeout = Millis(10'000);
  net::Cli cli("reverbd", "[options] [ADDRESS...]", "Echo each line three times, fading.");
  cli.option("delay", "T", "time between echoes (1s)", net::duration(o.delay));
  cli.flag("serial", "one line after another, not overlapping", o.serial);
  cli.option("max-line", "BYTES", "longest line (65536)", net::number(o.max_line, 1, 1 << 30));
  cli.option("max-pending", "N", "lines under way a client; more are not read (1000)",
             net::number(o.max_pending, 1, UINT32_MAX));
  net::add_server_options(cli, o.server);
  for (const std::string& address : cli.parse(argc, argv)) o.server.addresses.push_back(address);
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  net::hold_standard_descriptors();
  const Options options = parse_options(argc, argv);
  if (!reverbd::has_letter_case()) {
    net::log::error("the locale C.UTF-8 is missing");
    return net::kLocalIo;
  }
  return net::serve(options.server,
                    [&options](net::Loop&) { return std::make_unique<Reverb>(options); });
}
