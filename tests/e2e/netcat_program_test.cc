// netcat -e and -c: a program for the connection, with the socket itself or through the relay.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <csignal>
#include <sstream>
#include <string>
#include <vector>

#include "session.h"

namespace e2e {
namespace {

using testing::HasSubstr;

// The second has netcat look at the bytes, so that they pass through it.
const Words kDirect, kRelayed{"--idle-timeout", "60"};

class ProgramPath : public testing::TestWithParam<Words> {
 protected:
  Words with_path(const Words& options) const { return with(GetParam(), options); }
};

INSTANTIATE_TEST_SUITE_P(Paths, ProgramPath, testing::Values(kDirect, kRelayed),
                         [](const auto& param) { return param.index == 0 ? "Direct" : "Relayed"; });

TEST_P(ProgramPath, AnswersUntilTheEndOfItsInput) {
  Listening server(with_path({"-e", "cat"}));
  Socket client = server.connect();
  client.send("hello\n");
  EXPECT_EQ(client.line(), "hello");
  const std::string data = noise(60'000);
  client.send(data);
  EXPECT_EQ(client.take(data.size()), data);
  client.finish();
  EXPECT_EQ(client.rest(), "");
  EXPECT_EQ(server.netcat.wait(), 0);
}

TEST_P(ProgramPath, LateOutputIsDelivered) {
  Listening server(with_path({"-c", "cat > /dev/null; sleep 0.5; seq 100000"}));
  Socket client = server.connect();
  client.send("question\n");
  client.finish();
  const std::string answer = client.rest();
  EXPECT_EQ(answer.size(), 588'895U);
  EXPECT_EQ(server.netcat.wait(), 0);
}

TEST_P(ProgramPath, OutputArrivesThoughTheInputIsNotRead) {
  Listening server(with_path({"-c", "sleep 0.2; seq 10000"}));
  Socket client = server.connect();
  client.send(std::string(100'000, 'x'));
  EXPECT_EQ(client.rest().size(), 48'894U);
  EXPECT_EQ(server.netcat.wait(), 0);
}

TEST_P(ProgramPath, AProgramThatClosesItsOutputIsWaitedFor) {
  const TempDir dir;
  const std::string mark = dir.path("mark");
  Listening server(with_path({"-c", "echo hello; exec >&- <&-; sleep 0.5; touch " + mark}));
  Socket client = server.connect();
  EXPECT_EQ(client.line(), "hello");
  client.finish();
  EXPECT_EQ(server.netcat.wait(), 0);
  EXPECT_EQ(run({"test", "-e", mark}).status, 0);
}

TEST_P(ProgramPath, AProgramThatDoesNotReadIsNoFailure) {
  Listening server(with_path({"-c", "exec < /dev/null; sleep 0.3; echo done"}));
  Socket client = server.connect();
  client.send("ignored\n");
  EXPECT_EQ(client.rest(), "done\n");
  EXPECT_EQ(server.netcat.wait(), 0);
}

TEST_P(ProgramPath, AFailureIsStatus12) {
  const struct {
    const char* line;
    const char* why;
  } rows[] = {
      {"exit 7", "netcat: sh: exited with 7\n"},
      {"kill -SEGV $$", "netcat: sh: killed by SIGSEGV\n"},
  };
  for (const auto& row : rows) {
    Listening server(with_path({"-c", row.line}));
    Socket client = server.connect();
    EXPECT_EQ(client.rest(), "");
    const auto end = finish(server.netcat);
    EXPECT_EQ(end.status, 12);
    EXPECT_THAT(end.err, testing::EndsWith(row.why));
  }
}

TEST_P(ProgramPath, AResetConnectionHangsItUp) {
  const TempDir dir;
  const std::string mark = dir.path("mark");
  // It does not read, so that it does not see the reset itself.
  Listening server(with_path({"-c", "trap 'echo HUP > " + mark +
                                        "; exit' HUP; echo ready; while :; do sleep 0.05; done"}));
  Socket client = server.connect();
  EXPECT_EQ(client.line(), "ready");
  client.reset();
  const auto end = finish(server.netcat);
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.err, HasSubstr("connection reset by peer\n"));
  EXPECT_EQ(read_file(mark), "HUP\n");
}

TEST_P(ProgramPath, AResetConnectionHangsUpAProgramThatDoesNotRead) {
  for (const std::string program : {"exec sleep 1000", "yes", "exec >&-; exec sleep 1000"}) {
    SCOPED_TRACE(program);
    Listening server(with_path({"-c", program}));
    Socket client = server.connect();
    (void)client.send_until_stuck(std::string(1 << 16, 'x'), kSilence, std::size_t{1} << 25);
    client.reset();
    EXPECT_EQ(finish(server.netcat).status, 1);
  }
}

// cat takes the error from the socket before netcat can see it.
TEST_P(ProgramPath, AResetThatTheProgramHasReadHangsUpTheRest) {
  Listening server(with_path({"-c", "echo ready; cat; exec sleep 1000"}));
  Socket client = server.connect();
  EXPECT_EQ(client.line(), "ready");
  client.reset();
  EXPECT_EQ(finish(server.netcat).status, 1);
}

TEST_P(ProgramPath, AProgramThatIgnoresTheHangUpIsKilled) {
  Listening server(with_path(
      {"--exec-grace", "200ms", "-c", "trap '' HUP; echo $$; while :; do sleep 0.05; done"}));
  Socket client = server.connect();
  const std::string pid = client.line();
  client.reset();
  EXPECT_EQ(finish(server.netcat).status, 1);
  EXPECT_NE(kill(std::stoi(pid), 0), 0);
}

TEST_P(ProgramPath, ASignalEndsTheWholeGroup) {
  for (const int number : {SIGTERM, SIGHUP}) {
    Listening server(with_path({"--exec-grace", "200ms", "-c",
                                "trap '' TERM; sleep 1000 & echo $$ $!; wait; sleep 1000"}));
    Socket client = server.connect();
    std::istringstream pids(client.line());
    server.netcat.signal(number);
    EXPECT_EQ(server.netcat.wait(), 128 + number);
    for (int pid = 0; pids >> pid;) wait_until("its end", [&] { return kill(pid, 0) != 0; });
    EXPECT_EQ(client.rest(), "");
  }
}

TEST_P(ProgramPath, WhatItSaysLastIsDelivered) {
  Listening server(
      with_path({"-c", "trap 'seq 1000; exit' TERM; echo ready; while :; do sleep 0.05; done"}));
  Socket client = server.connect();
  EXPECT_EQ(client.line(), "ready");
  server.netcat.signal(SIGTERM);
  EXPECT_EQ(client.rest().size(), 3893U);
  EXPECT_EQ(server.netcat.wait(), 128 + SIGTERM);
}

TEST_P(ProgramPath, WhatItLeavesBehindIsHungUp) {
  Listening server(with_path({"-c", "sleep 1000 & echo $!"}));
  Socket client = server.connect();
  const int pid = std::stoi(client.line());
  EXPECT_EQ(client.rest(), "");
  EXPECT_EQ(server.netcat.wait(), 0);
  EXPECT_NE(kill(pid, 0), 0);
}

TEST_P(ProgramPath, AClientRunsOneToo) {
  auto listener = Listener::tcp();
  Process netcat(with(with({"netcat"}, with_path({"-c", "read line; echo \"got $line\""})),
                      {"127.0.0.1", listener.port_text()}));
  Socket peer = listener.accept();
  peer.send("question\n");
  EXPECT_EQ(peer.rest(), "got question\n");
  peer.close();
  EXPECT_EQ(netcat.wait(), 0);
}

TEST_P(ProgramPath, OverAUnixSocket) {
  const TempDir dir;
  const std::string path = dir.path("socket");
  Process netcat(with(with({"netcat"}, with_path({"-l", "-U", "-e", "cat"})), {path}));
  wait_until("it listens", [&path] { return can_connect_unix(path); });
  netcat.stop();
  Process again(
      with(with({"netcat", "-v"}, with_path({"-l", "-U", "-c", "echo $NETCAT_PROTO; exec cat"})),
           {path}));
  (void)again.err.line();
  (void)again.err.line();
  Socket client = connect_unix(path);
  EXPECT_EQ(client.line(), "UNIX");
  client.send("hello\n");
  client.finish();
  EXPECT_EQ(client.rest(), "hello\n");
  EXPECT_EQ(again.wait(), 0);
}

TEST_P(ProgramPath, IsToldAboutTheConnection) {
  Listening server(with_path({"-c",
                              "echo $NETCAT_PROTO $NCAT_PROTO $PROTO; "
                              "echo $NETCAT_REMOTE_ADDR $NCAT_REMOTE_ADDR $TCPREMOTEIP; "
                              "echo $NETCAT_REMOTE_PORT $NCAT_REMOTE_PORT $TCPREMOTEPORT; "
                              "echo $NETCAT_LOCAL_ADDR $NCAT_LOCAL_ADDR $TCPLOCALIP; "
                              "echo $NETCAT_LOCAL_PORT $NCAT_LOCAL_PORT $TCPLOCALPORT"}));
  Socket client = server.connect();
  const std::string ours = std::to_string(client.local_port());
  const std::string theirs = std::to_string(server.port);
  EXPECT_EQ(client.rest(), "TCP TCP TCP\n127.0.0.1 127.0.0.1 127.0.0.1\n" + ours + " " + ours +
                               " " + ours + "\n127.0.0.1 127.0.0.1 127.0.0.1\n" + theirs + " " +
                               theirs + " " + theirs + "\n");
}

// Signals, descriptors and groups are those of a fresh process.
TEST_P(ProgramPath, InheritsNothingElse) {
  const auto output_of = [this](const std::string& line) {
    Listening server(with_path({"-c", line}));
    const std::string output = server.connect().rest();
    EXPECT_EQ(server.netcat.wait(), 0);
    return output;
  };
  EXPECT_EQ(output_of("exec ls /proc/self/fd"), "0\n1\n2\n3\n");  // the last is its own
  // But for 32 and 33, which the C library keeps to itself.
  EXPECT_THAT(output_of("exec grep -E 'Sig(Blk|Ign)' /proc/self/status"),
              testing::MatchesRegex("SigBlk:\t0{16}\nSigIgn:\t0{7}[0-9a-f]{2}0{7}\n"));
  EXPECT_EQ(output_of("test $(ps -o pgid= -p $$) = $$ && echo leader"), "leader\n");
  EXPECT_EQ(output_of("pwd"), run({"pwd"}).out);
}

TEST(NetcatProgram, ItsEndIsNoticedEvenIfSigchldIsBlockedOrIgnored) {
  for (const char* how : {"--block-signal=CHLD", "--ignore-signal=CHLD"}) {
    Listener server = Listener::tcp();
    Process netcat({"env", how, "netcat", "-c", "exit 7", "127.0.0.1", server.port_text()});
    EXPECT_EQ(finish(netcat).status, 12) << how;
  }
}

TEST(NetcatProgram, HasTheSocketItselfWhereNoByteHasToPass) {
  const char* line = "readlink /proc/$$/fd/0 /proc/$$/fd/1";
  Listening direct({"-c", line});
  EXPECT_THAT(direct.connect().rest(), testing::MatchesRegex("socket:.*\nsocket:.*\n"));
  for (const Words& options : {Words{"-C"},
                               {"-i", "1ms"},
                               {"--rate", "1M"},
                               {"--output", "/dev/null"},
                               {"--hex-dump", "/dev/null"},
                               {"--progress"},
                               {"-w", "20"},
                               {"--idle-timeout", "20"}}) {
    Listening relayed(with(options, {"-c", line}));
    EXPECT_THAT(relayed.connect().rest(), testing::MatchesRegex("pipe:.*\r?\npipe:.*\r?\n"))
        << options[0];
  }
}

TEST(NetcatProgram, TransformsApplyToWhatItSays) {
  Listening server({"-C", "-c", "echo one; echo two"});
  EXPECT_EQ(server.connect().rest(), "one\r\ntwo\r\n");
}

TEST(NetcatProgram, AnIdleConnectionHangsItUp) {
  Listening server({"--idle-timeout", "300ms", "-e", "cat"});
  Socket client = server.connect();
  const auto end = finish(server.netcat);
  EXPECT_EQ(end.status, 9);
}

TEST(NetcatProgram, IsLookedForFirst) {
  const TempDir dir;
  const std::string plain = dir.file("plain", "");
  const struct {
    Words options;
    std::string why;
  } rows[] = {
      {{"-e", "nosuchprogram"}, "netcat: nosuchprogram: no such file or directory\n"},
      {{"-e", plain + " x"}, "netcat: " + plain + ": permission denied\n"},
      {{"-e", "/"}, "netcat: /: permission denied\n"},
  };
  auto listener = Listener::tcp();
  for (const auto& row : rows) {
    const auto client = run(with(with({"netcat"}, row.options), {"127.0.0.1", "1"}));
    EXPECT_EQ(client.status, 12);
    EXPECT_EQ(client.err, row.why);
    const auto server = run(with(with({"netcat", "-l"}, row.options), {"127.0.0.1", "0"}));
    EXPECT_EQ(server.status, 12);
    EXPECT_EQ(server.err, row.why);
  }
}

TEST(NetcatProgram, UsageErrors) {
  const struct {
    Words options;
    std::string why;
  } rows[] = {
      {{"-e", "cat", "-c", "cat"}, "-e does not work with -c: only one program"},
      {{"-e", " "}, "must not be empty"},
      {{"-c", ""}, "must not be empty"},
      {{"-e", "cat", "-u"}, "-e does not work with -u: a program requires a stream"},
      {{"-e", "cat", "-z"}, "-e does not work with -z"},
      {{"-e", "cat", "-d"}, "-e does not work with -d"},
      {{"-e", "cat", "--send-only"}, "-e does not work with --send-only"},
      {{"-e", "cat", "-F"}, "-e does not work with -F: only one receiver"},
      {{"--exec-grace", "1"}, "--exec-grace requires --exec"},
  };
  for (const auto& row : rows) {
    const auto end = run(with(with({"netcat"}, row.options), {"127.0.0.1", "1"}));
    EXPECT_EQ(end.status, 2) << row.options[1];
    EXPECT_THAT(end.err, HasSubstr(row.why));
  }
}

TEST(NetcatProgram, ListensOnLocalhostUnlessToldOtherwise) {
  Process local({"netcat", "-l", "-v", "-n", "-e", "cat", "0"});
  const std::string first = local.err.line();
  EXPECT_THAT(first, testing::AnyOf(HasSubstr("127.0.0.1 "), HasSubstr("::1 ")));
  Process everywhere({"netcat", "-l", "-v", "-n", "-e", "cat", "::", "0"});
  const std::string line = everywhere.err.line();
  EXPECT_THAT(line, HasSubstr("Listening on :: "));
  const int port = std::stoi(line.substr(line.rfind(' ')));
  Socket client = connect_tcp("127.0.0.1", port);
  client.send("hello\n");
  EXPECT_EQ(client.line(), "hello");
}

TEST(NetcatProgram, StandardInputIsNotUsed) {
  Process netcat({"netcat", "-l", "-v", "-e", "cat", "127.0.0.1", "0"},
                 {.in = Stdio::closed(), .out = Stdio::closed()});
  const std::string line = netcat.err.line();
  Socket client = connect_tcp("127.0.0.1", std::stoi(line.substr(line.rfind(' '))));
  client.send("hello\n");
  client.finish();
  EXPECT_EQ(client.rest(), "hello\n");
  EXPECT_EQ(netcat.wait(), 0);
}

TEST(NetcatProgram, JsonHasTheProgramsEnd) {
  for (const auto& [line, member] :
       {std::pair<std::string, std::string>{"exit 7", "\"program_status\":7"},
        {"kill -9 $$", "\"program_signal\":9"}}) {
    Process netcat({"netcat", "-l", "--json", "-c", line, "127.0.0.1", "0"});
    const std::string listening = netcat.err.line();
    const std::string port = listening.substr(listening.find("\"port\":") + 7);
    EXPECT_EQ(connect_tcp("127.0.0.1", std::stoi(port)).rest(), "");
    const auto end = finish(netcat);
    EXPECT_EQ(end.status, 12);
    EXPECT_THAT(end.err, HasSubstr(member));
  }
}

}  // namespace
}  // namespace e2e
