#include "tests/sim/world.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace sim {

using net::Error;
using net::Millis;
using net::Result;
using net::Task;

std::uint64_t Random::next() {
  std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

std::size_t Random::size(std::size_t most) {
  const std::size_t bound = std::min<std::size_t>(most, std::size_t{1} << below(19));
  return static_cast<std::size_t>(below(bound + 1));
}

std::size_t total_at(const std::vector<Mark>& marks, Ms now) {
  const auto after = [](Ms at, const Mark& mark) { return at < mark.at; };
  const auto next = std::upper_bound(marks.begin(), marks.end(), now, after);
  return next == marks.begin() ? 0 : std::prev(next)->total;
}

static Ms next_mark(const std::vector<Mark>& marks, Ms now) {
  const auto after = [](Ms at, const Mark& mark) { return at < mark.at; };
  const auto next = std::upper_bound(marks.begin(), marks.end(), now, after);
  return next == marks.end() ? kNever : next->at;
}

Ms Source::next_change(Ms now) const {
  const Ms next = next_mark(arrivals, now);
  return end_at > now ? std::min(next, end_at) : next;
}

// --- the run ---

World::World(net::Loop& loop, std::uint64_t of_seed)
    : seed(of_seed), loop_(loop), random_(of_seed), start_(loop.now()) {
  events.reserve(256);
}

Ms World::now() const { return std::chrono::floor<Millis>(loop_.now() - start_).count(); }

void World::add(const char* what, int who, std::int64_t a, std::int64_t b) {
  events.push_back({now(), what, who, a, b});
  idle_calls_ = 0;
}

void World::idle_call() {
  constexpr unsigned kMost = 4000;
  if (now() != idle_at_) idle_calls_ = 0;
  idle_at_ = now();
  if (++idle_calls_ > kMost) finding("it spins");
}

void World::maybe_stop() {
  if (stops_left == 0 || !random_.chance(4)) return;
  --stops_left;
  stop(random_.between(1, 20'000));
}

void World::stop(Ms time) {
  stops.emplace_back(now(), now() + time);
  add("stopped for", -1, time);
  loop_.skip(Millis(time));
  for (Simulated* channel : channels) channel->changed();
}

void World::print() const {
  for (const Event& event : events)
    std::printf("%9lld.%03lld  %-2d %s %lld %lld\n", static_cast<long long>(event.at / 1000),
                static_cast<long long>(event.at % 1000), event.who, event.what,
                static_cast<long long>(event.a), static_cast<long long>(event.b));
}

void World::finding(const std::string& what) const {
  print();
  std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), what.c_str());
  std::fflush(stdout);
  std::_Exit(1);
}

// --- waiting ---

Millis Simulated::until(Ms then) const {
  return then >= kNever ? net::kForever : Millis(std::max<Ms>(0, then - world_.now()));
}

Task<Error> Simulated::readable() {
  co_await net::yield(world_.loop());
  while (!canceled_ && !has_input()) (void)co_await read_.wait(until(next_input()));
  if (!canceled_) world_.maybe_stop();
  co_return canceled_ ? Error(UV_ECANCELED) : Error();
}

Task<Error> Simulated::wait_for_input() {
  co_await net::yield(world_.loop());
  if (!canceled_ && !has_input()) (void)co_await read_.wait(until(next_input()));
  if (!canceled_) world_.maybe_stop();
  co_return canceled_ ? Error(UV_ECANCELED) : Error();
}

Task<Error> Simulated::writable() {
  co_await net::yield(world_.loop());
  while (!canceled_ && !takes_output()) (void)co_await write_.wait(until(next_output()));
  if (!canceled_) world_.maybe_stop();
  co_return canceled_ ? Error(UV_ECANCELED) : Error();
}

Task<Error> Simulated::hangup() {
  while (!canceled_ && world_.now() < hangup_at()) (void)co_await hangup_.wait(until(hangup_at()));
  co_return canceled_ ? Error(UV_ECANCELED) : hangup_reason();
}

void Simulated::cancel() {
  canceled_ = true;
  changed();
}

void Simulated::changed() {
  read_.wake();
  write_.wake();
  hangup_.wake();
}

Result<std::size_t> Simulated::take(Source& from, std::span<char> buffer) {
  const Ms now = world_.now();
  std::size_t n = std::min(buffer.size(), from.available(now));
  const bool odd = world_.odd_wakeups && world_.random().chance(10);
  if (n == 0 && now >= from.end_at && from.error != 0) return Error(from.error);
  if ((n == 0 && now < from.end_at) || odd) {
    world_.idle_call();
    return Error(UV_EAGAIN);
  }
  if (n > 1 && world_.odd_wakeups) n = 1 + static_cast<std::size_t>(world_.random().below(n));
  std::copy_n(from.content.data() + from.taken, n, buffer.data());
  from.taken += n;
  if (n == 0) from.end_seen = true;
  return n;
}

// --- standard input and output ---

Result<std::size_t> Local::try_read(std::span<char> buffer) {
  const Result<std::size_t> n = take(in, buffer);
  if (!n) return n;
  if (guarded != nullptr && !*guarded) world_.finding("a kill now would not reset the connection");
  last_read = world_.now();
  world_.add("reads stdin", who_, static_cast<std::int64_t>(*n));
  return n;
}

bool Local::takes_output() const {
  const Ms now = world_.now();
  return closed || now >= gone_at || out.received.size() >= full_at ||
         out.received.size() < total_at(out.room, now) + out.buffer;
}

Ms Local::next_output() const { return std::min(next_mark(out.room, world_.now()), gone_at); }

Result<std::size_t> Local::try_write(std::string_view data) {
  const Ms now = world_.now();
  if (finished_at != kNever) world_.finding("it writes to a standard output that it has closed");
  if (closed) return Error(UV_EBADF);
  if (now >= gone_at) return Error(UV_EPIPE);
  if (out.received.size() >= full_at) return Error(UV_ENOSPC);
  if (!takes_output()) {
    world_.idle_call();
    return Error(UV_EAGAIN);
  }
  const std::size_t room = total_at(out.room, now) + out.buffer - out.received.size();
  std::size_t n = std::min({data.size(), room, full_at - out.received.size()});
  if (n > 1 && world_.odd_wakeups) n = 1 + static_cast<std::size_t>(world_.random().below(n));
  out.received += data.substr(0, n);
  last_written = now;
  world_.add("writes stdout", who_, static_cast<std::int64_t>(n),
             static_cast<std::int64_t>(data.size()));
  return n;
}

Error Local::finish() {
  finished_at = world_.now();
  world_.add("closes stdout", who_);
  return {};
}

// --- the connection ---

Result<std::size_t> Remote::try_read(std::span<char> buffer) {
  const Ms now = world_.now();
  // To close with unread data resets the connection.
  if (closes_fully && now >= in.end_at && out.received.size() > total_at(out.room, in.end_at))
    reset_at = std::min(reset_at, in.end_at);
  if (now >= reset_at && in.available(reset_at) == 0 && !in.end_seen && in.end_at >= reset_at)
    return Error(UV_ECONNRESET);
  const Result<std::size_t> n = take(in, buffer);
  if (!n) return n;
  if (*n > 0) last_moved = now;
  if (*n == 0 && end_seen_at == kNever) end_seen_at = now;
  world_.add("receives", who_, static_cast<std::int64_t>(*n));
  return n;
}

std::size_t Remote::acknowledged() const {
  const Ms then = std::min({world_.now(), reset_at, dead_at}) - lag;
  Ms until = then;
  if (closes_fully) until = std::min(until, in.end_at);
  return std::min(total_at(sends_, until), total_at(out.room, until));
}

bool Remote::takes_output() const {
  return world_.now() >= reset_at || out.received.size() < acknowledged() + out.buffer;
}

Ms Remote::next_output() const {
  const Ms then = world_.now() - lag;
  const Ms next = std::min(next_mark(sends_, then), next_mark(out.room, then));
  return std::min(next >= kNever ? kNever : next + lag, reset_at);
}

Result<std::size_t> Remote::try_write(std::string_view data) {
  const Ms now = world_.now();
  if (finishes > 0) world_.finding("it sends after its half-close");
  if (now >= reset_at) {
    refused_at = std::min(refused_at, now);
    return Error(UV_EPIPE);
  }
  if (!takes_output() || (world_.odd_wakeups && world_.random().chance(10))) {
    world_.idle_call();
    return Error(UV_EAGAIN);
  }
  std::size_t n = std::min(data.size(), acknowledged() + out.buffer - out.received.size());
  if (n > 1 && world_.odd_wakeups) n = 1 + static_cast<std::size_t>(world_.random().below(n));
  out.received += data.substr(0, n);
  sends_.push_back({now, out.received.size()});
  last_moved = now;
  world_.add("sends", who_, static_cast<std::int64_t>(n), static_cast<std::int64_t>(data.size()));
  if (closes_fully && now >= in.end_at) {
    reset_at = std::min(reset_at, now + lag);
    changed();
  }
  return n;
}

Error Remote::finish() {
  const Ms now = world_.now();
  if (finish_blocks) {
    finish_blocks = false;
    world_.idle_call();
    return Error(UV_EAGAIN);
  }
  ++finishes;
  finished_at = now;
  world_.add("half-closes", who_);
  if (now >= reset_at) {
    refused_at = std::min(refused_at, now);
    return Error(UV_ECONNRESET);
  }
  see_end();
  return {};
}

void Remote::see_end() {
  if (!answers || in.end_at < kNever) return;
  const std::size_t before = in.arrivals.empty() ? 0 : in.arrivals.back().total;
  const Ms last = in.arrivals.empty() ? 0 : in.arrivals.back().at;
  const Ms at = std::max(world_.now(), last) + lag + answers_after;
  in.content.resize(before);
  in.content += answer;
  in.arrivals.push_back({at, in.content.size()});
  if (ends_after_answer) in.end_at = at;
  changed();
}

Result<std::size_t> Remote::undelivered() {
  const Ms now = world_.now();
  if (resets && finishes > 0 && refused_at >= kNever)
    world_.finding("a kill after the half-close would reset the connection");
  const std::size_t fin =
      finishes > 0 && (now < finished_at + lag || dead_at < finished_at) ? 1 : 0;
  const std::size_t bytes = out.received.size() - acknowledged() + fin;
  if (bytes > 0 && now >= reset_at) return Error(UV_ECONNRESET);
  return bytes;
}

void Remote::probe_peer() {
  probed = true;
  world_.add("probes", who_);
  if (dead_at < kNever) keepalive_at_ = std::max(world_.now(), dead_at) + 40'000;
  changed();
}

Error Remote::hangup_reason() const {
  return keepalive_at_ <= world_.now() ? Error(UV_ETIMEDOUT) : Error(UV_ECONNRESET);
}

}  // namespace sim
