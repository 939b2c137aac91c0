// daemon.h - runs the daemons: on a free port, with clients.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "peer.h"
#include "process.h"

namespace e2e {

// A daemon that listens on 127.0.0.1 and has reported its port.
class Daemon : public Process {
 public:
  explicit Daemon(const std::string& tool, std::vector<std::string> options = {}, Spawn spawn = {});
  int port() const { return port_; }
  std::string port_text() const { return std::to_string(port_); }
  Socket connect(ConnectOptions options = {}) const;
  // Returns what a client receives that sends `input` and half-closes.
  std::string answer_to(const std::string& input) const;

 private:
  int port_;
};

// One daemon for the shared tests: its name, options that make it answer quickly, a request, and
// what the first line of the answer contains.
struct Tool {
  std::string name;
  std::vector<std::string> quick;
  std::string question;
  std::string mark;

  // Returns an argv: the name, the quick options, then `more`.
  std::vector<std::string> with(std::vector<std::string> more) const;
  // Returns options for Daemon: the quick ones, then `more`.
  std::vector<std::string> options(std::vector<std::string> more = {}) const;
  // ask() sends the request; expect_answer() reads the answer, and throws if it is missing or
  // wrong; prove_served() does both.
  void ask(Channel& client) const;
  void expect_answer(Channel& client) const;
  void prove_served(Channel& client) const;
};

const Tool& clockd();
const Tool& reverbd();
const Tool& statusd();
const Tool& passwordd();
// Names a parametrised test after its tool.
void PrintTo(const Tool& tool, std::ostream* out);

// A format for clockd with lines of 200 bytes or more.
inline constexpr const char* kLongLines = "%s%_200d";

// Reads lines up to the one that contains `mark`, and returns that one.
std::string line_with(Channel& channel, const std::string& mark);
// For a daemon whose file cannot be read again.  `arguments` is shell text: its name and options.
void expect_hangup_drains(const std::string& arguments);
// The port in a ready line, `... listening on HOST:PORT`.
int port_in(const std::string& ready_line);

}  // namespace e2e
