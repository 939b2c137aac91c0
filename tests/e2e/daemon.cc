#include "daemon.h"

#include <gtest/gtest.h>

#include <csignal>
#include <utility>

namespace e2e {

namespace {

std::vector<std::string> joined(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<std::string> daemon_argv(const std::string& tool, std::vector<std::string> options) {
  options.insert(options.begin(), tool);
  return joined(std::move(options), {"--print-port", "127.0.0.1:0"});
}

}  // namespace

Daemon::Daemon(const std::string& tool, std::vector<std::string> options, Spawn spawn)
    : Process(daemon_argv(tool, std::move(options)), std::move(spawn)),
      port_(std::stoi(out.line())) {}

Socket Daemon::connect(ConnectOptions options) const {
  return connect_tcp("127.0.0.1", port_, options);
}

std::string Daemon::answer_to(const std::string& input) const {
  Socket client = connect();
  client.send(input);
  client.finish();
  return client.rest();
}

std::vector<std::string> Tool::with(std::vector<std::string> more) const {
  return joined(joined({name}, quick), more);
}

std::vector<std::string> Tool::options(std::vector<std::string> more) const {
  return joined(quick, more);
}

void Tool::ask(Channel& client) const {
  if (!question.empty()) client.send(question);
}

void Tool::expect_answer(Channel& client) const {
  const std::string answer = client.line();
  if (answer.find(mark) == std::string::npos) fail(name + " answered \"" + answer + "\"");
  if (!answer.starts_with("HTTP/")) return;
  const std::string head = client.take_until("\r\n\r\n");
  const std::string length = "Content-Length: ";
  (void)client.take(std::stoul(head.substr(head.find(length) + length.size())));
}

void Tool::prove_served(Channel& client) const {
  ask(client);
  expect_answer(client);
}

void PrintTo(const Tool& tool, std::ostream* out) { *out << tool.name; }

const Tool& clockd() {
  static const Tool tool{"clockd", {"--interval", "50ms"}, "", ":"};
  return tool;
}

const Tool& reverbd() {
  static const Tool tool{"reverbd", {"--delay", "20ms"}, "Hi\n", "\t HI"};
  return tool;
}

const Tool& statusd() {
  static const Tool tool{"statusd", {}, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "200 OK"};
  return tool;
}

const Tool& passwordd() {
  static const Tool tool{
      "passwordd", {}, "GET /password HTTP/1.1\r\nHost: localhost\r\n\r\n", "200 OK"};
  return tool;
}

std::string line_with(Channel& channel, const std::string& mark) {
  for (;;) {
    std::string line = channel.line();
    if (line.find(mark) != std::string::npos) return line;
  }
}

void expect_hangup_drains(const std::string& arguments) {
  Process daemon(
      {"bash", "-c", "exec " + bin_dir() + "/" + arguments + " --print-port 127.0.0.1:0"});
  EXPECT_NE(daemon.out.line(), "");
  daemon.signal(SIGHUP);
  EXPECT_EQ(daemon.wait(kPrompt), 0);
}

int port_in(const std::string& ready_line) {
  return std::stoi(ready_line.substr(ready_line.rfind(':') + 1));
}

}  // namespace e2e
