// daemon.h - the daemons: started on a free port, spoken to, counted.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "peer.h"
#include "process.h"

namespace e2e {

// A daemon that listens on 127.0.0.1 and has said which port.
class Daemon : public Process {
 public:
  explicit Daemon(const std::string& tool, std::vector<std::string> options = {}, Spawn spawn = {});
  int port() const { return port_; }
  std::string port_text() const { return std::to_string(port_); }
  Socket connect(ConnectOptions options = {}) const;

 private:
  int port_;
};

// Which of the daemons a shared test is about, options that make it answer quickly, what it is
// asked, and what the first line of its answer contains.
struct Tool {
  std::string name;
  std::vector<std::string> quick;
  std::string question;
  std::string mark;

  // argv: the name, the quick options, then `more`.
  std::vector<std::string> with(std::vector<std::string> more) const;
  // Options for Daemon: the quick ones, then `more`.
  std::vector<std::string> options(std::vector<std::string> more = {}) const;
  // What a client has to do to be answered, and its reading of the answer, which throws when there
  // is none or not the right one.
  void ask(Channel& client) const;
  void expect_answer(Channel& client) const;
  void prove_served(Channel& client) const;
};

const Tool& clockd();
const Tool& reverbd();
const Tool& statusd();
const Tool& passwordd();
// So that a parametrised test is named after its tool.
void PrintTo(const Tool& tool, std::ostream* out);

// A format of clockd's whose lines are 200 bytes and more.
inline constexpr const char* kLongLines = "%s%_200d";

// Reads lines up to the one that contains `mark`, and returns that.
std::string line_with(Channel& channel, const std::string& mark);
// The port in a ready line, `... listening on HOST:PORT`.
int port_in(const std::string& ready_line);

}  // namespace e2e
