// session.h - a netcat that is connected to the test.
#pragma once

#include <string>
#include <vector>

#include "peer.h"
#include "process.h"

namespace e2e {

class UdpPeer;

// The standard descriptors of netcat in most tests: all pipes.
inline Spawn all_pipes() { return {.in = Stdio::pipe()}; }

using Words = std::vector<std::string>;

// Names a parametrised test after the `name` of its parameter.
inline constexpr auto kNameOf = [](const auto& info) { return info.param.name; };

std::vector<std::string> netcat_argv(std::vector<std::string> options,
                                     const std::vector<std::string>& destination);
// Returns what netcat -v prints about a port on 127.0.0.1 that is closed.
std::string refusal(const std::string& port);
// Returns `first` followed by `last`.
Words with(Words first, const Words& last);

// The port in netcat's first line, `Listening on HOST PORT` or `Bound on HOST PORT`.
int announced_port(Process& netcat);

// A netcat and the server that it is connected to.
struct Session {
  explicit Session(const std::vector<std::string>& options = {}, Spawn spawn = all_pipes(),
                   bool narrow = false);
  // "127.0.0.1 port N", as netcat's messages have it.
  std::string place() const { return "127.0.0.1 port " + server.port_text(); }

  Listener server;
  Process netcat;
  Socket peer;
};

// A netcat -u -l that is bound to 127.0.0.1 with -v and has reported its port.
struct Bound {
  explicit Bound(const Words& options = {}, Spawn spawn = {});
  std::string port_text() const { return std::to_string(port); }

  Process netcat;
  int port;
};
// The argv of a netcat -u to the peer.
Words client_of(const UdpPeer& peer, Words options = {});

// A netcat that listens on 127.0.0.1 with -v and has reported its port.
struct Listening {
  explicit Listening(const std::vector<std::string>& options = {}, Spawn spawn = all_pipes());
  Socket connect() const { return connect_tcp("127.0.0.1", port); }

  Process netcat;
  int port;
};

// `echo LINE | netcat OPTIONS`; some of its messages may have been read already.
class Fed : public Process {
 public:
  Fed(const std::string& line, const Words& options);
  // Reads messages up to the next one that contains `mark`, and returns it.
  const std::string& says(const std::string& mark);
  // Returns the last word of that message.
  std::string port(const std::string& mark);
  // Waits for status 0 and returns the output; afterwards `said` has all of its messages.
  std::string finished();
  std::string said;

 private:
  std::string last_;
};

}  // namespace e2e
