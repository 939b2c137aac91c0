// reverbd - echoes each line three times, a second apart, as a fading echo.
//
// Protocol: each line comes back several times, a delay apart: in upper case, unchanged, in lower
// case.  The echoes of different lines overlap.  The client's half-close, or its silence, ends the
// input; when the pending echoes have been sent, the connection ends.  After "The Go Programming
// Language", sections 8.3 to 8.8.  --plain makes it the Echo Protocol (RFC 862).

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <random>
#include <string>

#include "common/cli/cli.h"
#include "common/cli/exit_status.h"
#include "common/cli/log.h"
#include "common/net/ebb.h"
#include "common/net/line_reader.h"
#include "common/net/server.h"
#include "common/net/socket_option.h"
#include "tools/reverbd/letter_case.h"

namespace {

using net::Error;
using net::LineReader;
using net::Millis;
using net::Stream;
using net::Task;
using net::WaitGroup;

// The limit on memory for one client's pending echoes: their text, twice in the worst case, and for
// each a frame, a timer and the allocator's overhead.
constexpr std::size_t kPendingBytesMax = 512 << 10;
constexpr std::size_t kEchoBytes = 464;
constexpr std::uint64_t kAtOnce = 64;
constexpr Millis kLinger{2'000};  // lets a client that is still sending read the rest

struct Options {
  net::ServerOptions server;
  net::MillisRange delay{Millis(1000), Millis(1000)};
  std::uint64_t times = 3;
  bool serial = false;
  bool plain = false;
  std::uint32_t close_after = 0;  // after this many lines, or bytes if plain; 0: never
  std::uint32_t reset_after = 0;  // the same, but with a reset
  std::uint32_t max_line = 64 * 1024;
  std::uint32_t max_pending = 1000;
};

// What the clients of one loop share.
struct Shared {
  net::Loop& loop;
  const Options& options;
  std::minstd_rand random{std::random_device{}()};
  net::Ebb ebb{};  // counts the bytes of pending echoes

  Millis delay() {
    const auto [min, max] = options.delay;
    if (min == max) return min;
    return Millis(std::uniform_int_distribution<Millis::rep>(min.count(), max.count())(random));
  }
};

// One client, shared by its echoes.
struct Client {
  Stream conn;
  Shared& shared;
  std::uint32_t pending = 0;  // bytes that pending echoes cost
  std::uint32_t sent = 0;     // lines, or bytes if plain; counted only with a limit
  net::Fd rest{};             // the connection after close_after, which still takes input

  // How much may be sent before close_after or reset_after applies.
  std::uint32_t room() const {
    const Options& options = shared.options;
    const std::uint32_t limit = std::max(options.close_after, options.reset_after);
    return limit == 0 ? UINT32_MAX : limit - sent;
  }
  void count(std::size_t n) {
    if (room() == UINT32_MAX || conn.closed()) return;
    sent += static_cast<std::uint32_t>(n);
    if (room() > 0) return;
    const linger abort{.l_onoff = 1, .l_linger = 0};
    if (shared.options.reset_after > 0)
      (void)net::set_option(conn.fd(), SOL_SOCKET, SO_LINGER, abort);
    else
      rest.reset(fcntl(conn.fd(), F_DUPFD_CLOEXEC, 0));
    conn.close();  // ends all tasks of this client
  }
};

// The first echo is in upper case, the last in lower case.
std::string_view faded(const std::string& line, std::uint64_t i, std::uint64_t times,
                       std::string& buffer) {
  const bool first = i == 0;
  if (!first && i + 1 < times) return line;
  buffer = first ? reverbd::to_upper(line) : reverbd::to_lower(line);
  return buffer;
}

// Writes all echoes of one line.  An error ends it: the client has left, or we are stopping.
Task<> echo(Client& client, std::string line) {
  const auto cost = static_cast<std::uint32_t>(kEchoBytes + 2 * line.size());
  const std::uint64_t times = client.shared.options.times;
  client.pending += cost;
  client.shared.ebb.rise(cost);
  for (std::uint64_t i = 0; i < times; ++i) {
    std::string buffer;
    const std::string_view text = faded(line, i, times, buffer);
    Error e = co_await client.conn.write("\t ", text, "\n");
    if (e) break;
    client.count(1);
    if (i + 1 == times) break;
    std::string().swap(buffer);
    if (i % kAtOnce == kAtOnce - 1) co_await client.conn.yield();  // matters without a delay
    e = co_await client.conn.sleep(client.shared.delay());
    if (e) break;
  }
  client.pending -= cost;
  client.shared.ebb.fall(cost);
  if (client.pending == 0) client.conn.set_idle();
}

// Lets a client that is still sending read what it was sent.
Task<> take_leave(Client& client, bool refused) {
  if (client.rest) {
    Stream rest(client.shared.loop, std::move(client.rest));
    co_await net::linger(rest, kLinger);
  } else if (refused || client.conn.has_unread()) {
    co_await net::linger(client.conn, kLinger);
  }
}

Task<> refuse_line(Stream& conn, std::size_t max_line) {
  const std::string why = "reverbd: line longer than " + std::to_string(max_line) + " bytes\n";
  (void)co_await conn.write(why);  // fails if the client has left
}

Millis idle_timeout(const Options& options) {
  const Millis idle = options.server.idle_timeout;
  return idle > Millis::zero() ? idle : net::kForever;
}

// One connection, from its first byte to its last.
Task<> reverberate(Client client) {
  const Options& options = client.shared.options;
  Stream& conn = client.conn;
  LineReader input(conn, options.max_line);
  WaitGroup echoes;
  conn.set_idle();
  while (auto line = co_await input.next(idle_timeout(options))) {
    echoes.go(echo(client, std::move(*line)));
    co_await echoes.wait(options.serial ? 0 : options.max_pending - 1);
    while (client.pending > kPendingBytesMax) co_await echoes.wait(echoes.count() - 1);
    if (echoes.count() == 0) conn.set_idle();
  }
  // The input has ended: a half-close, silence, a line that is too long, a reset, or the server
  // stops.
  const bool too_long = input.error() == Error(UV_EMSGSIZE);
  const bool silent = input.error() == Error(UV_ETIMEDOUT);
  if (input.error() && !too_long && !silent) conn.close();  // nothing more can be sent
  if (too_long) co_await refuse_line(conn, options.max_line);
  co_await echoes.wait();
  co_await take_leave(client, too_long);
}

// The same with --plain: echoes bytes as they arrive.
Task<> echo_bytes(Client client) {
  Stream& conn = client.conn;
  for (;;) {
    conn.set_idle();
    const auto data = co_await conn.read(idle_timeout(client.shared.options));
    if (!data || data->empty()) break;
    std::string_view rest = *data;
    rest = rest.substr(0, client.room());
    const std::size_t size = rest.size();
    const auto written = conn.try_write(rest);
    if (!written) break;
    if (*written < size) {
      const std::string copy(rest.substr(*written));  // the view is valid until the task waits
      Error e = co_await conn.write(copy);
      if (e) break;
    }
    client.count(size);
  }
  co_await take_leave(client, false);
}

class Reverb final : public net::Service {
 public:
  Reverb(net::Loop& loop, const Options& options) : shared_{loop, options} {}
  Task<> handle_conn(Stream conn) override {
    Client client{std::move(conn), shared_};
    return shared_.options.plain ? echo_bytes(std::move(client)) : reverberate(std::move(client));
  }

 private:
  Shared shared_;
};

void add_echo_options(net::Cli& cli, Options& o) {
  cli.option("delay", "T[..T]", "time between echoes, or a random one from a range (1s)",
             [&o](std::string_view text) { return net::parse_duration_range(text, o.delay); });
  cli.option("times", "N", "echoes of each line (3)", net::number(o.times, 1, 1'000));
  cli.flag("serial", "finish the echoes of one line before reading the next", o.serial);
  cli.flag("plain", "send back every byte at once, unchanged (RFC 862)", o.plain);
  cli.option("close-after", "N", "close a connection after sending N lines (--plain: bytes)",
             net::number(o.close_after, 1, UINT32_MAX - 1));
  cli.option("reset-after", "N", "reset a connection after sending N lines (--plain: bytes)",
             net::number(o.reset_after, 1, UINT32_MAX - 1));
  cli.option("max-line", "BYTES", "longest line that is accepted (65536)",
             net::number(o.max_line, 1, 1 << 30));
  cli.option("max-pending", "N",
             "do not read on while N lines of a client have pending echoes (1000)",
             net::number(o.max_pending, 1, UINT32_MAX));
}

Options parse_options(int argc, char** argv) {
  Options o;
  o.server.idle_timeout = Millis(10'000);
  net::Cli cli("reverbd", "[options] [ADDRESS...]", "Echo each line three times, a second apart.");
  add_echo_options(cli, o);
  net::add_server_options(cli, o.server);
  net::add_addresses(o.server, cli.parse(argc, argv));
  for (const char* of_lines : {"delay", "max-line", "max-pending", "serial", "times"})
    if (o.plain && cli.is_given(of_lines))
      net::Cli::fail("--plain and --" + std::string(of_lines) + " cannot be combined");
  if (o.close_after > 0 && o.reset_after > 0)
    net::Cli::fail("--close-after and --reset-after cannot be combined");
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  net::hold_standard_descriptors();
  const Options options = parse_options(argc, argv);
  if (!reverbd::has_letter_case()) {
    net::log::error("the locale C.UTF-8 is not installed");
    return net::kLocalIo;
  }
  return net::serve(options.server, [&options](net::Loop& loop) {
    return std::make_unique<Reverb>(loop, options);
  });
}
