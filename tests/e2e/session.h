// session.h - a netcat in the middle of a conversation with the test.
#pragma once

#include <string>
#include <vector>

#include "peer.h"
#include "process.h"

namespace e2e {

// netcat's standard descriptors as most tests want them: all pipes.
inline Spawn all_pipes() { return {.in = Stdio::pipe()}; }

using Words = std::vector<std::string>;

std::vector<std::string> netcat_argv(std::vector<std::string> options,
                                     const std::vector<std::string>& destination);
// `first` with `last` behind.
Words with(Words first, const Words& last);

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

// A netcat that listens on 127.0.0.1, with -v, and has said on which port.
struct Listening {
  explicit Listening(const std::vector<std::string>& options = {}, Spawn spawn = all_pipes());
  Socket connect() const { return connect_tcp("127.0.0.1", port); }

  Process netcat;
  int port;
};

// `echo LINE | netcat OPTIONS`, of whose messages a few have been read already.
class Fed : public Process {
 public:
  Fed(const std::string& line, const Words& options);
  // Reads messages up to the next with `mark` and returns that.
  const std::string& says(const std::string& mark);
  // The last word of that message.
  std::string port(const std::string& mark);
  // Its output, when it has ended with status 0; from then on `said` is all that it has said.
  std::string finished();
  std::string said;

 private:
  std::string last_;
};

}  // namespace e2e
