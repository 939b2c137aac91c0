#include "tools/netcat/tls/channel.h"

#include <array>

namespace netcat::tls {

using net::Error;
using net::Result;
using net::Task;

constexpr Error kAgain(UV_EAGAIN);

// Reads everything before the socket is closed: with unread bytes the close would be a reset, and
// the peer might lose the last data.
TlsChannel::~TlsChannel() {
  if (!resets_) {
    engine_.close_notify();
    (void)flush();  // what cannot be sent now is lost
  }
  drain();
}

void TlsChannel::drain() {
  std::array<char, 4096> scrap;
  for (int i = 0; i < 64; ++i) {
    const Result<std::size_t> n = under_->try_read(scrap);
    if (!n || *n == 0) return;
  }
}

// --- to and from the channel underneath ---

// Reads encrypted bytes into the engine; UV_EAGAIN: none have arrived.
Error TlsChannel::receive() {
  if (receive_error_) return receive_error_;
  if (engine_.input_ended()) return kAgain;
  const std::span<char> room = engine_.in().room();
  if (room.empty()) return Error();
  const Result<std::size_t> n = under_->try_read(room);
  if (!n) {
    engine_.in().release();
    if (n.error() != kAgain) receive_error_ = n.error();  // a socket reports an error only once
    return n.error();
  }
  engine_.in().added(*n);
  traffic_ += *n;
  if (*n == 0) engine_.end_input();
  return Error();
}

// Sends pending encrypted bytes; success when all are sent.  After a failure the rest is discarded.
Error TlsChannel::flush() {
  Buffer& out = engine_.out();
  while (!out.empty() && !send_error_) {
    const Result<std::size_t> n = under_->try_write(out.data());
    if (!n && n.error() == kAgain) return kAgain;
    if (!n) send_error_ = n.error();
    out.consumed(n ? *n : 0);
    traffic_ += n ? *n : 0;
  }
  if (send_error_) out.consumed(out.data().size());
  out.release();
  return send_error_;
}

// --- the handshake ---

Task<Error> TlsChannel::handshake() {
  for (;;) {
    const Error result = engine_.handshake();
    Error sent = flush();
    while (sent == kAgain) {
      sent = co_await under_->writable();
      if (!sent) sent = flush();
    }
    if (result != kAgain) co_return result;
    Error e = receive();  // even if sending failed: the peer's message tells more
    if (e == kAgain && sent) e = sent;
    if (e == kAgain) e = co_await under_->readable();
    if (e) co_return e;
  }
}

Task<> TlsChannel::linger() {
  std::array<char, 4096> scrap;
  Error e = flush();
  if (!e) e = under_->finish();
  while (!e) {
    const Result<std::size_t> n = under_->try_read(scrap);
    if (n && *n == 0) co_return;
    e = n.error();
    if (e == kAgain) e = co_await under_->readable();
  }
}

// --- plain text ---

Result<std::size_t> TlsChannel::try_read(std::span<char> buffer) {
  std::size_t got = 0;
  for (;;) {
    const Result<std::size_t> n = engine_.read(buffer.subspan(got));
    if (n) got += *n;
    const bool more = n ? *n > 0 && got < buffer.size() : n.error() == kAgain;
    if (!more && (got > 0 || n)) break;
    if (!more) return n.error();
    const Error e = receive();
    if (!e) continue;
    if (got > 0) break;
    (void)flush();  // sends the answer to a key update
    return e;
  }
  (void)flush();
  return got;
}

// Returns data of one record only.
Result<std::size_t> TlsChannel::try_peek(std::span<char> buffer) {
  for (;;) {
    const Result<std::size_t> n = engine_.peek(buffer);
    if (n || n.error() != kAgain) return n;
    const Error e = receive();
    if (e) return e;
  }
}

// Does not read from the socket, because a task that waits for readability would miss the data.
bool TlsChannel::has_input() { return engine_.has_input() || under_->has_input(); }

Task<Error> TlsChannel::readable() {
  if (canceled_) co_return UV_ECANCELED;
  if (engine_.has_input()) co_return Error();
  const Error e = co_await under_->readable();
  co_return e;
}

Task<Error> TlsChannel::writable() {
  if (canceled_) co_return UV_ECANCELED;
  if (engine_.out().empty()) co_return Error();
  const Error e = co_await under_->writable();
  co_return e;
}

Task<Error> TlsChannel::hangup() {
  Error e = co_await under_->hangup();
  if (e != Error(UV_ECANCELED)) (void)undelivered();
  // If both directions have ended, nothing can be lost any more.
  co_return is_over() && unacknowledged_ == 0 ? Error(UV_ECANCELED) : e;
}

void TlsChannel::cancel() {
  canceled_ = true;
  under_->cancel();
}

// Data counts as written only when its encrypted form has been sent, so that nothing is left behind
// here.
Result<std::size_t> TlsChannel::try_write(std::string_view data) {
  Error e = flush();
  if (e) return e;
  if (encrypted_ == 0) {
    const Result<std::size_t> n = engine_.write(data);
    if (!n) return n;
    encrypted_ = *n;
    e = flush();
    if (e) return e;
  }
  const std::size_t taken = std::min(encrypted_, data.size());
  encrypted_ -= taken;
  unacknowledged_ += taken;
  return taken;
}

Error TlsChannel::finish() {
  (void)undelivered();
  const std::size_t before = engine_.out().data().size();
  if (!engine_.notified()) {
    engine_.close_notify();
    notify_bytes_ = engine_.out().data().size() - before;
  }
  const Error e = flush();
  // If the peer has ended and left, only our close_notify has not reached it, which is no loss.
  return e != kAgain && is_over() && unacknowledged_ == 0 ? Error() : e;
}

void TlsChannel::reset_on_close(bool resets) {
  resets_ = resets;
  under_->reset_on_close(resets);
}

std::vector<std::pair<std::string, std::string>> TlsChannel::facts() const {
  const Info info = engine_.info();
  return {{"TLS_VERSION", info.version},    {"TLS_CIPHER", info.cipher},
          {"TLS_ALPN", info.alpn},          {"TLS_SNI", info.server_name},
          {"TLS_PEER_SHA256", info.sha256}, {"TLS_PEER_SUBJECT", info.subject}};
}

Result<std::size_t> TlsChannel::undelivered() {
  const Result<std::size_t> n = under_->undelivered();
  if (!n && is_over() && unacknowledged_ == 0) return std::size_t{0};
  if (!n) return n;
  const std::size_t pending = *n + engine_.out().data().size();
  unacknowledged_ = pending > notify_bytes_ ? pending : 0;
  return pending;
}

}  // namespace netcat::tls
