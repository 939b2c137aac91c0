// channel.h - TLS on top of another channel.
#pragma once

#include <memory>

#include "tools/netcat/channel/channel.h"
#include "tools/netcat/tls/engine.h"

namespace netcat::tls {

// finish() sends only TLS's close_notify: servers take a FIN for a disconnect and discard their
// answer.  The FIN is sent when the underlying channel is closed.
class TlsChannel final : public Channel {
 public:
  // `name`: see Engine.
  TlsChannel(std::unique_ptr<Channel> under, const Context& context, const std::string& name)
      : under_(std::move(under)), engine_(context, name) {}
  ~TlsChannel() override;

  // Must succeed before any other call.  UV_EPROTO: see engine().failure().
  net::Task<net::Error> handshake();
  // Call it after a failed handshake: half-closes and reads until the peer's end, so that no reset
  // overtakes the alert.
  net::Task<> linger();

  net::Result<std::size_t> try_read(std::span<char> buffer) override;
  net::Result<std::size_t> try_peek(std::span<char> buffer) override;
  net::Result<std::size_t> try_write(std::string_view data) override;
  net::Error finish() override;
  bool has_input() override;
  net::Task<net::Error> readable() override;
  net::Task<net::Error> writable() override;
  net::Task<net::Error> hangup() override;
  void cancel() override;
  int connection() const override { return under_->connection(); }
  void reset_on_close(bool resets) override;
  std::uint64_t traffic() const override { return traffic_; }
  net::Result<std::size_t> undelivered() override;
  void probe_peer() override { under_->probe_peer(); }

  std::string failure() const override {
    return engine_.failure().empty() ? under_->failure() : engine_.failure();
  }
  std::vector<std::pair<std::string, std::string>> facts() const override;
  std::string tls_end() const override {
    return engine_.peer_notified() ? "close_notify" : "missing";
  }

  const Engine& engine() const { return engine_; }

 private:
  net::Error receive();
  net::Error flush();
  bool is_over() const { return engine_.notified() && engine_.peer_notified(); }
  void drain();

  std::unique_ptr<Channel> under_;
  Engine engine_;
  std::uint64_t traffic_ = 0;       // bytes
  std::size_t encrypted_ = 0;       // encrypted already, but not yet reported as written
  std::size_t notify_bytes_ = 0;    // the size of the encrypted close_notify
  std::size_t unacknowledged_ = 0;  // last known count; 0 if only close_notify is pending
  net::Error receive_error_;
  net::Error send_error_;
  bool resets_ = false;
  bool canceled_ = false;
};

}  // namespace netcat::tls
