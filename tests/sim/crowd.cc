#include "tests/sim/crowd.h"

#include <algorithm>

#include "tools/netcat/relay_stdio.h"

namespace sim {

using netcat::Stdio;
using netcat::Verdict;

// Which client has sent a byte can be seen from the byte.
static char letter_of(int who, bool odd) {
  return static_cast<char>('a' + 2 * who + (odd ? 1 : 0));
}
static int sender_of(char c) { return (c - 'a') / 2; }

static void draw_client(World& world, Crowd::Client& client, int who) {
  Random& random = world.random();
  Remote& remote = client.shape;
  draw_source(world, remote.in, 20'000);
  for (char& c : remote.in.content) c = letter_of(who, random.chance(50));
  draw_sink(world, remote.out, true);
  remote.lag = random.chance(50) ? 0 : random.between(1, 300);
  if (remote.lag > 0) remote.out.buffer += 8'000;
  remote.reset_at = random.chance(10) ? random.between(0, 20'000) : kHorizon;
  remote.closes_fully = random.chance(30);
  client.comes_at = random.between(0, 6'000);
}

Crowd::Crowd(net::Loop& loop, std::uint64_t seed) : world(loop, seed), local(world) {
  Random& random = world.random();
  draw_options(world, options);
  options.listen = options.keep_open = true;
  options.half_open = false;
  options.host = "hub";
  if (random.chance(20)) {
    input = Stdio::Input::kNothing;
    local.in.end_at = 0;
  } else {
    draw_source(world, local.in, options.interval > net::Millis::zero() ? 200 : 100'000);
    if (random.chance(15)) input = Stdio::Input::kTerminal;
    if (random.chance(3)) local.in.error = UV_EIO;
  }
  draw_sink(world, local.out, false);
  if (random.chance(10)) local.gone_at = random.between(0, 8'000);
  if (random.chance(3)) local.full_at = random.size(100'000);
  const int count = 1 + static_cast<int>(random.below(6));
  for (int who = 0; who < count; ++who) {
    clients.push_back(std::make_unique<Client>(world, who));
    draw_client(world, *clients.back(), who);
  }
}

static net::Task<> watch_output(Crowd& run, netcat::Hub& hub) {
  const net::Error e = co_await run.local.hangup();
  if (e == net::Error(UV_EPIPE)) hub.output_gone();
}

static net::Task<> come(Crowd& run, Crowd::Client& client, int who, netcat::Hub& hub) {
  (void)co_await net::sleep(run.world.loop(), net::Millis(client.comes_at));
  if (hub.ended()) co_return;
  auto remote = std::make_unique<Remote>(run.world, who);
  Remote& shape = client.shape;
  remote->in = shape.in;
  remote->out = shape.out;
  remote->lag = shape.lag;
  remote->reset_at = std::max(shape.reset_at, run.world.now());
  remote->closes_fully = shape.closes_fully;
  client.remote = remote.get();
  client.content = shape.in.content;
  run.world.add("comes", who);
  const auto port = static_cast<std::uint16_t>(1 + who);
  hub.admit(std::move(remote), *net::SockAddr::numeric("127.0.0.1", port));
}

static net::Task<> end_at_horizon(Crowd& run, net::Timer& horizon, netcat::Hub& hub) {
  net::Error e = co_await horizon.wait(net::Millis(kHorizon));
  if (!e) run.world.add("the horizon", 0);
  if (!e) hub.end({.reason = Verdict::kNoClient});
}

net::Task<> Crowd::run() {
  netcat::Session session(world.loop(), options);
  terms = terms_of(options, input);
  const auto on_closed = [this](const net::SockAddr& peer, const netcat::Channel&,
                                const netcat::Tally&, const Verdict& how) {
    Client& client = *clients[peer.port() - std::size_t{1}];
    world.add("is let go", peer.port() - 1, how.reason, how.error.code());
    client.left = true;
    client.left_at = world.now();
    client.verdict = how;
    client.received = client.remote->out.received;
    client.acknowledged = client.remote->acknowledged();
    client.taken = client.remote->in.taken;
    client.resets = client.remote->resets;
    client.finishes = client.remote->finishes;
    client.shape.end_seen_at = client.remote->end_seen_at;
  };
  netcat::Hub hub(session, local, terms, on_closed);
  net::Timer horizon(world.loop());
  net::WaitGroup beside;
  if (!options.send_only) beside.go(watch_output(*this, hub));
  beside.go(end_at_horizon(*this, horizon, hub));
  for (std::size_t who = 0; who < clients.size(); ++who)
    beside.go(come(*this, *clients[who], static_cast<int>(who), hub));
  verdict = co_await hub.run();
  end_at = world.now();
  world.add("the hub ends with verdict", 0, verdict.reason, verdict.error.code());
  local.cancel();
  horizon.wake();
  co_await beside.wait();
}

// --- the judgement ---

namespace {

class CrowdJudge {
 public:
  explicit CrowdJudge(const Crowd& run)
      : run_(run),
        encoded_(run.options.crlf ? with_crlf(run.local.in.content) : run.local.in.content),
        has_input_(run.terms.input != netcat::Terms::Input::kNone) {}
  void all() {
    output();
    untorn();
    for (const auto& client : run_.clients)
      if (client->left) one(*client);
    input();
    hub();
  }

 private:
  void require(bool holds, const char* rule) const {
    if (!holds) run_.world.finding(rule);
  }
  bool output_works() const {
    const Local& local = run_.local;
    return run_.end_at < local.gone_at && local.out.received.size() < local.full_at;
  }
  void output();
  void untorn() const;
  void one(const Crowd::Client& client) const;
  void input() const;
  void hub() const;

  const Crowd& run_;
  const std::string encoded_;
  const bool has_input_;
  std::vector<std::string> heard_;
};

void CrowdJudge::output() {
  heard_.resize(run_.clients.size());
  for (const char c : run_.local.out.received) heard_[static_cast<std::size_t>(sender_of(c))] += c;
  for (std::size_t who = 0; who < heard_.size(); ++who) {
    const Crowd::Client& client = *run_.clients[who];
    require(client.content.starts_with(heard_[who]), "standard output has other bytes");
    const bool wanted = !run_.options.send_only && output_works();
    if (client.left && client.verdict.reason == Verdict::kComplete && wanted)
      require(heard_[who].size() == client.content.size(), "lost: a client's bytes");
    const bool had_room = run_.local.out.received.size() <
                          total_at(run_.local.out.room, kHorizon - 1) + run_.local.out.buffer;
    const bool is_stuck = client.left && client.left_at >= kHorizon && wanted && had_room;
    if (is_stuck && client.shape.reset_at >= kHorizon && client.shape.in.error == 0)
      require(heard_[who].size() == client.content.size(), "it does not see that output has room");
  }
}

// What one client has sent is not torn apart by another's.
void CrowdJudge::untorn() const {
  std::size_t at = 0;
  bool more = false;
  int speaker = -1;
  for (const Event& event : run_.world.events) {
    if (std::string_view(event.what) != "writes stdout") continue;
    const int sender = sender_of(run_.local.out.received[at]);
    const Crowd::Client* before =
        speaker >= 0 ? run_.clients[static_cast<std::size_t>(speaker)].get() : nullptr;
    if (more && before != nullptr && !(before->left && before->left_at <= event.at))
      require(sender == speaker, "one client's bytes are torn apart");
    speaker = sender;
    more = event.a < event.b;
    at += static_cast<std::size_t>(event.a);
  }
}

void CrowdJudge::one(const Crowd::Client& client) const {
  const bool input_ended = run_.local.in.end_seen;
  const bool ours = run_.verdict.reason == client.verdict.reason;
  require(encoded_.find(client.received) != std::string::npos, "a client is sent other bytes");
  require(client.finishes <= 1, "a client is half-closed twice");
  if (client.finishes == 1) {
    require(input_ended && has_input_ && run_.options.shutdown, "a half-close without a reason");
    require(encoded_.ends_with(client.received), "a half-close before all is sent");
  }
  switch (client.verdict.reason) {
    case Verdict::kComplete:
      require(client.acknowledged == client.received.size(), "complete, but not acknowledged");
      require(!has_input_ || input_ended, "a client that half-closed gets no more input");
      require(!client.resets, "a complete client is reset");
      return;
    case Verdict::kIdle:
      require(run_.options.idle != net::kForever, "idle without a limit");
      return;
    case Verdict::kStuck:
      require(client.shape.out.room.empty() || client.shape.out.room.front().total == 0 ||
                  client.shape.closes_fully || run_.options.idle != net::kForever,
              "a client that reads is taken for stuck");
      return;
    case Verdict::kUnacknowledged:
      require(run_.terms.quit_after && input_ended, "no -q has run out");
      return;
    case Verdict::kLost:
      require(client.left_at >= client.shape.reset_at || client.shape.closes_fully ||
                  client.shape.in.error != 0,
              "a client is lost, though nothing has happened");
      return;
    default:
      require(ours, "a client ends with the hub's verdict, but the hub goes on");
  }
}

// Every byte that was taken off standard input has gone to a client, but for the last piece.
void CrowdJudge::input() const {
  constexpr std::size_t kPiece = std::size_t{64} << 10;
  if (!has_input_ || run_.options.crlf) return;
  std::vector<std::pair<std::size_t, std::size_t>> parts;
  for (const auto& client : run_.clients) {
    const std::string& got = client->received;
    if (!client->left || (got.size() > 0 && got.size() < 8)) return;
    if (got.empty()) continue;
    parts.emplace_back(encoded_.find(got), encoded_.find(got) + got.size());
    const bool waits = client->left_at >= kHorizon && parts.back().second < run_.local.in.taken;
    require(!waits || run_.local.in.all_taken(),  // after the end of input it holds up no client
            "a client that does not read holds up the others for ever");
  }
  std::sort(parts.begin(), parts.end());
  std::size_t covered = 0;
  for (const auto& [from, to] : parts) {
    require(from <= covered, "lost: a piece of the input that no client was sent");
    covered = std::max(covered, to);
  }
  require(run_.local.in.taken <= covered + kPiece, "lost: the end of the input");
}

void CrowdJudge::hub() const {
  switch (run_.verdict.reason) {
    case Verdict::kNoClient:  // the horizon
      break;
    case Verdict::kOutputGone:
      return require(run_.local.gone_at <= run_.end_at, "the reader is still there");
    case Verdict::kOutputFailed:
      return require(run_.local.out.received.size() >= run_.local.full_at, "no output has failed");
    case Verdict::kInputFailed:
      return require(run_.local.in.error != 0, "the input has not failed");
    default:
      return require(false, "a verdict that is none for a hub");
  }
  for (const auto& client : run_.clients) {
    const bool until_horizon = client->left && client->left_at >= kHorizon;
    if (!until_horizon || client->shape.end_seen_at >= kHorizon) continue;
    const bool reads = client->acknowledged == client->received.size();
    require(!reads || (has_input_ && !run_.local.in.end_seen), "a client is never let go");
  }
  if (!has_input_ || run_.clients.empty() || run_.local.in.end_at >= kHorizon) return;
}

}  // namespace

void judge(const Crowd& run) { CrowdJudge(run).all(); }

}  // namespace sim
