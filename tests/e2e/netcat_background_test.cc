// Standard input that is a terminal or not to be read: in the background of an interactive shell,
// orphaned, under nohup(1), and left with half a line typed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <csignal>
#include <string>

#include "session.h"
#include "terminal.h"

namespace e2e {
namespace {

// An interactive shell with job control, of which the test has the keyboard.
class Shell {
 public:
  Shell()
      : process_({"bash", "--norc", "--noprofile", "--noediting", "-i"},
                 {.in = Stdio::fd(terminal_.tty()),
                  .out = Stdio::fd(terminal_.tty()),
                  .err = Stdio::fd(terminal_.tty()),
                  .env = {"PS1=", "HISTFILE="},
                  .terminal = true}) {
    type("cd " + dir_.path(""));
  }
  // Ends the process whose number the file `pid` has, which may outlive the shell.
  ~Shell() {
    if (const std::string pid = file("pid"); !pid.empty()) kill(std::stoi(pid), SIGKILL);
  }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  void type(const std::string& line) { terminal_.keyboard.send(line + "\n"); }
  std::string file(const std::string& name) const {
    const std::string path = dir_.path(name);
    return access(path.c_str(), R_OK) == 0 ? read_file(path) : "";
  }
  void wait_for(const std::string& name, const std::string& content) const {
    try {
      wait_until(name, [&] { return file(name) == content; });
    } catch (const std::exception&) {
      fail(name + " has: " + file(name));
    }
  }
  // Of a netcat -v whose standard error is the file `err`, and connects to it.
  Socket connect() const {
    std::string said;
    wait_until("netcat listens", [&] {
      said = file("err");
      return said.find("Listening on ") == 0 && said.find('\n') != said.npos;
    });
    return connect_tcp("127.0.0.1", std::stoi(said.substr(said.find(' ', 13))));
  }

