// tls_peer.h - the other end of a TLS connection, using OpenSSL directly, and certificates for
// tests.
#pragma once

#include <memory>
#include <string>

#include "peer.h"
#include "process.h"

struct ssl_st;
struct ssl_ctx_st;

namespace e2e {

// The path of a file that pki.sh has made.
std::string pki(const std::string& name);
// What `netcat --tls` needs to trust the test's CA.
inline std::vector<std::string> trusting(std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"--tls", "--tls-ca", pki("ca.pem")});
  return more;
}

struct TlsSettings {
  std::string certificate = {};  // with its key; a server's is good.pem
  std::string client_ca = {};    // for a server: requires a client's certificate
  int version_max = 0;           // TLS1_2_VERSION and the like
  std::string alpn = {};         // for a client, in wire format
  std::string server_name = {};  // for a client
};

// Every call has a deadline, and throws when TLS fails: `what: reason`.
class TlsPeer {
 public:
  static TlsPeer server(Socket socket, const TlsSettings& settings = {});
  static TlsPeer client(Socket socket, const TlsSettings& settings = {});
  TlsPeer(TlsPeer&&) noexcept = default;

  // Makes the handshake; returns the reason if it fails, or an empty string.
  std::string handshake();
  void send(std::string_view data);
  std::string take(std::size_t bytes);
  // Reads everything up to the other side's close_notify.
  std::string rest();
  void close_notify();
  void update_keys();
  // The socket itself, for data without TLS.
  Socket& socket() { return socket_; }
  void close();  // the socket, without close_notify
  // True when the peer does not send a FIN within kSilence.
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
