// netcat -l --broker: what one client sends goes to the others, and standard input to all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "session.h"

namespace e2e {
namespace {

// Clients that netcat has accepted: the others have got a line of each.  The first gets a line of
// standard input, which waits for a client.
std::vector<Socket> connected(Listening& s, int count, Socket first) {
  std::vector<Socket> clients;
  clients.push_back(std::move(first));
  s.netcat.in.send("welcome\n");
  EXPECT_EQ(clients.back().line(), "welcome");
  while (clients.size() < static_cast<std::size_t>(count)) {
    Socket client = s.connect();
    client.send("hello\n");
    for (Socket& other : clients) EXPECT_EQ(other.line(), "hello");
    clients.push_back(std::move(client));
  }
  return clients;
}

std::vector<Socket> connected(Listening& s, int count) { return connected(s, count, s.connect()); }

TEST(NetcatBroker, WhatOneClientSendsGoesToTheOthers) {
  Listening s({"--broker"});
  auto clients = connected(s, 3);
  clients[0].send("from 0\n");
  EXPECT_EQ(clients[1].line(), "from 0");
  EXPECT_EQ(clients[2].line(), "from 0");
  clients[2].send("from 2\n");
  EXPECT_EQ(clients[0].line(), "from 2");
  EXPECT_EQ(clients[1].line(), "from 2");
  s.netcat.in.send("all\n");
  for (Socket& client : clients) EXPECT_EQ(client.line(), "all");
  EXPECT_EQ(s.netcat.stop(), 128 + SIGTERM);
  EXPECT_EQ(s.netcat.out.rest(), "");
}

TEST(NetcatBroker, NothingIsLostWhenTwoSendAtOnce) {
  Listening s({"--broker"});
  auto clients = connected(s, 3);
  const std::string a(500'000, 'a'), b(500'000, 'b');
  std::thread other([&] { clients[1].send(b); });
  std::string heard;
  std::thread reader([&] { heard = clients[2].take(1'000'000); });
  clients[0].send(a);
  EXPECT_EQ(clients[1].take(500'000), a);
  other.join();
  reader.join();
  EXPECT_EQ(clients[0].take(500'000), b);
  EXPECT_EQ(std::count(heard.begin(), heard.end(), 'a'), 500'000);
  EXPECT_EQ(std::count(heard.begin(), heard.end(), 'b'), 500'000);
}

TEST(NetcatBroker, TheEndOfStandardInputOrOfAClientEndsNothing) {
  Listening s({"--broker"});
  auto clients = connected(s, 3);
  s.netcat.in.close();
  clients[0].finish();
  clients[1].send("still\n");
  EXPECT_EQ(clients[0].line(), "still");
  EXPECT_EQ(clients[2].line(), "still");
  clients[0].close();
  clients[2].send("and now\n");
  EXPECT_EQ(clients[1].line(), "and now");
  Socket late = s.connect();
  late.send("hello\n");
  EXPECT_EQ(clients[1].line(), "hello");
  EXPECT_EQ(clients[2].line(), "hello");
}

TEST(NetcatBroker, AClientAloneTalksToNobody) {
  Listening s({"--broker"}, {.in = Stdio::null()});
  Socket alone = s.connect();
  alone.send(noise(300'000));
  Socket other = s.connect();
  other.send("hello\n");
  EXPECT_EQ(alone.line(), "hello");
}

TEST(NetcatBroker, AClientThatDoesNotReadIsLetGo) {
  Listening s({"--broker", "-w", "3", "-O", "16384"});
  auto clients = connected(s, 3, connect_tcp("127.0.0.1", s.port, {.narrow = true}));
  Socket& deaf = clients[0];
  std::string heard;
  const std::string much = noise(1'000'000);
  std::thread reader([&] { heard = clients[2].take(much.size()); });
  clients[1].send(much);
  reader.join();
  EXPECT_TRUE(heard == much);
  EXPECT_TRUE(deaf.is_reset());
}

TEST(NetcatBroker, UsageErrors) {
  const auto end = run({"netcat", "-l", "-u", "--broker", "1"});
  EXPECT_EQ(end.status, 2);
  EXPECT_EQ(end.err, "netcat: --broker does not work with -u: UDP has no connections\n");
  EXPECT_EQ(run({"netcat", "--broker", "localhost", "1"}).err,
            "netcat: --broker requires --listen\n");
  EXPECT_EQ(run({"netcat", "-l", "--broker", "-e", "cat", "1"}).status, 2);
}

}  // namespace
}  // namespace e2e
