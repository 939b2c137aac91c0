// netcat -P: where a proxy's password comes from, and who does not see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "proxy_tunnel.h"
#include "terminal.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string request_of(const Words& options, Spawn spawn) {
  Tunnel tunnel(options, std::move(spawn));
  tunnel.client.close();
  EXPECT_EQ(finish(tunnel.netcat).status, 0);
  return tunnel.request;
}

const std::string kBasic = "\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n";  // me:secret

TEST(NetcatProxyPassword, IsFound) {
  const TempDir dir;
  const std::string file = dir.file("password", "secret\r\nnot this\n");
  const std::string other = "NETCAT_PROXY_PASSWORD=other";
  EXPECT_THAT(request_of({"-P", "me:secret"}, {.env = {other}}), HasSubstr(kBasic));
  EXPECT_THAT(request_of({"-P", "me"}, {.env = {"NETCAT_PROXY_PASSWORD=secret"}}),
              HasSubstr(kBasic));
  EXPECT_THAT(request_of({"-P", "me", "--proxy-password-file", file}, {}), HasSubstr(kBasic));
  EXPECT_THAT(request_of({}, {.env = {other}}), Not(HasSubstr("Authorization")));
}

TEST(NetcatProxyPassword, InArgvIsOverwritten) {
  for (const Words& options :
       {Words{"-P", "me:secret"}, {"-Pme:secret"}, {"-vPme:secret"}, {"--proxy-user=me:secret"}}) {
    Tunnel tunnel(options);
    EXPECT_THAT(tunnel.request, HasSubstr(kBasic));
    const std::string shown =
        read_file("/proc/" + std::to_string(tunnel.netcat.pid()) + "/cmdline");
    EXPECT_THAT(shown, Not(HasSubstr("secret")));
    EXPECT_THAT(shown, HasSubstr("db.test"));
    tunnel.netcat.stop();
  }
}

TEST(NetcatProxyPassword, IsAskedForOnTheTerminalWithoutAnEcho) {
  Terminal terminal;
  const termios before = terminal.modes();
  auto proxy = Listener::tcp();
  const std::string where = "127.0.0.1:" + proxy.port_text();
  Process netcat({"netcat", "-P", "me", "-x", "http://" + where, "db.test", "5432"},
                 {.in = Stdio::fd(terminal.tty()), .terminal = true});
  EXPECT_EQ(terminal.keyboard.take_until(": "), "Password of me for proxy " + where + ": ");
  terminal.keyboard.send("secret\n");
  Socket client = proxy.accept();
  EXPECT_THAT(client.take_until("\r\n\r\n"), HasSubstr(kBasic));
  client.send(kOk);
  client.close();
  EXPECT_EQ(finish(netcat).status, 0);
  EXPECT_THAT(terminal.keyboard.available(), Not(HasSubstr("secret")));
  EXPECT_TRUE(same_modes(terminal.modes(), before));
}

TEST(NetcatProxyPassword, ASignalLeavesTheTerminalAsItWas) {
  Terminal terminal;
  const termios before = terminal.modes();
  Process netcat({"netcat", "-P", "me", "-x", "127.0.0.1:9", "db.test", "5432"},
                 {.in = Stdio::fd(terminal.tty()), .terminal = true});
  (void)terminal.keyboard.take_until(": ");
  EXPECT_FALSE(same_modes(terminal.modes(), before));
  netcat.signal(SIGTERM);
  EXPECT_EQ(netcat.wait(), 128 + SIGTERM);
  EXPECT_TRUE(same_modes(terminal.modes(), before));
}

TEST(NetcatProxyPassword, WithoutATerminalIsAUsageError) {
  const auto end = shell("setsid -w netcat -P me -x 127.0.0.1:9 db.test 5432");
  EXPECT_EQ(end.status, 2);
  EXPECT_THAT(end.err, HasSubstr("netcat: no password for proxy 127.0.0.1:9 (use "));
}

TEST(NetcatProxyPassword, AFileThatCannotBeRead) {
  const auto end = run({"netcat", "-P", "me", "--proxy-password-file", "/nonexistent", "-x",
                        "127.0.0.1:9", "db.test", "5432"});
  EXPECT_EQ(end.status, 2);
  EXPECT_THAT(end.err, HasSubstr("/nonexistent: no such file or directory"));
}

}  // namespace
}  // namespace e2e
