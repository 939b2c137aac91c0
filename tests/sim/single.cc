#include "tests/sim/single.h"

#include <algorithm>

#include "tools/netcat/relay_stdio.h"

namespace sim {

using netcat::Stdio;
using netcat::Verdict;

static const std::string& noise() {
  static const std::string bytes = [] {
    Random random(7);
    std::string made(std::size_t{1} << 20, ' ');
    for (char& c : made) c = static_cast<char>(random.chance(4) ? '\n' : ' ' + random.below(95));
    for (std::size_t i = 1; i < made.size(); ++i)  // a third of the lines end as --crlf ends them
      if (made[i] == '\n' && made[i - 1] != '\n' && i % 3 == 0) made[i - 1] = '\r';
    return made;
  }();
  return bytes;
}

static Ms draw_pause(Random& random) {
  switch (random.below(5)) {
    case 0:
    case 1:
      return 0;
    case 2:
      return random.between(1, 250);
    case 3:
      return random.between(350, 6'000);
    default:
      return random.between(1, 3'000);
  }
}

void draw_source(World& world, Source& source, std::size_t most) {
  Random& random = world.random();
  Ms at = random.chance(30) ? draw_pause(random) : 0;
  std::size_t total = 0;
  for (std::uint64_t chunks = random.below(7); chunks > 0; --chunks) {
    const std::size_t size = random.size(most);
    if (size == 0) continue;
    total += size;
    source.arrivals.push_back({at, total});
    at += draw_pause(random);
  }
  const std::size_t start = static_cast<std::size_t>(random.below(4096));
  source.content = noise().substr(start, total);
  while (!source.arrivals.empty() && source.arrivals.back().total > source.content.size())
    source.arrivals.pop_back();
  source.content.resize(source.arrivals.empty() ? 0 : source.arrivals.back().total);
  if (random.chance(80)) source.end_at = at + draw_pause(random);
}

void draw_sink(World& world, Sink& sink, bool may_stick) {
  Random& random = world.random();
  sink.buffer = 1 + random.size(64 << 10);
  if (random.chance(60)) {
    sink.room.push_back({0, SIZE_MAX / 2});
    return;
  }
  std::size_t total = 0;
  Ms at = 0;
  for (std::uint64_t steps = random.below(8); steps > 0; --steps) {
    sink.room.push_back({at, total});
    total += random.size(64 << 10);
    at += draw_pause(random);
  }
  if (!may_stick || random.chance(90)) sink.room.push_back({at, SIZE_MAX / 2});
}

void draw_options(World& world, netcat::Options& options) {
  Random& random = world.random();
  options.listen = random.chance(50);
  if (random.chance(20)) options.quit_after = net::Millis(random.below(3) * 2'500);
  if (random.chance(30)) options.idle = net::Millis(random.between(200, 8'000));
  switch (random.below(10)) {
    case 0:
      options.send_only = true;
      break;
    case 1:
      options.recv_only = true;
      break;
    case 2:
      options.half_open = true;
      break;
    default:
      break;
  }
  options.shutdown = !random.chance(10);
  options.crlf = random.chance(10);
  if (random.chance(5)) options.interval = net::Millis(random.between(1, 400));
  if (random.chance(5)) options.rate = 1'000 + random.below(1'000'000);
  world.odd_wakeups = random.chance(30);
  if (random.chance(15)) world.stops_left = 2;
}

void draw_peer(World& world, Remote& remote, std::size_t most) {
  Random& random = world.random();
  draw_source(world, remote.in, most);
  draw_sink(world, remote.out, true);
  remote.lag = random.chance(50) ? 0 : random.between(1, 300);
  if (remote.lag > 0) remote.out.buffer += 8'000;
  remote.reset_at = random.chance(8) ? random.between(0, 10'000) : kHorizon;
  if (random.chance(4)) remote.dead_at = random.between(0, 10'000);
  remote.closes_fully = random.chance(30);
  remote.finish_blocks = random.chance(10);
  remote.answers = random.chance(60);
  remote.answer = noise().substr(random.below(1'000), random.size(50'000));
  if (remote.answers && remote.answer.empty()) remote.answer = "yes\n";
  remote.answers_after = draw_pause(random);
  remote.ends_after_answer = random.chance(90);
}

std::unique_ptr<Records> draw_records(World& world, Remote& remote, bool& truncated) {
  truncated = world.random().chance(25);
  seal(world, remote, truncated);
  return std::make_unique<Records>(world, remote);
}

Single::Single(net::Loop& loop, std::uint64_t seed)
    : world(loop, seed), local(world), remote(world, 1) {
  Random& random = world.random();
  draw_options(world, options);
  options.host = "peer";
  const bool slow = options.interval > net::Millis::zero();
  const std::size_t most = slow ? 200 : std::size_t{200} << 10;
  // Standard input.
  const std::uint64_t kind = random.below(10);
  if (kind == 0) {
    input = Stdio::Input::kNothing;
    local.in.end_at = 0;
  } else {
    draw_source(world, local.in, most);
    if (kind == 1) input = Stdio::Input::kTerminal;
    if (kind < 4 && input == Stdio::Input::kStream)  // a file
      for (Mark& mark : local.in.arrivals) mark.at = 0;
    if (kind < 4 && input == Stdio::Input::kStream) local.in.end_at = 0;
    if (random.chance(5)) local.in.error = UV_EIO;
  }
  // Standard output.
  draw_sink(world, local.out, true);
  if (random.chance(15)) local.gone_at = random.between(0, 8'000);
  local.gone_is_noticed = !random.chance(20);
  if (random.chance(4)) local.full_at = random.size(100'000);
  local.closed = random.chance(3);
  draw_peer(world, remote, most);
  local.guarded = nullptr;
  // Beside the other seeds, which draw what they always have.
  if (seed % 8 == 5) records = draw_records(world, remote, truncated);
}

static net::Task<> watch_output(Single& run, netcat::Relay& relay) {
  const net::Error e = co_await run.local.hangup();
  if (e != net::Error(UV_EPIPE)) co_return;
  run.world.add("the reader has left", 0);
  relay.output_gone();
}

// The process is stopped while it waits for nothing but time.
static net::Task<> stop_sometimes(World& world, net::Timer& timer) {
  Random random(world.seed + 1);
  for (unsigned left = world.stops_left; left > 0; --left) {
    const Ms due = world.now() + random.between(0, 4'000);
    const net::Error e = co_await timer.wait(net::Millis(due - world.now()));
    if (e) co_return;
    const bool is_late = world.now() > due + 2;  // two stops without a step between them are one
    if (!is_late) world.stop(random.between(1, 1'000));
  }
}

net::Task<> Single::run() {
  netcat::Session session(world.loop(), options);
  terms = terms_of(options, input);
  world.add("input kind, until its end", 0, static_cast<int>(terms.input), terms.until_input_ends);
  world.add("-w, -q", 0, terms.idle.count(), terms.quit_after.value_or(net::kForever).count());
  world.add("-i, --rate", 0, options.interval.count(), static_cast<std::int64_t>(options.rate));
  netcat::RelayOptions how{.terms = terms, .discards = options.send_only};
  if (terms.input == netcat::Terms::Input::kStream) local.guarded = &remote.resets;
  netcat::Channel& peer = records ? static_cast<netcat::Channel&>(*records) : remote;
  netcat::Relay relay(session, local, peer, how);
  net::WaitGroup beside;
  net::Timer stopper(world.loop());
  if (!options.send_only) beside.go(watch_output(*this, relay));
  beside.go(stop_sometimes(world, stopper));
  verdict = co_await relay.run();
  end_at = world.now();
  world.add("ends with verdict", 0, verdict.reason, verdict.error.code());
  local.cancel();
  stopper.wake();
  co_await beside.wait();
}

std::string with_crlf(std::string_view text) {
  std::string out;
  char before = 0;
  for (const char c : text) {
    if (c == '\n' && before != '\r') out += '\r';
    out += before = c;
  }
  return out;
}

}  // namespace sim
