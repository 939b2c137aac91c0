// session.h - a netcat in the middle of a conversation with the test.
#pragma once

#include <string>
#include <vector>

#include "peer.h"
#include "process.h"

namespace e2e {

// netcat's standard descriptors as most tests want them: all pipes.
inline Spawn all_pipes() { return {.in = Stdio::pipe()}; }

std::vector<std::string> netcat_argv(std::vector<std::string> options,
                                     const std::vector<std::string>& destination);

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

}  // namespace e2e
