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
  bool numeric = false;           // look nothing up
  Millis timeout = kForever;      // for everything: the look-up and all attempts
  std::vector<SockAddr> sources;  // local addresses; empty: the system's choice
  std::uint16_t source_port = 0;
  std::function<void(int fd, int family)> prepare;  // a socket before it is bound or connected
  Fd* begun = nullptr;  // taken: a connection to the first address that is already under way
  // Told of every attempt's end: success for the winner, UV_ECANCELED for slower ones.
  std::function<void(const SockAddr&, Error, std::chrono::nanoseconds elapsed)> on_attempt;
};

struct Dialed {
  enum Stage { kConnected, kLookup, kBind, kConnect };
  Stage stage = kConnected;  // where it ended
  Error error;               // UV_ETIMEDOUT also when options.timeout has run out
  Fd socket;                 // non-blocking
  SockAddr peer;
  // The peer has reset the connection already.  Reading gives what it had sent before, then end of
  // file, because the error has been fetched from the socket.
  bool reset = false;
};

// Addresses in turns of families, the first one's family first (RFC 8305, section 4).
std::vector<SockAddr> interleaved(const std::vector<SockAddr>& addresses);

// For many ports of one host: the immediate result of connect(2).  UV_ECONNREFUSED leaves a socket
// that can be used for the next port, UV_EALREADY one that goes on as DialOptions::begun.  After
// any other error there is none.
Error connect_at_once(Fd& socket, const SockAddr& address,
                      const std::function<void(int fd, int family)>& prepare);

// Connects to a name; the first of its addresses to accept is used.
Task<Dialed> dial(Loop& loop, std::string host, std::uint16_t port, const DialOptions& options);
// Connects to the first of these addresses to accept; a Unix-domain address, too.
Task<Dialed> dial(Loop& loop, std::vector<SockAddr> addresses, const DialOptions& options,
                  Deadline deadline);

}  // namespace net
