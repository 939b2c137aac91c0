#include "session.h"

#include <utility>

namespace e2e {

namespace {

// The port in netcat's first line, `Listening on HOST PORT`.
int announced_port(Process& netcat) {
  const std::string line = netcat.err.line();
  if (!line.starts_with("Listening on ")) fail("netcat said: " + line);
  return std::stoi(line.substr(line.rfind(' ') + 1));
}

}  // namespace

std::vector<std::string> netcat_argv(std::vector<std::string> options,
                                     const std::vector<std::string>& destination) {
  options.insert(options.begin(), "netcat");
  options.insert(options.end(), destination.begin(), destination.end());
  return options;
}

Session::Session(const std::vector<std::string>& options, Spawn spawn, bool narrow)
    : server([&] {
        Listener listener = Listener::tcp();
        if (narrow) listener.narrow();
        return listener;
      }()),
      netcat(netcat_argv(options, {"127.0.0.1", server.port_text()}), std::move(spawn)),
      peer(server.accept()) {}

Listening::Listening(const std::vector<std::string>& options, Spawn spawn)
    : netcat(netcat_argv(options, {"-l", "-v", "-n", "127.0.0.1", "0"}), std::move(spawn)),
      port(announced_port(netcat)) {}

Words with(Words first, const Words& last) {
  first.insert(first.end(), last.begin(), last.end());
  return first;
}

Fed::Fed(const std::string& line, const Words& options)
    : Process(netcat_argv(options, {}), all_pipes()) {
  in.send(line + "\n");
  in.close();
}

const std::string& Fed::says(const std::string& mark) {
  do {
    last_ = err.line();
    said += last_ + "\n";
  } while (last_.find(mark) == std::string::npos);
  return last_;
}

std::string Fed::port(const std::string& mark) {
  const std::string& line = says(mark);
  return line.substr(line.rfind(' ') + 1);
}

std::string Fed::finished() {
  const Outcome end = finish(*this);
  said += end.err;
  if (end.status != 0) fail("netcat: status " + std::to_string(end.status) + ": " + said);
  return end.out;
}

}  // namespace e2e
