// dialogue.h - the protocols of proxies: bytes in, bytes out, a verdict.  Pure: no descriptor, no
// clock.
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

// Why a proxy did not connect to the destination.
struct ProxyFailure {
  int status = 0;  // an exit status; 0: no failure
  std::string why;
  bool of_target = false;  // it concerns this destination only
  bool absent = false;     // the destination may become reachable later

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
  // Takes bytes from the proxy.  Returns how many of them belong to its answers; at the end of the
  // dialogue the rest belong to the connection.
  std::size_t take(std::string_view bytes);
  // Called when the proxy has ended its output.
  void end();

  State state() const { return state_; }
  const ProxyFailure& failure() const { return failure_; }

 protected:
  virtual void on_byte(char byte) = 0;
  virtual void on_end() {}
  void say(std::string_view bytes) { output_ += bytes; }
  void open() { state_ = State::kOpen; }
  void fail(ProxyFailure failure);
  // Fails because of the proxy itself.
  void fail_proxy(std::string why);
  // Fails because the answer does not follow this protocol; the message quotes it.
  void fail_protocol(const char* protocol);

 private:
  State state_ = State::kTalking;
  std::string output_;
  std::string_view unread_;  // during take(): the bytes from the current one on
  ProxyFailure failure_;
};

// The dialogue that asks `proxy` for a connection to `destination`.
std::unique_ptr<Dialogue> make_dialogue(const Proxy& proxy, const Destination& destination);
// Why the protocol cannot express that request; empty if it can.
std::string unsayable(const Proxy& proxy, const Destination& destination);

}  // namespace netcat
