#include "common/net/endpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/cli/cli.h"
#include "common/cli/exit_status.h"
#include "common/cli/log.h"

namespace net {

int fail_to_listen(const std::string& where, Error e) {
  const bool in_use = e == Error(UV_EADDRINUSE);
  const char* hint = where.starts_with("unix:") ? " (try --listen with another path)"
                                                : " (try --listen with another port)";
  log::error("listen on %s: %s%s", where.c_str(), e.message(), in_use ? hint : "");
  return kNoListen;
}

static Result<Fd> take_inherited(int fd) {
  // Standard descriptors stay where they are, so that nothing else lands there.
  Fd socket(fd <= STDERR_FILENO ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : fd);
  if (!socket || fcntl(socket.get(), F_SETFD, FD_CLOEXEC) != 0) {
    (void)socket.release();
    return Error::from_errno();
  }
  int listening = 0;
  socklen_t size = sizeof listening;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0)
    return Error::from_errno();
  if (listening == 0) return Error(UV_EINVAL);  // the kernel would choose an address for it
  return socket;
}

int bind_endpoint(const std::string& text, const ListenOptions& options,
                  std::vector<Endpoint>& endpoints) {
  Address address;
  std::string why;
  if (!Address::parse(text, address, why)) Cli::fail("'" + text + "': " + why);
  const std::string name = address.to_string();
  if (address.kind == Address::kFd) {
    auto inherited = take_inherited(address.fd);
    if (!inherited) return fail_to_listen(name, inherited.error());
    endpoints.push_back({name, std::move(*inherited), true});
    return kOk;
  }
  std::vector<SockAddr> addresses;
  if (address.kind == Address::kUnix) {
    const auto path = SockAddr::unix_path(address.path);
    if (!path) return fail_to_listen(name, path.error());
    addresses.push_back(*path);
  } else {
    const auto port = parse_port(address.port);
    if (!port) Cli::fail("'" + text + "': unknown service '" + address.port + "'");
    const auto found = passive_addresses(address.host, *port, AF_UNSPEC, false);
    if (!found) {
      log::error("listen on %s: %s", name.c_str(), found.error().message());
      return kNoName;
    }
    addresses = *found;
  }
  auto sockets = bind_sockets(addresses, options);
  if (!sockets) return fail_to_listen(name, sockets.error());
  for (Fd& socket : *sockets) endpoints.push_back({name, std::move(socket), false});
  return kOk;
}

}  // namespace net
