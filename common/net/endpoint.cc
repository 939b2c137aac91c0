#include "common/net/endpoint.h"

#include "common/cli/exit_status.h"
#include "common/cli/log.h"

namespace net {

int fail_to_listen(const std::string& where, Error e) {
  log::error("listen on %s: %s", where.c_str(), e.message());
  return kNoListen;
}

// Finds the next port that is free on all the addresses, or any free port; 0 if there is none.
static std::uint16_t free_port(std::vector<SockAddr> addresses) {
  constexpr unsigned kTries = 20;
  const unsigned taken = addresses.front().port();
  for (unsigned port = taken + 1; port <= taken + kTries; ++port) {
    addresses.front().set_port(static_cast<std::uint16_t>(port <= 65535 ? port : 0));
    const auto sockets = bind_sockets(addresses, {});
    if (sockets) return SockAddr::local(sockets->front().get()).port();
  }
  return 0;
}

static int fail_to_bind(Address address, const std::vector<SockAddr>& addresses, Error e) {
  const std::string name = address.to_string();
  if (e != Error(UV_EADDRINUSE)) return fail_to_listen(name, e);
  std::string hint = "with another path";
  if (address.kind == Address::kTcp) {
    const std::uint16_t port = free_port(addresses);
    address.port = std::to_string(port);
    hint = port > 0 ? address.to_string() : "with another port";
  }
  log::error("listen on %s: %s (try --listen %s)", name.c_str(), e.message(), hint.c_str());
  return kNoListen;
}

static int usage_error(const std::string& text, const std::string& why) {
  log::error("'%s'%s", text.c_str(), why.c_str());
  return kUsage;
}

int bind_endpoint(const std::string& text, const ListenOptions& options,
                  std::vector<Endpoint>& endpoints) {
  Address address;
  std::string why;
  if (!Address::parse(text, address, why)) return usage_error(text, ": " + why);
  const std::string name = address.to_string();
  if (address.kind == Address::kFd) {
    for (const Endpoint& one : endpoints)
      if (one.inherited && one.name == name) return usage_error(text, " is given twice");
    auto inherited = take_listening_socket(address.fd);
    if (!inherited && inherited.error() == Error(UV_EINVAL)) {
      log::error("listen on %s: not a listening socket", name.c_str());
      return kNoListen;
    }
    if (!inherited) return fail_to_listen(name, inherited.error());
    endpoints.push_back({.name = name, .socket = std::move(*inherited), .inherited = true});
    return kOk;
  }
  std::vector<SockAddr> addresses;
  if (address.kind == Address::kUnix) {
    const auto path = SockAddr::unix_path(address.path);
    if (!path) return fail_to_listen(name, path.error());
    addresses.push_back(*path);
  } else {
    const auto port = parse_port(address.port);
    if (!port) return usage_error(text, ": unknown service '" + address.port + "'");
    const auto found = passive_addresses(address.host, *port, AF_UNSPEC, false);
    if (!found) {
      log::error("listen on %s: %s", name.c_str(), found.error().message());
      return kNoName;
    }
    addresses = *found;
  }
  auto sockets = bind_sockets(addresses, options);
  if (!sockets) return fail_to_bind(address, addresses, sockets.error());
  for (Fd& socket : *sockets) {
    BoundPath path(SockAddr::local(socket.get()));
    endpoints.push_back({.name = name, .socket = std::move(socket), .path = std::move(path)});
  }
  return kOk;
}

}  // namespace net
