// What people type: pipelines around netcat, relays through named pipes, ssh's ProxyCommand.
#include <gtest/gtest.h>
#include <poll.h>
#include <string>

#include "session.h"

namespace e2e {
namespace {

// Reads a request up to the client's half-close or its newline, and answers.
void answer(Socket& peer, bool waits_for_the_end) {
  if (waits_for_the_end)
    EXPECT_EQ(peer.rest(), "request\n");
  else
    EXPECT_EQ(peer.line(), "request");
  peer.send("answer\n");
}

std::string to(const Listener& server) { return "127.0.0.1 " + server.port_text(); }

TEST(NetcatIdiom, RequestAndASleep) {
  auto server = Listener::tcp();
  Process client(
      {"bash", "-c", "(echo request; sleep 2) | netcat " + to(server) + "; echo ${PIPESTATUS[1]}"});
  auto peer = server.accept();
  answer(peer, false);
  peer.close();
  EXPECT_EQ(client.out.line(), "answer");
  EXPECT_EQ(client.out.line(), "0");
}

TEST(NetcatIdiom, RequestAlone) {
  for (const char* options : {"", "-q0 ", "-q 5 ", "-N "}) {
    auto server = Listener::tcp();
    Process client({"bash", "-c",
                    "echo request | netcat " + (options + to(server)) + "; echo ${PIPESTATUS[1]}"});
    auto peer = server.accept();
    answer(peer, true);
    peer.close();
    EXPECT_EQ(client.out.line(), "answer");
    EXPECT_EQ(client.out.line(), "0");
  }
}

// Both directions through one named pipe: whoever ends, the whole chain ends.
class NetcatRelay : public testing::Test {
 protected:
  NetcatRelay() {
    const std::string script = "cd " + dir_.path("") + "; mkfifo back; netcat -l 127.0.0.1 " +
                               std::to_string(port_) + " <back | netcat " + to(server_) +
                               " >back; echo ${PIPESTATUS[*]}";
    relay_ = std::make_unique<Process>(std::vector<std::string>{"bash", "-c", script});
    peer_ = server_.accept();
    wait_until("the relay listens", [&] { return is_listened_on(port_); });
    client_ = connect_tcp("127.0.0.1", port_);
  }

  TempDir dir_;
  int port_ = free_port();
  Listener server_ = Listener::tcp();
  std::unique_ptr<Process> relay_;
  Socket peer_;
  Socket client_;
};

TEST_F(NetcatRelay, ThroughAFifoCollapsesAfterTheAnswer) {
  client_.send("request\n");
  client_.finish();
  answer(peer_, true);
  peer_.close();
  EXPECT_EQ(client_.rest(), "answer\n");
  EXPECT_EQ(relay_->out.line(), "0 0");
}

TEST_F(NetcatRelay, ThroughAFifoCollapsesWhenTheServerEndsFirst) {
  client_.send("request\n");
  answer(peer_, false);
  peer_.close();
  EXPECT_EQ(client_.rest(), "answer\n");
  client_.close();
  EXPECT_EQ(relay_->wait(), 0);
}

TEST_F(NetcatRelay, ThroughAFifoCollapsesWhenTheClientVanishes) {
  client_.send("request\n");
  EXPECT_EQ(peer_.line(), "request");
  client_.reset();
  (void)peer_.is_reset();  // or an end of file
  peer_.close();
  EXPECT_EQ(relay_->wait(), 0);
}

// A program that reads netcat's output and writes its input is not stuck when the client, which
// does not read, is reset.
TEST(NetcatIdiom, AProgramBehindBothEndsIsNotStuckAtAReset) {
  Session s({}, all_pipes());
  const std::string data(1 << 16, 'x');
  const std::size_t sent = s.peer.send_until_stuck(data, kSilence, std::size_t{1} << 25);
  (void)s.netcat.in.send_until_stuck(data, kSilence, std::size_t{1} << 25);
  s.peer.reset();
  wait_until("standard input has no reader", [&] {
    pollfd one{.fd = s.netcat.in.fd(), .events = POLLOUT, .revents = 0};
    return poll(&one, 1, 0) == 1 && (one.revents & POLLERR) != 0;
  });
  const std::string came = s.netcat.out.rest();
  EXPECT_LE(came.size(), sent);
  EXPECT_EQ(s.netcat.wait(), 1);
}

// ---- ssh runs netcat as its ProxyCommand, over pipes or a socket pair ----

struct Proxied {
  explicit Proxied(bool sockets) {
    auto [ours, theirs] = socket_pair();
    if (sockets) ssh = Channel(std::move(ours));
    Spawn spawn = all_pipes();
    if (sockets) spawn = {.in = Stdio::fd(theirs), .out = Stdio::fd(theirs)};
    netcat = std::make_unique<Process>(netcat_argv({}, {"127.0.0.1", server.port_text()}),
                                       std::move(spawn));
    peer = server.accept();
  }
  Channel& to_netcat() { return ssh.fd() >= 0 ? ssh : netcat->in; }
  Channel& from_netcat() { return ssh.fd() >= 0 ? ssh : netcat->out; }
  void greet() {
    peer.send("SSH-2.0-server\r\n");
    EXPECT_EQ(from_netcat().line(), "SSH-2.0-server\r");
    to_netcat().send("SSH-2.0-client\r\n");
    EXPECT_EQ(peer.line(), "SSH-2.0-client\r");
  }
  Listener server = Listener::tcp();
  Channel ssh;
  std::unique_ptr<Process> netcat;
  Socket peer;
};

TEST(NetcatProxyCommand, EndsWithTheServer) {
  for (const bool sockets : {false, true}) {
    Proxied p(sockets);
    p.greet();
    p.peer.close();
    EXPECT_EQ(p.from_netcat().rest(), "");
    EXPECT_EQ(p.netcat->wait(kPrompt), 0);
  }
}

// The server does not end its side: it waits for a client that has gone.
TEST(NetcatProxyCommand, EndsWithSsh) {
  for (const bool sockets : {false, true}) {
    Proxied p(sockets);
    p.greet();
    p.to_netcat().close();
    p.netcat->out.close();
    EXPECT_EQ(p.peer.rest(), "");
    EXPECT_NE(p.netcat->wait(kPrompt), 0) << "by SIGPIPE";
  }
}

}  // namespace
}  // namespace e2e
