#include "session.h"

#include <utility>

#include "udp_peer.h"

namespace e2e {

int announced_port(Process& netcat) {
  const std::string line = netcat.err.line();
  if (!line.starts_with("Listening on ") && !line.starts_with("Bound on "))
    fail("netcat printed: " + line);
  return std::stoi(line.substr(line.rfind(' ') + 1));
}

std::vector<std::string> netcat_argv(std::vector<std::string> options,
                                     const std::vector<std::string>& destination) {
  options.insert(options.begin(), "netcat");
  options.insert(options.end(), destination.begin(), destination.end());
  return options;
}

std::string refusal(const std::string& port) {
  return "netcat: connect to 127.0.0.1 port " + port + " (tcp) failed: Connection refused\n";
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

Bound::Bound(const Words& options, Spawn spawn)
    : netcat(netcat_argv(options, {"-ulvn", "127.0.0.1", "0"}), std::move(spawn)),
      port(announced_port(netcat)) {}

Words client_of(const UdpPeer& peer, Words options) {
  options.insert(options.begin(), "-u");
  return netcat_argv(std::move(options), {"127.0.0.1", peer.port_text()});
}

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
