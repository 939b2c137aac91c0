#include "tools/netcat/reception.h"

#include "tools/netcat/channel/socket.h"
#include "tools/netcat/report.h"

namespace netcat {

using net::SockAddr;
using net::Task;

constexpr net::Millis kHandshakeLimit{10'000};  // a client that says nothing holds up others

void Reception::receive(net::Fd socket) {
  const SockAddr peer = SockAddr::peer(socket.get());
  if (!access_.admits(peer)) return say_denied(session_.options, peer);
  const SockAddr local = SockAddr::local(socket.get());
  auto channel = std::make_unique<Socket>(session_.loop, std::move(socket));
  if (session_.security) return greetings_.go(greet(std::move(channel), peer, local));
  say_received(session_.options, peer, local);
  on_ready_(std::move(channel), peer);
}

Task<> Reception::greet(std::unique_ptr<Channel> socket, SockAddr peer, SockAddr local) {
  const auto place = handshakes_.insert(handshakes_.end(), socket.get());
  const net::Deadline deadline(kHandshakeLimit);
  Secured secured =
      co_await session_.security->shake_hands(session_.loop, std::move(socket), deadline);
  handshakes_.erase(place);
  if (!closed_ && secured.channel) {
    say_received(session_.options, peer, local);
    say_tls(session_.options, peer, *secured.info, secured.elapsed);
    on_ready_(std::move(secured.channel), peer);
  } else if (!closed_ && !session_.is_output_gone) {
    say_handshake_failed(session_.options, peer, secured.outcome.why);
  }
  if (on_room) on_room();
}

void Reception::close() {
  closed_ = true;
  for (Channel* channel : handshakes_) channel->cancel();
}

Task<> Reception::wait() { co_await greetings_.wait(); }

}  // namespace netcat
