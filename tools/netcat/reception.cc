#include "tools/netcat/reception.h"

#include "tools/netcat/channel/socket.h"
#include "tools/netcat/report.h"

namespace netcat {

using net::SockAddr;
using net::Task;

constexpr net::Millis kHandshakeLimit{10'000};  // a silent client may delay others

// Looking up the name takes time; meanwhile the client is already served.
Task<> Reception::report(SockAddr peer, SockAddr local, Secured secured) {
  const Options& options = session_.options;
  const std::string name = co_await name_to_say(session_.loop, options, peer);
  say_received(options, peer, local, name);
  if (secured.info) say_tls(options, peer, *secured.info, secured.elapsed);
}

Task<> Reception::report_failure(SockAddr peer, std::string why) {
  const std::string name = co_await name_to_say(session_.loop, session_.options, peer);
  say_handshake_failed(session_.options, peer, name, why);
}

void Reception::receive(net::Fd socket, const SockAddr& peer) {
  if (!access_.admits(peer)) return say_denied(session_.options, peer);
  const SockAddr local = SockAddr::local(socket.get());
  auto channel = std::make_unique<Socket>(session_.loop, std::move(socket));
  if (session_.security) return greetings_.go(greet(std::move(channel), peer, local));
  reports_.go(report(peer, local, {}));
  on_ready_(std::move(channel), peer);
}

Task<> Reception::greet(std::unique_ptr<Channel> socket, SockAddr peer, SockAddr local) {
  const auto place = handshakes_.insert(handshakes_.end(), socket.get());
  const net::Deadline deadline(kHandshakeLimit);
  const std::string no_name;
  Secured secured =
      co_await session_.security->shake_hands(session_.loop, std::move(socket), no_name, deadline);
  handshakes_.erase(place);
  if (!closed_ && secured.channel) {
    std::unique_ptr<Channel> channel = std::move(secured.channel);
    reports_.go(report(peer, local, std::move(secured)));
    on_ready_(std::move(channel), peer);
  } else if (!closed_ && !session_.is_output_gone) {
    reports_.go(report_failure(peer, secured.outcome.why));
  }
  if (on_room) on_room();
}

void Reception::close() {
  closed_ = true;
  for (Channel* channel : handshakes_) channel->cancel();
}

Task<> Reception::wait() { co_await greetings_.wait(); }

Task<> Reception::reported() { co_await reports_.wait(); }

}  // namespace netcat
