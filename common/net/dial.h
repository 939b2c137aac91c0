// dial.h - connects to names and addresses: Happy Eyeballs v2 (RFC 8305).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/net/address.h"
#include "common/net/fd.h"
#include "common/net/lookup.h"

namespace net {

struct DialOptions {
  int family = AF_UNSPEC;
  bool numeric = false;           // do not look names up
  Millis timeout = kForever;      // for the look-up and all attempts together
  std::vector<SockAddr> sources;  // local addresses; empty: the system's choice
  std::uint16_t source_port = 0;
  std::function<void(int fd, int family)> prepare;  // called before bind(2) or connect(2)
  Fd* begun = nullptr;  // moved from: a socket already connecting to the first address
  // Called at the end of every attempt: success for the winner, UV_ECANCELED for slower ones.
  std::function<void(const SockAddr&, Error, std::chrono::nanoseconds elapsed)> on_attempt;
};

struct Dialed {
  enum Stage { kConnected, kLookup, kBind, kConnect };
  Stage stage = kConnected;  // the stage that was reached
  Error error;               // UV_ETIMEDOUT also when options.timeout has run out
  Fd socket;                 // non-blocking
  SockAddr peer;
  // The peer has already reset the connection.  Reading returns what it had sent before, then end
  // of file, because the error has been fetched from the socket.
  bool reset = false;
};

// Sorts addresses so that their families alternate, starting with that of the first one (RFC 8305,
// section 4).
std::vector<SockAddr> interleaved(const std::vector<SockAddr>& addresses);

// The immediate result of connect(2), for scanning many ports of one host.  After UV_ECONNREFUSED
// the socket can be used for the next port; after UV_EALREADY it continues as DialOptions::begun.
// After any other error there is none.
Error connect_at_once(Fd& socket, const SockAddr& address,
                      const std::function<void(int fd, int family)>& prepare);

// Connects to a name; the first of its addresses to accept is used.
Task<Dialed> dial(Loop& loop, std::string host, std::uint16_t port, const DialOptions& options);
// Connects to the first of these addresses to accept; they may be Unix-domain addresses.
Task<Dialed> dial(Loop& loop, std::vector<SockAddr> addresses, const DialOptions& options,
                  Deadline deadline);

}  // namespace net
