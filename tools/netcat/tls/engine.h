// engine.h - one TLS connection as bytes in and bytes out, without a socket.
#pragma once

#include <string>
#include <string_view>

#include "common/net/result.h"
#include "tools/netcat/tls/buffer.h"
#include "tools/netcat/tls/context.h"

struct ssl_st;

namespace netcat::tls {

// The result of the handshake; strings from the peer are unchanged and not escaped.
struct Info {
  std::string version;      // "TLS 1.3"
  std::string cipher;       // "TLS_AES_256_GCM_SHA384"
  std::string server_name;  // SNI
  std::string alpn;
  bool has_certificate = false;  // the peer's
  std::string subject;
  std::string issuer;
  std::string label;  // "CN=localhost"
  std::string not_after;
  std::string sha256;
  int days_left = 0;
  std::string verified = "no";  // by ca, pin, psk
};

class Engine {
 public:
  // `name`: the name that the certificate must have; also sent as SNI unless it is an address or
  // empty.
  Engine(const Context& context, const std::string& name);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();

  // --- network side ---
  // The buffer for received bytes; end_input() marks their end.
  Buffer& in() { return in_; }
  void end_input() { input_ended_ = true; }
  bool input_ended() const { return input_ended_; }
  // Bytes to send, whatever the calls below return.
  Buffer& out() { return out_; }

  // --- application side ---
  // UV_EAGAIN: needs more input.  UV_EPROTO and UV_ECONNABORTED: see failure().
  net::Error handshake();
  // Reads plain text; 0 at the peer's close_notify.  UV_ECONNABORTED: the input ended without one.
  net::Result<std::size_t> read(std::span<char> buffer);
  // Like read(), but returns data of one record only, and does not consume it.
  net::Result<std::size_t> peek(std::span<char> buffer);
  // Whether read() would return something other than UV_EAGAIN.
  bool has_input();
  // Encrypts at least one byte of `data`, and no more than fits into `out`.
  net::Result<std::size_t> write(std::string_view data);
  // Marks the end of our data.  Nothing can be written after it.
  void close_notify();
  bool notified() const { return notified_; }
  bool peer_notified() const { return peer_notified_; }
  // Updates our keys, and asks the peer to update its own.
  void update_keys();

  // Why the connection failed: the rest of a sentence that begins with the peer's address.
  const std::string& failure() const { return failure_; }
  bool truncated() const { return truncated_; }
  Info info() const;

  const Context& context() const { return context_; }
  // Records why verification rejected the peer's certificate.
  void reject(std::string why) { rejected_ = std::move(why); }
  static bio_method_st* make_method();

 private:
  void call_peer(std::string name);
  net::Result<std::size_t> truncation() const;
  net::Error fail(std::string why);
  net::Error explain();
  net::Error result_of(int returned);
  std::string explain_handshake(unsigned long error) const;
  bool speaks_tls() const;
  std::string not_tls() const;
  std::string no_version() const;
  void look_at_first_bytes();
  struct Transport;
  friend struct Transport;

  const Context& context_;
  ssl_st* ssl_ = nullptr;
  Buffer in_;
  Buffer out_;
  std::string first_;  // the peer's first bytes
  bool input_ended_ = false;
  bool connected_ = false;
  bool received_ = false;  // plain text has been received
  bool notified_ = false;
  bool peer_notified_ = false;
  bool failed_ = false;
  bool truncated_ = false;
  std::string rejected_;
  std::string failure_;
};

}  // namespace netcat::tls
