#include "web.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <csignal>
#include <filesystem>
#include <sstream>

namespace e2e {

namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

Reply parsed(const std::string& answer) {
  Reply reply;
  const auto end = answer.find("\r\n\r\n");
  if (end == std::string::npos || !answer.starts_with("HTTP/1.")) fail("no answer: " + answer);
  reply.head = answer.substr(0, end + 2);
  reply.body = answer.substr(end + 4);
  reply.code = std::stoi(reply.head.substr(9, 3));
  return reply;
}

}  // namespace

std::string Reply::field(const std::string& name) const {
  const std::string mark = "\r\n" + name + ": ";
  const auto at = head.find(mark);
  if (at == std::string::npos) return "";
  const auto begin = at + mark.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string url(const Daemon& daemon, const std::string& path) {
  return "http://127.0.0.1:" + daemon.port_text() + path;
}

Reply curl(const Daemon& daemon, const std::string& path, const std::vector<std::string>& options) {
  std::vector<std::string> argv{"curl", "-q", "-sS", "-i", "--noproxy", "*", "--max-time", "20"};
  argv.insert(argv.end(), options.begin(), options.end());
  argv.push_back(url(daemon, path));
  const auto end = run(argv);
  if (end.status != 0) fail(path + ": " + end.err);
  return parsed(end.out);
}

std::string request(const std::string& line, const std::string& fields) {
  return line + "\r\nHost: localhost\r\n" + fields + "\r\n";
}

Reply next_reply(Channel& channel) {
  Reply reply = parsed(channel.take_until("\r\n\r\n"));
  reply.body = channel.take(std::stoul("0" + reply.field("Content-Length")));
  return reply;
}

void expect_ab(const Daemon& daemon, const std::string& path, int requests, int at_once,
               const std::string& options) {
  const auto n = std::to_string(requests);
  Process ab({"bash", "-c",
              "exec ab -q -r " + options + " -n " + n + " -c " + std::to_string(at_once) + " " +
                  url(daemon, path)});
  const auto end = finish(ab, Millis(100'000));
  EXPECT_EQ(end.status, 0) << end.err;
  EXPECT_THAT(end.out, ContainsRegex("Complete requests: +" + n + "\n"));
  EXPECT_THAT(end.out, ContainsRegex("Failed requests: +0\n"));
  EXPECT_THAT(end.out, Not(HasSubstr("Non-2xx")));
  if (options.find("-k") != std::string::npos) {
    EXPECT_THAT(end.out, ContainsRegex("Keep-Alive requests: +" + n + "\n"));
  }
}

void expect_wrk(const Daemon& daemon, const std::string& path) {
  const auto end = run({"wrk", "-t1", "-c64", "-d1s", url(daemon, path)});
  EXPECT_EQ(end.status, 0) << end.err;
  EXPECT_THAT(end.out, ContainsRegex("[1-9][0-9]* requests in"));
  EXPECT_THAT(end.out, Not(HasSubstr("Socket errors"))) << end.out;
  EXPECT_THAT(end.out, Not(HasSubstr("Non-2xx"))) << end.out;
}

std::size_t descriptors_without_clients(Daemon& daemon) {
  wait_until("the clients to leave", [&] {
    daemon.signal(SIGUSR1);
    return line_with(daemon.err, "clients now").find("clients now 0,") != std::string::npos;
  });
  const std::filesystem::directory_iterator open("/proc/" + std::to_string(daemon.pid()) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

}  // namespace e2e
