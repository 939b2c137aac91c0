// Daemons under a service manager: sockets that are handed over, and notifications.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <csignal>
#include <string>

#include "daemon.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

class Activation : public testing::TestWithParam<Tool> {
 protected:
  const Tool& tool() const { return GetParam(); }
  void expect_served(Socket client) const { tool().prove_served(client); }
  // The daemon, with the quick options and without an address, as a shell command.
  std::string command() const {
    std::string words;
    for (const auto& word : tool().with({})) words += word + " ";
    return words;
  }
};

INSTANTIATE_TEST_SUITE_P(Each, Activation,
                         testing::Values(clockd(), reverbd(), statusd(), passwordd()),
                         [](const auto& tool) { return tool.param.name; });

TEST_P(Activation, InheritedDescriptorIsAnAddress) {
  auto listener = Listener::tcp();
  Process daemon(tool().with({"fd:5"}), {.inherited = {{5, listener.fd().get()}}});
  EXPECT_THAT(daemon.err.line(), HasSubstr("listening on "));
  expect_served(connect_tcp("127.0.0.1", listener.port()));
  EXPECT_EQ(daemon.stop(), 0);
}

TEST_P(Activation, InheritedUnixSocketStaysAtTheEnd) {
  const TempDir dir;
  auto listener = Listener::unix_socket(dir.path("socket"));
  Process daemon(tool().with({"fd:5"}), {.inherited = {{5, listener.fd().get()}}});
  expect_served(connect_unix(dir.path("socket")));
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_TRUE(can_connect_unix(dir.path("socket"))) << "it was not the daemon's to remove";
}

TEST_P(Activation, DescriptorThatIsNotOpenIsStatus7) {
  const auto end = run(tool().with({"fd:99"}));
  EXPECT_EQ(end.status, 7);
  EXPECT_THAT(end.err, HasSubstr("fd:99"));
}

TEST_P(Activation, DescriptorThatDoesNotListenIsStatus7) {
  const auto [a, b] = socket_pair();
  const auto end = run(tool().with({"fd:5"}), {}, {.inherited = {{5, a.get()}}});
  EXPECT_EQ(end.status, 7);
  EXPECT_THAT(end.err, HasSubstr("listen on fd:5: not a listening socket\n"));
}

TEST_P(Activation, PassedSocketsTakeThePlaceOfTheDefaultAddress) {
  auto one = Listener::tcp();
  auto two = Listener::tcp("::1");
  const auto variables = "export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=one:two; ";
  Process daemon({"bash", "-c", variables + ("exec " + command())},
                 {.inherited = {{3, one.fd().get()}, {4, two.fd().get()}}});
  expect_served(connect_tcp("127.0.0.1", one.port()));
  expect_served(connect_tcp("::1", two.port()));
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_THAT(daemon.err.available(), Not(HasSubstr(":8000")));
}

// It must not listen on the default address instead.
TEST_P(Activation, PassedSocketThatIsNotOpenIsStatus7) {
  for (const std::string count : {"1", "2147483647"}) {
    const auto end =
        shell("exec 3<&-; export LISTEN_PID=$$ LISTEN_FDS=" + count + "; exec " + command());
    EXPECT_EQ(end.status, 7);
    EXPECT_EQ(end.err, tool().name + ": listen on fd:3: bad file descriptor\n");
  }
}

TEST_P(Activation, SocketsForAnotherProcessAreNotTaken) {
  auto listener = Listener::tcp();
  Daemon daemon(tool().name, tool().options(),
                {.env = {"LISTEN_PID=1", "LISTEN_FDS=1"}, .inherited = {{3, listener.fd().get()}}});
  auto client = connect_tcp("127.0.0.1", listener.port());
  tool().ask(client);
  EXPECT_TRUE(client.silent_for(kSilence));
  expect_served(daemon.connect());
}

TEST_P(Activation, SystemdSocketActivateHandsOverTcp) {
  if (!installed("systemd-socket-activate")) GTEST_SKIP() << "not installed";
  const int port = free_port();
  const auto address = "127.0.0.1:" + std::to_string(port);
  Process daemon({"bash", "-c", "exec systemd-socket-activate -l " + address + " " + command()});
  wait_until("the socket", [&] { return can_connect("127.0.0.1", port); });
  expect_served(connect_tcp("127.0.0.1", port));
  EXPECT_EQ(daemon.stop(), 0);
}

TEST_P(Activation, SystemdSocketActivateHandsOverUnixSockets) {
  if (!installed("systemd-socket-activate")) GTEST_SKIP() << "not installed";
  const TempDir dir;
  const auto path = dir.path("socket");
  Process daemon({"bash", "-c", "exec systemd-socket-activate -l " + path + " " + command()});
  wait_until("the socket", [&] { return can_connect_unix(path); });
  expect_served(connect_unix(path));
  EXPECT_EQ(daemon.stop(), 0);
}

// `name` may be abstract; says READY=1 once clients can connect, STOPPING=1 at SIGTERM.
void expect_notifications(const Tool& tool, const std::string& name) {
  NotifySocket manager(name);
  Process daemon(tool.with({"--print-port", "127.0.0.1:0"}), {.env = {"NOTIFY_SOCKET=" + name}});
  EXPECT_THAT(manager.receive(), HasSubstr("READY=1"));
  auto client = connect_tcp("127.0.0.1", std::stoi(daemon.out.line()));
  tool.prove_served(client);
  daemon.signal(SIGTERM);
  EXPECT_THAT(manager.receive(), HasSubstr("STOPPING=1"));
  EXPECT_EQ(daemon.wait(), 0);
}

TEST_P(Activation, NotifiesASocketInTheFileSystem) {
  const TempDir dir;
  expect_notifications(tool(), dir.path("notify"));
}

TEST_P(Activation, NotifiesAnAbstractSocket) {
  const TempDir dir;  // for its unique name
  expect_notifications(tool(), "@" + dir.path("notify"));
}

TEST_P(Activation, AManagerThatIsGoneDoesNoHarm) {
  Daemon daemon(tool().name, tool().options(), {.env = {"NOTIFY_SOCKET=/nowhere/at/all"}});
  expect_served(daemon.connect());
  EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace e2e
