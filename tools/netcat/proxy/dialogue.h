// dialogue.h - the protocols of proxies: bytes in, bytes out, a verdict.  No descriptor, no clock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tools/netcat/proxy/proxy.h"

namespace netcat {

struct Destination {
  std::string host;  // a name or a numeric address, without brackets
  std::uint16_t port = 0;
};

// Why a proxy did not connect us.
struct ProxyFailure {
  int status = 0;  // of exit_status.h; 0: none
  std::string why;
  bool of_target = false;  // for this destination only
  bool absent = false;     // the destination may be there later

  explicit operator bool() const { return status != 0; }
};

class Dialogue {
 public:
  enum class State { kTalking, kOpen, kFailed };

  Dialogue() = default;
  Dialogue(const Dialogue&) = delete;
  Dialogue& operator=(const Dialogue&) = delete;
  virtual ~Dialogue() = default;

  // The bytes to send now; may be empty.
  std::string output() { return std::exchange(output_, {}); }
  // Takes what the proxy has sent.  Returns how many bytes belong to its answers: fewer than all
  // only at the end of the dialogue, when the rest belong to the connection.
  std::size_t take(std::string_view bytes);
  // The proxy has sent its last byte.
  void end();

  State state() const { return state_; }
  const ProxyFailure& failure() const { return failure_; }

 protected:
  virtual void on_byte(char byte) = 0;
  virtual void on_end() {}
  void say(std::string_view bytes) { output_ += bytes; }
  void open() { state_ = State::kOpen; }
  void fail(ProxyFailure failure);
  // The proxy itself failed.
  void fail_proxy(std::string why);
  // The answer is not of this protocol; quotes it.
  void fail_protocol(const char* protocol);

 private:
  State state_ = State::kTalking;
  std::string output_;
  std::string_view unread_;  // during take(): from the current byte on
  ProxyFailure failure_;
};

// The dialogue that asks `proxy` for a connection to `destination`.
std::unique_ptr<Dialogue> make_dialogue(const Proxy& proxy, const Destination& destination);
// Why that dialogue is impossible; empty if it is possible.
std::string unsayable(const Proxy& proxy, const Destination& destination);

}  // namespace netcat
