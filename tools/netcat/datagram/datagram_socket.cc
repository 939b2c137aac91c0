#include "tools/netcat/datagram/datagram_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "common/net/dial.h"
#include "tools/netcat/listen.h"
#include "tools/netcat/report.h"

namespace netcat {

using net::Error;
using net::Fd;
using net::Loop;
using net::Result;
using net::SockAddr;
using net::Task;

DatagramSocket::DatagramSocket(Loop& loop, Fd socket)
    : fd_(std::move(socket)),
      path_(SockAddr::local(fd_.get())),
      watch_(std::make_unique<net::Watch>(loop, fd_.get())) {}

Result<DatagramSocket::Received> DatagramSocket::receive(std::span<char> buffer) {
  sockaddr_storage sender{};
  socklen_t size = sizeof sender;
  auto* address = reinterpret_cast<sockaddr*>(&sender);
  const ssize_t n =
      recvfrom(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_TRUNC, address, &size);
  if (n < 0 && errno != EINTR && errno != EAGAIN) return forget_errors(Error::from_errno());
  if (n < 0) return Error(UV_EAGAIN);
  return Received{static_cast<std::size_t>(n), SockAddr(address, size)};
}

Error DatagramSocket::send(std::string_view datagram, const SockAddr& to) {
  const sockaddr* address = to.size() == 0 ? nullptr : to.get();
  const ssize_t n = sendto(fd_.get(), datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                           address, to.size());
  if (n >= 0) return {};
  return errno == EINTR ? Error(UV_EAGAIN) : Error::from_errno();
}

// What IP_RECVERR has queued of an error that has been told, and what would keep the socket ready.
Error DatagramSocket::forget_errors(Error told) {
  msghdr nothing{};
  while (recvmsg(fd_.get(), &nothing, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) nothing = {};
  return told;
}

Error DatagramSocket::connect(const SockAddr& peer) {
  const int on = 1;
  if (peer.family() == AF_INET) (void)setsockopt(fd_.get(), IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  if (peer.family() == AF_INET6)
    (void)setsockopt(fd_.get(), IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
  return ::connect(fd_.get(), peer.get(), peer.size()) == 0 ? Error() : Error::from_errno();
}

Error DatagramSocket::pending_error() {
  int error = 0;
  socklen_t size = sizeof error;
  (void)getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);  // no error, then
  return {-error};
}

void DatagramSocket::close() {
  if (!fd_) return;
  watch_->cancel();
  path_.remove();
  fd_.reset();
}

// --- what may have to be sent again ---

constexpr std::size_t kUnansweredBytes = std::size_t{128} << 10;  // a socket's buffer takes it

void Unanswered::add(std::string_view datagram) {
  bytes_ += datagram.size();
  if (bytes_ <= kUnansweredBytes)
    datagrams_.emplace_back(datagram);
  else
    datagrams_.clear();
}

bool Unanswered::send(DatagramSocket& socket) {
  if (bytes_ > kUnansweredBytes) return false;
  for (const std::string& datagram : datagrams_)
    (void)socket.send(datagram, {});  // a refusal shows again at the next call
  return true;
}

// --- opening ---

static net::ListenOptions datagrams(const Options& options) {
  net::ListenOptions how{.type = SOCK_DGRAM};
  how.prepare = [&options](int fd, int family) { options.socket.apply(fd, family); };
  return how;
}

static Error allow_broadcast(int fd) {
  const int on = 1;
  return setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) == 0 ? Error()
                                                                       : Error::from_errno();
}

static Task<Outcome> open_bound(Loop& loop, const Options& options, Datagrams& opened) {
  std::vector<Fd> sockets;
  Outcome outcome =
      co_await bind_all(loop, options, datagrams(options), net::Deadline(options.timeout), sockets);
  for (Fd& socket : sockets) {
    if (options.broadcast) (void)allow_broadcast(socket.get());  // sending tells if it failed
    opened.sockets.emplace_back(loop, std::move(socket));
    say_bound(options, opened.sockets.back().address());
  }
  co_return outcome;
}

// The local end of a client: the first source of the family, or the system's choice.
static Result<Fd> client_socket(const Options& options, const std::vector<SockAddr>& sources,
                                int family) {
  SockAddr local = *SockAddr::numeric(family == AF_INET6 ? "::" : "0.0.0.0", 0);
  bool found = sources.empty();
  for (const SockAddr& source : sources) {
    if (!found && source.family() == family) local = source;
    found = found || source.family() == family;
  }
  if (!found) return Error(UV_EAFNOSUPPORT);
  local.set_port(options.source_port);
  return net::bind_socket(local, datagrams(options));
}

// A broadcast address is not connected to: the answers come from other addresses.
static Error connect_client(Loop& loop, const Options& options, Fd socket, const SockAddr& peer,
                            Datagrams& opened) {
  const int fd = socket.get();
  DatagramSocket client(loop, std::move(socket));
  const Error e = client.connect(peer);
  const bool broadcast = e == Error(UV_EACCES) && options.broadcast;
  if (e && !broadcast) return e;
  if (broadcast) {
    const Error denied = allow_broadcast(fd);
    if (denied) return denied;
    opened.to = peer;
  } else if (opened.sockets.empty()) {
    say_connected(options, peer, SockAddr::local(fd));
  }
  opened.sockets.push_back(std::move(client));
  return {};
}

static Outcome not_connected(const Options& options, Error e) {
  const bool refused = e == Error(UV_ECONNREFUSED);
  const char* hint = e == Error(UV_EACCES) && !options.broadcast && !options.unix_domain
                         ? " (a broadcast address wants --broadcast)"
                         : "";
  return {refused ? net::kRefused : net::kUnreachable,
          "connect to " + options.where() + ": " + e.message() + hint};
}

static Outcome not_bound(const Options& options, Error e) {
  std::string local = options.source;
  if (!options.unix_domain)
    local += (local.empty() ? "port " : " port ") + std::to_string(options.source_port);
  return {net::kNoListen, "bind to " + local + ": " + e.message()};
}

// Without -s the kernel gives an abstract name: nothing is left behind, whatever becomes of us.
static Outcome open_unix_client(Loop& loop, const Options& options, Datagrams& opened) {
  const auto peer = SockAddr::unix_path(options.path);
  if (!peer) return {net::kUsage, options.path + ": " + peer.error().message()};
  sockaddr unnamed{};
  unnamed.sa_family = AF_UNIX;
  SockAddr local(&unnamed, sizeof unnamed.sa_family);
  if (!options.source.empty()) {
    const auto given = SockAddr::unix_path(options.source);
    if (!given) return {net::kUsage, options.source + ": " + given.error().message()};
    local = *given;
  }
  auto socket = net::bind_socket(local, datagrams(options));
  if (!socket) return not_bound(options, socket.error());
  say_bound(options, SockAddr::local(socket->get()));
  const Error e = connect_client(loop, options, std::move(*socket), *peer, opened);
  return e ? not_connected(options, e) : Outcome();
}

// Every address that can be connected to, which says no more than that there is a way.
static Task<Outcome> open_udp_client(Loop& loop, const Options& options, Datagrams& opened) {
  const net::Deadline deadline(options.timeout);
  const auto start = Tally::Clock::now();
  const auto peers = co_await net::lookup(loop, options.host, options.port, options.family,
                                          options.numeric, deadline);
  if (!peers) co_return not_found(options.host, peers.error());
  say_resolved(options, *peers, Tally::Clock::now() - start);
  std::vector<SockAddr> sources;
  if (!options.source.empty()) {
    const auto found =
        co_await net::lookup(loop, options.source, 0, options.family, options.numeric, deadline);
    if (!found) co_return not_found(options.source, found.error());
    sources = *found;
  }
  Outcome failed;
  for (const SockAddr& peer : *peers) {
    if (opened.to.size() != 0) break;
    auto socket = client_socket(options, sources, peer.family());
    Error e = socket.error();
    if (!e) e = connect_client(loop, options, std::move(*socket), peer, opened);
    if (!e) continue;
    say_attempt(options, peer, e, Elapsed());
    if (peers->size() > 1) say_attempt_failed(options, peer, e);
    failed = socket ? not_connected(options, e) : not_bound(options, e);
  }
  co_return opened.sockets.empty() ? failed : Outcome();
}

Task<Outcome> open_datagrams(Loop& loop, const Options& options, Datagrams& opened) {
  if (options.unix_domain && !options.listen) co_return open_unix_client(loop, options, opened);
  Outcome outcome;
  if (options.listen)
    outcome = co_await open_bound(loop, options, opened);
  else
    outcome = co_await open_udp_client(loop, options, opened);
  co_return outcome;
}

}  // namespace netcat
