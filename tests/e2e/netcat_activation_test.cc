// netcat -l on a socket that another process has opened: fd:N, and socket activation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <csignal>
#include <string>

#include "session.h"

namespace e2e {
namespace {

using testing::HasSubstr;

const std::string kNetcat = bin_dir() + "/netcat";

// As a service manager starts it, with the sockets at 3 and after.
Words activated(const std::string& options, int sockets) {
  return {"bash", "-c",
          "export LISTEN_PID=$$ LISTEN_FDS=" + std::to_string(sockets) +
              " LISTEN_FDNAMES=x; exec " + kNetcat + " -l " + options};
}

TEST(NetcatInherited, OneClientOfASocket) {
  auto listener = Listener::tcp();
  Process netcat({"netcat", "-v", "-l", "fd:7"},
                 {.in = Stdio::pipe(), .inherited = {{7, listener.fd().get()}}});
  EXPECT_EQ(netcat.err.line(), "Listening on localhost " + listener.port_text());
  Socket client = connect_tcp("127.0.0.1", listener.port());
  client.send("hello\n");
  EXPECT_EQ(netcat.out.line(), "hello");
  netcat.in.send("answer\n");
  netcat.in.close();
  EXPECT_EQ(client.rest(), "answer\n");
  client.close();
  EXPECT_EQ(netcat.wait(), 0);
  // The socket is the other process's, and goes on.
  EXPECT_TRUE(can_connect("127.0.0.1", listener.port()));
}

TEST(NetcatInherited, AllSocketsOfAServiceManager) {
  auto one = Listener::tcp(), two = Listener::tcp();
  Process netcat(activated("-k", 2),
                 {.in = Stdio::pipe(), .inherited = {{3, one.fd().get()}, {4, two.fd().get()}}});
  Socket first = connect_tcp("127.0.0.1", one.port());
  Socket second = connect_tcp("127.0.0.1", two.port());
  first.send("first\n");
  EXPECT_EQ(netcat.out.line(), "first");
  second.send("second\n");
  EXPECT_EQ(netcat.out.line(), "second");
  EXPECT_EQ(netcat.stop(), 128 + SIGTERM);
}

TEST(NetcatInherited, AreNotTakenFromAnotherProcess) {
  auto listener = Listener::tcp();
  const auto end =
      run({"netcat", "-l"}, "",
          {.env = {"LISTEN_PID=1", "LISTEN_FDS=1"}, .inherited = {{3, listener.fd().get()}}});
  EXPECT_EQ(end.status, 2);
  EXPECT_THAT(end.err, HasSubstr("a port is missing"));
}

TEST(NetcatInherited, AnOperandTakesPrecedence) {
  auto listener = Listener::tcp();
  Process netcat(activated("-v 127.0.0.1 0", 1), {.inherited = {{3, listener.fd().get()}}});
  const std::string line = netcat.err.line();
  EXPECT_THAT(line, HasSubstr("Listening on localhost "));
  EXPECT_NE(line, "Listening on localhost " + listener.port_text());
  EXPECT_TRUE(can_connect("127.0.0.1", std::stoi(line.substr(line.rfind(' ') + 1))));
}

TEST(NetcatInherited, ProgramsAndPortFile) {
  auto listener = Listener::tcp();
  const TempDir dir;
  const std::string port_file = dir.path("port");
  Process netcat(activated("-k --port-file " + port_file + " -c 'echo $LISTEN_FDS.; cat'", 1),
                 {.inherited = {{3, listener.fd().get()}}});
  Socket client = connect_tcp("127.0.0.1", listener.port());
  EXPECT_EQ(client.line(), ".");
  client.send("hello\n");
  EXPECT_EQ(client.line(), "hello");
  EXPECT_EQ(read_file(port_file), listener.port_text() + "\n");
  EXPECT_EQ(netcat.stop(), 128 + SIGTERM);
}

TEST(NetcatInherited, BySystemdSocketActivate) {
  if (!installed("systemd-socket-activate")) GTEST_SKIP() << "not installed";
  const TempDir dir;
  const std::string path = dir.path("socket");
  const int port = free_port();
  for (const std::string& where : {"127.0.0.1:" + std::to_string(port), path}) {
    Process netcat({"systemd-socket-activate", "-l", where, kNetcat, "-l", "-k", "-c", "exec cat"});
    const bool is_path = where == path;
    wait_until("the socket",
               [&] { return is_path ? can_connect_unix(path) : can_connect("127.0.0.1", port); });
    Socket client = is_path ? connect_unix(path) : connect_tcp("127.0.0.1", port);
    client.send("hello\n");
    EXPECT_EQ(client.line(), "hello");
    EXPECT_EQ(netcat.stop(), 128 + SIGTERM);
    if (!is_path) continue;
    EXPECT_EQ(run({"test", "-S", path}).status, 0) << "the path is not ours";
  }
}

TEST(NetcatInherited, MustListenAlready) {
  const Fd idle(socket(AF_INET, SOCK_STREAM, 0));
  auto end = run({"netcat", "-l", "fd:9"}, "", {.inherited = {{9, idle.get()}}});
  EXPECT_EQ(end.err, "netcat: listen on fd:9: not a listening socket\n");
  EXPECT_EQ(end.status, 7);
  end = run({"netcat", "-l", "fd:99"});
  EXPECT_EQ(end.err, "netcat: listen on fd:99: bad file descriptor\n");
  EXPECT_EQ(end.status, 7);
  const std::string none = "for n in {3..19}; do eval \"exec $n<&-\"; done; exec netcat -l $0";
  for (int fd = 3; fd < 20; ++fd) {  // netcat's own descriptors have some of these numbers
    const std::string name = "fd:" + std::to_string(fd);
    end = run({"bash", "-c", none, name});
    EXPECT_EQ(end.err, "netcat: listen on " + name + ": bad file descriptor\n");
    EXPECT_EQ(end.status, 7);
  }
}

TEST(NetcatInherited, UsageErrors) {
  for (const std::string bad : {"fd:", "fd:x", "fd:0", "fd:2", "fd:-1"})
    EXPECT_EQ(run({"netcat", "-l", bad}).status, 2) << bad;
  const auto end = run({"netcat", "-l", "-p", "80", "fd:3"});
  EXPECT_EQ(end.err, "netcat: -p does not work with fd:3: it is already a listening socket\n");
  EXPECT_EQ(run({"netcat", "-l", "-u", "fd:3"}).status, 2);
}

}  // namespace
}  // namespace e2e
