#include "tools/netcat/reconnect.h"

#include <algorithm>
#include <cstdio>

#include "tools/netcat/connect.h"
#include "tools/netcat/hub.h"
#include "tools/netcat/relay/in_hand.h"
#include "tools/netcat/relay_stdio.h"
#include "tools/netcat/report.h"

namespace netcat {

using net::Error;
using net::Millis;
using net::SockAddr;
using net::Task;

constexpr Millis kPauseMax{60'000};

namespace {

// Makes one connection after another, each with a seat in the hub.
class Reconnecting {
 public:
  Reconnecting(Session& session, Stdio& local);
  Task<Outcome> run();

 private:
  Task<> keep_connected();
  Task<> use(Connection& connection);
  void on_closed(const SockAddr& peer, const Channel& channel, const Tally& tally,
                 const Verdict& verdict);
  void on_change();
  bool is_over() const { return hub_.input_ended() && in_hand_.is_empty(); }
  bool is_permanent(const Connection& connection) const;
  void say_pause() const;

  Session& session_;
  const Options& options_;
  InHand in_hand_;
  Hub hub_;
  net::Timer changed_;  // woken at the end of a connection
  Millis pause_;
  bool closed_ = false;
  bool over_ = false;
  Outcome outcome_;  // the outcome of the last connection or attempt
};

Reconnecting::Reconnecting(Session& session, Stdio& local)
    : session_(session),
      options_(session.options),
      hub_(session, local, terms_of(options_, local.input()),
           [this](const SockAddr& peer, const Channel& channel, const Tally& tally,
                  const Verdict& verdict) { on_closed(peer, channel, tally, verdict); },
           {.in_hand = &in_hand_}),
      changed_(session.loop),
      pause_(options_.retry_interval) {
  hub_.on_change = [this] { on_change(); };
  session_.on_output_gone = [this] { hub_.output_gone(); };
}

Task<Outcome> Reconnecting::run() {
  net::WaitGroup connecting;
  connecting.go(keep_connected());
  const Verdict verdict = co_await hub_.run();
  co_await connecting.wait();
  session_.on_output_gone = nullptr;
  co_return over_ ? outcome_ : outcome_of(verdict, options_, session_.log.problem());
}

// Cancels the attempt to connect when the hub has ended.
void Reconnecting::on_change() {
  changed_.wake();
  if (hub_.ended() && !over_ && hub_.count() == 0) session_.loop.cancel_all();
}

void Reconnecting::on_closed(const SockAddr& peer, const Channel& channel, const Tally& tally,
                             const Verdict& verdict) {
  outcome_ = outcome_of(verdict, options_, session_.log.problem(), channel.failure());
  say_closed(options_, peer, tally, outcome_, channel.tls_end());
  if (tally.received > 0 || tally.elapsed() >= pause_) pause_ = options_.retry_interval;
  closed_ = true;
  changed_.wake();
}

// True for failures that no later attempt can change.
bool Reconnecting::is_permanent(const Connection& connection) const {
  if (!connection.can_be_resolved) return true;
  for (const int status :
       {net::kNoName, net::kLost, net::kRefused, net::kTimedOut, net::kUnreachable, net::kProxy})
    if (outcome_.status == status) return false;
  return true;
}

void Reconnecting::say_pause() const {
  char text[64];
  std::snprintf(text, sizeof text, "connecting again in %g s",
                static_cast<double>(pause_.count()) / 1000);
  say_try_failed(options_, (outcome_.why.empty() ? "" : outcome_.why + "; ") + text);
}

Task<> Reconnecting::use(Connection& connection) {
  closed_ = false;
  hub_.admit(std::move(connection.channel), connection.peer, connection.was_reset);
  while (!closed_) {
    Error e = co_await changed_.wait(net::kForever);
    if (e == Error(UV_ECANCELED)) co_return;
  }
}

Task<> Reconnecting::keep_connected() {
  while (!hub_.ended()) {
    Connection connection;
    outcome_ = co_await dial(session_, connection);
    if (hub_.ended()) co_return;
    const bool connected = connection.channel != nullptr;
    if (connected) co_await use(connection);
    if (hub_.ended()) co_return;
    over_ = connected ? is_over() : is_permanent(connection);
    if (over_) co_return hub_.end({});
    say_pause();
    const net::Deadline next(pause_);
    while (!hub_.ended() && next.left() > Millis::zero()) {
      Error e = co_await changed_.wait(next.left());
      if (e == Error(UV_ECANCELED)) co_return;
    }
    pause_ = std::min(2 * pause_, std::max(kPauseMax, options_.retry_interval));
  }
}

}  // namespace

Task<Outcome> reconnect(Session& session, Stdio& local) {
  reset_if_killed(session, local);
  Reconnecting reconnecting(session, local);
  Outcome outcome = co_await reconnecting.run();
  co_return outcome;
}

}  // namespace netcat