 private:
  TempDir dir_;
  Terminal terminal_;
  Process process_;
};

const std::string kListen = "netcat -l -v -n 127.0.0.1 0 >out 2>err";

TEST(NetcatBackground, IsNotStoppedBecauseAClientComes) {
  Shell shell;
  shell.type(kListen + " &");
  auto client = shell.connect();
  client.send("hello\n");
  shell.wait_for("out", "hello\n");
  client.close();
  shell.type("wait $!; echo $? >status");
  shell.wait_for("status", "0\n");
}

TEST(NetcatBackground, OfAServerOfManyIsNotStoppedEither) {
  Shell shell;
  shell.type("netcat -k" + kListen.substr(6) + " & echo $! >pid");
  auto first = shell.connect();
  first.send("one\n");
  shell.wait_for("out", "one\n");
  auto second = shell.connect();
  second.send("two\n");
  shell.wait_for("out", "one\ntwo\n");
}

TEST(NetcatBackground, ReadsTheTerminalOnceItIsInTheForeground) {
  Shell shell;
  shell.type(kListen + " &");
  auto client = shell.connect();
  client.send("hello\n");
  shell.wait_for("out", "hello\n");
  shell.type("fg >/dev/null");
  shell.type("typed");
  EXPECT_EQ(client.line(), "typed");
}

TEST(NetcatBackground, SendsWhatIsTypedWhileItIsThereToTheShell) {
  Shell shell;
  shell.type(kListen + " &");
  auto client = shell.connect();
  client.send("hello\n");
  shell.wait_for("out", "hello\n");
  shell.type("echo done >shell");
  shell.wait_for("shell", "done\n");
  EXPECT_TRUE(client.silent_for(kSilence));
}

// The shell that started it has gone: to read the terminal is EIO.
TEST(NetcatBackground, OrphanedHasAnInputThatHasEnded) {
  for (const std::string option : {"", " -k"}) {
    Shell shell;
    shell.type("bash -i -c 'netcat" + option + kListen.substr(6) + " & echo $! >pid'");
    auto client = shell.connect();
    client.send("hello\n");
    shell.wait_for("out", "hello\n");
    client.finish();
    if (option.empty()) {
      EXPECT_EQ(client.rest(), "");
    }
  }
}

// What nohup(1) leaves.
TEST(NetcatBackground, WithAnInputThatIsNotOpenForReading) {
  for (const Words& options : {Words{}, Words{"-k"}}) {
    const Fd in = open_file("/dev/null", O_WRONLY);
    Listening s(options, {.in = Stdio::fd(in)});
    for (const char* line : {"one", "two"}) {
      auto client = s.connect();
      client.send(std::string(line) + "\n");
      EXPECT_EQ(s.netcat.out.line(), line);
      EXPECT_TRUE(client.silent_for(kSilence)) << "it has half-closed";
      client.finish();
      EXPECT_EQ(client.rest(), "");
      if (options.empty()) break;
    }
  }
}

TEST(NetcatBackground, UnderNohupServesManyClients) {
  const TempDir dir;
  Terminal terminal;
  Process server({"bash", "-c", "exec nohup netcat -l -k -v -n 127.0.0.1 0 >" + dir.path("log")},
                 {.in = Stdio::fd(terminal.tty()), .terminal = true});
  std::string line = server.err.line();
  while (line.find("Listening on ") != 0) line = server.err.line();
  const int port = std::stoi(line.substr(line.rfind(' ')));
  for (const char* word : {"one", "two"}) {
    auto client = connect_tcp("127.0.0.1", port);
    client.send(std::string(word) + "\n");
    client.finish();
    EXPECT_EQ(client.rest(), "");
  }
  EXPECT_EQ(read_file(dir.path("log")), "one\ntwo\n");
}

// ---- half a line typed when the peer ends ----

// What a program that reads the terminal next would get, be it half a line.
std::string left_in(const Terminal& terminal) {
  termios modes = terminal.modes();
  modes.c_lflag &= ~static_cast<tcflag_t>(ICANON);
  tcsetattr(terminal.tty().get(), TCSANOW, &modes);
  pollfd p{terminal.tty().get(), POLLIN, 0};
  if (poll(&p, 1, static_cast<int>(kSilence.count())) == 0) return "";
  char text[100];
  const ssize_t n = read(terminal.tty().get(), text, sizeof text);
  return {text, n > 0 ? static_cast<std::size_t>(n) : 0};
}

TEST(NetcatTyped, HalfALineIsNotLeftToTheShell) {
  for (const bool fails : {false, true}) {
    Terminal terminal;
    Session s({}, {.in = Stdio::fd(terminal.tty()), .terminal = true});
    terminal.keyboard.send("sent\n");
    EXPECT_EQ(s.peer.line(), "sent");
    terminal.keyboard.send("rm -r /tm");
    EXPECT_EQ(terminal.keyboard.take_until("/tm"), "sent\r\nrm -r /tm");  // the terminal has it
    if (fails)
      s.peer.reset();
    else
      s.peer.close();
    EXPECT_EQ(s.netcat.wait(), fails ? 1 : 0);
    EXPECT_EQ(left_in(terminal), "");
  }
}

TEST(NetcatTyped, AfterTheEndOfInputIsForTheShell) {
  Terminal terminal;
  Session s({}, {.in = Stdio::fd(terminal.tty()), .terminal = true});
  terminal.keyboard.send("sent\n\x04");
  EXPECT_EQ(s.peer.rest(), "sent\n");
  terminal.keyboard.send("ls");
  (void)terminal.keyboard.take_until("ls");
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
  EXPECT_EQ(left_in(terminal), "ls");
}

TEST(NetcatTyped, IsForTheShellWhenNetcatDoesNotReadIt) {
  Terminal terminal;
  Session s({"-d"}, {.in = Stdio::fd(terminal.tty()), .terminal = true});
  terminal.keyboard.send("ls");
  (void)terminal.keyboard.take_until("ls");
  s.peer.close();
  EXPECT_EQ(s.netcat.wait(), 0);
  EXPECT_EQ(left_in(terminal), "ls");
}

}  // namespace
}  // namespace e2e
