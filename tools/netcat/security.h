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
  std::shared_ptr<tls::Info> info;   // the negotiated parameters
  std::chrono::duration<double, std::milli> elapsed{};
  Outcome outcome;  // its sentence lacks the peer's name

  Outcome failed_at(const std::string& where) const {
    return {outcome.status, where + ": " + outcome.why};
  }
};

class Security {
 public:
  // Loads OpenSSL, and the files that the options name.
  static Outcome load(const Options& options, std::unique_ptr<Security>& out);
  // For https proxies: verified by the system's CAs, because the --tls-... options apply to the
  // destination only.
  static Outcome load_for_proxies(const Options& options, std::unique_ptr<Security>& out);
  ~Security();

  // As a client or, with --listen, as a server.  `name`: the name that the server's certificate
  // must have.  After a failed handshake it lingers: see TlsChannel.
  net::Task<Secured> shake_hands(net::Loop& loop, std::unique_ptr<Channel> under,
                                 const std::string& name, net::Deadline deadline);
  // The digest of the certificate that was generated because none was given, or nothing.
  const std::string& certificate() const;

 private:
  explicit Security(std::unique_ptr<tls::Context> context);

  std::unique_ptr<tls::Context> context_;
};

// The name that the destination's certificate must have: --tls-name, or the host.
std::string name_of_peer(const Options& options);

}  // namespace netcat
