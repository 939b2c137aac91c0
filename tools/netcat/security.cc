#include "tools/netcat/security.h"

#include "tools/netcat/report.h"
#include "tools/netcat/tls/channel.h"

namespace netcat {

using net::Error;
using net::Task;
using tls::TlsChannel;

constexpr net::Millis kLinger{1'000};  // gives the peer time to read the alert

Security::Security(std::unique_ptr<tls::Context> context) : context_(std::move(context)) {}
Security::~Security() = default;

Outcome Security::load(const Options& options, std::unique_ptr<Security>& out) {
  std::string why;
  const tls::Role role = options.listen ? tls::Role::kServer : tls::Role::kClient;
  auto context = tls::Context::make(options.tls, role, why);
  if (!context) return {net::kTls, why};
  if (!context->key_log_note().empty()) say_note(options, context->key_log_note());
  if (!options.tls.verify && options.tls.pins.empty() && !options.listen)
    say_note(options, "TLS: the server's certificate is not verified (--tls-verify=no)");
  out.reset(new Security(std::move(context)));
  return {};
}

Outcome Security::load_for_proxies(const Options& options, std::unique_ptr<Security>& out) {
  std::string why;
  tls::Options how;
  how.on = true;
  // With --tls the close_notify of the destination matters, not that of the proxy.
  how.allow_truncation = options.tls.on || options.tls.allow_truncation;
  auto context = tls::Context::make(how, tls::Role::kClient, why);
  if (!context) return {net::kTls, why};
  out.reset(new Security(std::move(context)));
  return {};
}

const std::string& Security::certificate() const { return context_->self_signed(); }

// Removes the %interface of an IPv6 address, which certificates do not contain.
std::string name_of_peer(const Options& options) {
  if (options.tls.name) return *options.tls.name;
  const bool scoped = options.host.find(':') != std::string::npos;
  return scoped ? options.host.substr(0, options.host.find('%')) : options.host;
}

// Cancels the channel when time has run out.
static Task<> limit(net::Timer& timer, net::Millis time, TlsChannel& channel, bool& is_over) {
  Error e = co_await timer.wait(time);
  if (e) co_return;
  is_over = true;
  channel.cancel();
}

static Task<> linger(net::Loop& loop, TlsChannel& channel) {
  net::Timer timer(loop);
  net::WaitGroup beside;
  bool is_over = false;
  beside.go(limit(timer, kLinger, channel, is_over));
  co_await channel.linger();
  timer.wake();
  co_await beside.wait();
}

static Outcome failed(const TlsChannel& channel, Error e, bool out_of_time, bool listens) {
  if (out_of_time)
    return {net::kTimedOut, std::string("TLS handshake timed out") + (listens ? "" : " (-w)")};
  if (e == Error(UV_EPROTO)) return {net::kTls, channel.failure()};
  return {net::kTls, std::string("TLS handshake failed: ") + e.message()};
}

// Checks --tls-days: whether the certificate expires too soon.
static Outcome check_days(const tls::Options& options, const tls::Info& info) {
  const int days = static_cast<int>(options.days);
  if (days == 0 || !info.has_certificate || info.days_left >= days) return {};
  return {net::kTls, "certificate expires in " + std::to_string(info.days_left) +
                         (info.days_left == 1 ? " day (on " : " days (on ") + info.not_after + ")"};
}

Task<Secured> Security::shake_hands(net::Loop& loop, std::unique_ptr<Channel> under,
                                    const std::string& name, net::Deadline deadline) {
  const auto start = std::chrono::steady_clock::now();
  under->reset_on_close(false);  // a reset would overtake the alert
  auto channel = std::make_unique<TlsChannel>(std::move(under), *context_, name);
  net::Timer timer(loop);
  net::WaitGroup beside;
  bool out_of_time = false;
  beside.go(limit(timer, deadline.left(), *channel, out_of_time));
  Error e = co_await channel->handshake();
  timer.wake();
  co_await beside.wait();
  Secured secured;
  const bool listens = context_->role() == tls::Role::kServer;
  if (e) {
    secured.outcome = failed(*channel, e, out_of_time, listens);
    if (e == Error(UV_EPROTO)) co_await linger(loop, *channel);
    co_return secured;
  }
  secured.elapsed = std::chrono::steady_clock::now() - start;
  secured.info = std::make_shared<tls::Info>(channel->engine().info());
  secured.outcome = check_days(context_->options(), *secured.info);
  if (secured.outcome.status == net::kOk) secured.channel = std::move(channel);
  co_return secured;
}

}  // namespace netcat
