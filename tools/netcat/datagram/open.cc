#include "tools/netcat/datagram/open.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "common/net/dial.h"
#include "common/net/socket_option.h"
#include "tools/netcat/datagram/multicast.h"
#include "tools/netcat/listen.h"
#include "tools/netcat/relay/tally.h"
#include "tools/netcat/report.h"

namespace netcat {

using net::Error;
using net::Fd;
using net::Loop;
using net::Result;
using net::SockAddr;
using net::Task;

net::ListenOptions datagram_options(const Options& options) {
  net::ListenOptions how{.type = SOCK_DGRAM};
  how.prepare = [&options](int fd, int family) {
    options.socket.apply(fd, family);
    if (options.listen) report_local_ends(fd, family, true);
  };
  return how;
}

// The address of the interface for a group (-s); without it the routing table decides.
static Task<Result<SockAddr>> find_source(Loop& loop, const Options& options, int family) {
  if (options.source.empty()) co_return SockAddr();
  const auto found = co_await net::lookup(loop, options.source, 0, family, options.numeric,
                                          net::Deadline(options.timeout));
  if (!found) co_return found.error();
  co_return found->front();
}

static Outcome no_interface(const std::string& host) {
  return {net::kNoName, "cannot resolve " + host + ": no such network interface"};
}

// --- a listener ---

static Outcome not_listening(const Options& options, const std::string& why) {
  return {net::kNoListen, "listen on " + options.where() + ": " + why};
}

// Shares the port with other members of the group on this host: each gets a copy of every datagram.
static Task<Outcome> bind_group(Loop& loop, const Options& options, SockAddr group,
                                Interface interface, std::vector<Fd>& bound) {
  const auto source = co_await find_source(loop, options, group.family());
  if (!source) co_return not_found(options.source, source.error());
  interface.address = *source;
  net::ListenOptions how = datagram_options(options);
  how.prepare = [&options](int fd, int family) {
    options.socket.apply(fd, family);
    (void)net::set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);  // bind(2) reports any error
  };
  auto socket = net::bind_socket(group, how);
  if (!socket) co_return not_listening(options, socket.error().message());
  Error e = join_group(socket->get(), group, interface);
  if (e) co_return not_listening(options, std::string("cannot join the group: ") + e.message());
  bound.push_back(std::move(*socket));
  co_return Outcome{};
}

static Task<Outcome> bind_addresses(Loop& loop, const Options& options, std::vector<Fd>& bound) {
  std::string host = options.host;
  Interface interface;
  const Error unknown = take_interface(host, interface);
  if (unknown) co_return no_interface(options.host);
  const auto group = SockAddr::numeric(host, options.port);
  Outcome outcome;
  if (!options.unix_domain && group && is_multicast(*group))
    outcome = co_await bind_group(loop, options, *group, interface, bound);
  else
    outcome = co_await bind_all(loop, options, datagram_options(options),
                                net::Deadline(options.timeout), bound);
  co_return outcome;
}

static Task<Outcome> open_bound(Loop& loop, const Options& options, Datagrams& opened) {
  std::vector<Fd> sockets;
  Outcome outcome = co_await bind_addresses(loop, options, sockets);
  for (Fd& socket : sockets) {
    if (options.broadcast)
      (void)net::set_option(socket.get(), SOL_SOCKET, SO_BROADCAST, 1);  // a send reports any error
    DatagramSocket& added = opened.sockets.emplace_back(loop, std::move(socket));
    if (!options.unix_domain && !options.socket.receive_buffer) added.widen();
    if (!added.is_wildcard()) added.report_no_local_ends();
  }
  for (const DatagramSocket& socket : opened.sockets) {
    const SockAddr address = socket.address();
    const std::string name = co_await own_name_to_say(loop, options, address);
    say_bound(options, address, name);
  }
  co_return outcome;
}

// --- a client ---

Result<Fd> bind_client(const Options& options, const std::vector<SockAddr>& sources, int family) {
  SockAddr local = *SockAddr::numeric(family == AF_INET6 ? "::" : "0.0.0.0", 0);
  bool found = sources.empty();
  for (const SockAddr& source : sources) {
    if (!found && source.family() == family) local = source;
    found = found || source.family() == family;
  }
  if (!found) return Error(UV_EAFNOSUPPORT);
  local.set_port(options.source_port);
  return net::bind_socket(local, datagram_options(options));
}

