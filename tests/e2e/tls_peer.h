// tls_peer.h - the other end of a TLS connection, by OpenSSL itself; certificates to try.
#pragma once

#include <memory>
#include <string>

#include "peer.h"
#include "process.h"

struct ssl_st;
struct ssl_ctx_st;

namespace e2e {

// A file that pki.sh has made.
std::string pki(const std::string& name);
// What `netcat --tls` needs to trust the test's CA.
inline std::vector<std::string> trusting(std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"--tls", "--tls-ca", pki("ca.pem")});
  return more;
}

struct TlsSettings {
  std::string certificate = {};  // with its key; a server's is good.pem
  std::string client_ca = {};    // a server's: demands a client's certificate
  int version_max = 0;           // TLS1_2_VERSION and the like
  std::string alpn = {};         // in wire format, a client's
  std::string server_name = {};  // a client's
};

// Every call has a deadline, and throws when TLS fails: `what: reason`.
class TlsPeer {
 public:
  static TlsPeer server(Socket socket, const TlsSettings& settings = {});
  static TlsPeer client(Socket socket, const TlsSettings& settings = {});
  TlsPeer(TlsPeer&&) noexcept = default;

  // The reason why the handshake fails; empty if it does not.
  std::string handshake();
  void send(std::string_view data);
  std::string take(std::size_t bytes);
  // All up to the other side's close_notify.
  std::string rest();
  void close_notify();
  void update_keys();
  // No more TLS: what follows is on the socket itself.
  Socket& socket() { return socket_; }
  void close();  // the socket, without close_notify
  // True when the peer has not sent a FIN, for as long as silence is watched.
  bool has_no_fin();
  std::string version() const;

 private:
  TlsPeer(Socket socket, const TlsSettings& settings, bool is_server);
  std::string read_some(std::size_t bytes);

  Socket socket_;
  std::shared_ptr<ssl_ctx_st> context_;
  std::shared_ptr<ssl_st> ssl_;
};

}  // namespace e2e
