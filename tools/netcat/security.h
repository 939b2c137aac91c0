// security.h - netcat's --tls: encrypts a connection and verifies the peer.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "common/net/timer.h"
#include "tools/netcat/channel/channel.h"
#include "tools/netcat/options.h"
#include "tools/netcat/relay/outcome.h"

namespace netcat {

namespace tls {
class Context;
struct Info;
}  // namespace tls

// The result of a handshake.
struct Secured {
  std::unique_ptr<Channel> channel;  // null if it failed
  std::shared_ptr<tls::Info> info;   // what was agreed on
  std::chrono::duration<double, std::milli> elapsed{};
  Outcome outcome;  // without the name of the peer

  Outcome failed_at(const std::string& where) const {
    return {outcome.status, where + ": " + outcome.why};
  }
};

class Security {
 public:
  // Loads OpenSSL, and the files that the options name.
  static Outcome load(const Options& options, std::unique_ptr<Security>& out);
  // For https proxies: verified by the system's CAs; the --tls-... options are for the destination.
  static Outcome load_for_proxies(const Options& options, std::unique_ptr<Security>& out);
  ~Security();

  // As a client or, with --listen, as a server.  `name`: what the server's certificate must be for.
  // A handshake that fails lingers: see TlsChannel.
  net::Task<Secured> shake_hands(net::Loop& loop, std::unique_ptr<Channel> under,
                                 const std::string& name, net::Deadline deadline);
  // The digest of the certificate that was generated because none was given, or nothing.
  const std::string& certificate() const;

 private:
  explicit Security(std::unique_ptr<tls::Context> context);

  std::unique_ptr<tls::Context> context_;
};

// What the destination's certificate must be for: --tls-name, or the host.
std::string name_of_peer(const Options& options);

}  // namespace netcat