Error connect_to_other(DatagramSocket& client, const SockAddr& peer) {
  const Error e = client.connect(peer);
  return !e && client.address() == peer ? Error(UV_ECONNREFUSED) : e;
}

// A client of a group or broadcast address does not connect, because answers come from other
// addresses.
static Error prepare_many(DatagramSocket& client, const Options& options, const SockAddr& peer,
                          Interface interface, const std::vector<SockAddr>& sources) {
  client.report_errors(peer.family());
  if (!is_multicast(peer)) return net::set_option(client.fd(), SOL_SOCKET, SO_BROADCAST, 1);
  for (const SockAddr& source : sources)
    if (source.family() == peer.family()) interface.address = source;
  return send_to_group(client.fd(), peer, interface, options.socket.ttl.value_or(0));
}

static Error connect_client(DatagramSocket& client, const Options& options, const SockAddr& peer,
                            Datagrams& opened) {
  const Error e = connect_to_other(client, peer);
  if (e) return e;
  client.name_no_senders();
  if (opened.sockets.empty()) say_connected(options, peer, client.address());
  return {};
}

static Outcome not_connected(const Options& options, Error e) {
  std::string why = e.message();
  const bool taken = options.unix_domain && e == Error(UV_EPERM);
  if (taken) why = "the socket there is connected to another client";
  if (e == Error(UV_EACCES) && !options.broadcast && !options.unix_domain)
    why += " (use -b to send to a broadcast address)";
  const bool refused = taken || e == Error(UV_ECONNREFUSED);
  return {refused ? net::kRefused : net::kUnreachable,
          "connect to " + options.where() + ": " + why};
}

static Outcome not_bound(const Options& options, Error e) {
  std::string local = options.source;
  if (!options.unix_domain)
    local += (local.empty() ? "port " : " port ") + std::to_string(options.source_port);
  return {net::kNoListen, "bind to " + local + ": " + e.message()};
}

// Without -s the kernel picks an abstract name, so no file is left behind even if netcat is killed.
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
  auto socket = net::bind_socket(local, datagram_options(options));
  if (!socket) return not_bound(options, socket.error());
  say_bound(options, SockAddr::local(socket->get()));
  DatagramSocket client(loop, std::move(*socket));
  const Error e = connect_client(client, options, *peer, opened);
  if (e) return not_connected(options, e);
  opened.sockets.push_back(std::move(client));
  return {};
}

static Outcome open_one(Loop& loop, const Options& options, const SockAddr& peer,
                        const Interface& interface, const std::vector<SockAddr>& sources,
                        Datagrams& opened) {
  auto socket = bind_client(options, sources, peer.family());
  if (!socket) return not_bound(options, socket.error());
  DatagramSocket client(loop, std::move(*socket));
  if (!options.socket.receive_buffer) client.widen();
  bool many = is_multicast(peer);
  Error e;
  if (!many) e = connect_client(client, options, peer, opened);
  many = many || (e == Error(UV_EACCES) && options.broadcast);
  if (many) e = prepare_many(client, options, peer, interface, sources);
  if (e) {
    say_attempt(options, peer, e, Elapsed());
    return not_connected(options, e);
  }
  if (many) opened.to = peer;
  opened.sockets.push_back(std::move(client));
  return {};
}

// Opens a socket for every address that connect(2) accepts, which only means that there is a route.
static Task<Outcome> open_udp_client(Loop& loop, const Options& options, Datagrams& opened) {
  const net::Deadline deadline(options.timeout);
  const auto start = Tally::Clock::now();
  std::string host = options.host;
  Interface interface;
  const Error unknown = take_interface(host, interface);
  if (unknown) co_return no_interface(options.host);
  const auto peers =
      co_await net::lookup(loop, host, options.port, options.family, options.numeric, deadline);
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
    Outcome outcome = open_one(loop, options, peer, interface, sources, opened);
    if (outcome.status != net::kOk) failed = std::move(outcome);
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
