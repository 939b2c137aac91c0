// netcat --port-file, and netcat as the first process of a container.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <csignal>
#include <string>
#include <vector>

#include "session.h"

namespace e2e {
namespace {

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

// A listener that has written its port.
struct Announced {
  explicit Announced(const Words& options) : netcat(argv(options), all_pipes()) {
    wait_until("the port file", [this] { return exists(file); });
    line = read_file(file);
  }
  Words argv(const Words& options) const {
    return with({"netcat", "-l", "--port-file", file}, with(options, {"127.0.0.1", "0"}));
  }
  TempDir dir;
  std::string file = dir.path("port");
  Process netcat;
  std::string line;
};

TEST(NetcatPortFile, HasThePortBeforeTheFirstClientAndGoesAtTheEnd) {
  for (const Words& options : {Words{}, Words{"-k"}}) {
    Announced s(options);
    ASSERT_TRUE(s.line.ends_with('\n')) << s.line;
    auto client = connect_tcp("127.0.0.1", std::stoi(s.line));
    client.send("hello\n");
    EXPECT_EQ(s.netcat.out.line(), "hello");
    EXPECT_TRUE(exists(s.file));
    client.close();
    if (options.empty())
      EXPECT_EQ(s.netcat.wait(), 0);
    else
      EXPECT_EQ(s.netcat.stop(), 128 + SIGTERM);
    EXPECT_FALSE(exists(s.file));
  }
}

TEST(NetcatPortFile, OfDatagrams) {
  Announced s({"-u"});
  EXPECT_EQ(run({"netcat", "-u", "--send-only", "127.0.0.1", std::to_string(std::stoi(s.line))},
                "hello\n")
                .status,
            0);
  EXPECT_EQ(s.netcat.out.line(), "hello");
  s.netcat.stop();
  EXPECT_FALSE(exists(s.file));
}

TEST(NetcatPortFile, IsRemovedOnSignals) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
    Announced s({});
    s.netcat.signal(number);
    EXPECT_EQ(s.netcat.wait(), 128 + number);
    EXPECT_FALSE(exists(s.file));
  }
}

TEST(NetcatPortFile, OfAnotherProcessStays) {
  Announced s({});
  ASSERT_EQ(unlink(s.file.c_str()), 0);
  s.dir.file("port", "another\n");
  s.netcat.stop();
  EXPECT_EQ(read_file(s.file), "another\n");
}

TEST(NetcatPortFile, HasThePathOfAUnixSocket) {
  const TempDir dir;
  const std::string path = dir.path("socket");
  const std::string file = dir.file("port", "an older and longer line\n");
  Process netcat({"netcat", "-lU", "--port-file", file, path}, all_pipes());
  wait_until("the port file", [&file, &path] { return read_file(file) == path + "\n"; });
  connect_unix(path).close();
  netcat.in.close();
  EXPECT_EQ(netcat.wait(), 0);
  EXPECT_FALSE(exists(file));
}

TEST(NetcatPortFile, MayBeAFifo) {
  const TempDir dir;
  const std::string fifo = dir.path("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  Process netcat({"netcat", "-l", "--port-file", fifo, "127.0.0.1", "0"}, all_pipes());
  const auto port = shell("read -r port < " + fifo + "; echo \"$port\"").out;
  EXPECT_TRUE(can_connect("127.0.0.1", std::stoi(port)));
  netcat.in.close();
  EXPECT_EQ(netcat.wait(), 0);
  EXPECT_TRUE(exists(fifo));
}

TEST(NetcatPortFile, ThatCannotBeWrittenIsStatus8) {
  const auto end = run({"netcat", "-l", "--port-file", "/nonexistent/port", "127.0.0.1", "0"});
  EXPECT_EQ(end.status, 8);
  EXPECT_EQ(end.err, "netcat: /nonexistent/port: no such file or directory\n");
}

// ---- process 1 ----

class FirstProcess : public testing::TestWithParam<const char*> {};

TEST_P(FirstProcess, EndsByASignal) {
  const std::string unshare = "unshare -Urpf --mount-proc ";
  const auto possible = shell(unshare + "true");
  if (possible.status != 0) GTEST_SKIP() << "no process namespaces here: " << possible.err;
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    Process outer(
        {"unshare", "-Urpf", "--mount-proc", "bash", "-c",
         "echo ready; PATH=" + bin_dir() + ":$PATH exec netcat " + std::string(GetParam())},
        all_pipes());
    EXPECT_EQ(outer.out.line(), "ready");
    const std::string children = "/proc/" + std::to_string(outer.pid()) + "/task/" +
                                 std::to_string(outer.pid()) + "/children";
    const pid_t first = std::stoi(read_file(children));
    // Signals that come before netcat catches them are lost: in the kernel's view it is init.
    wait_until("the end", [&] {
      kill(first, number);
      return !outer.lives_for(Millis(20));
    });
    EXPECT_EQ(outer.wait(), 128 + number) << GetParam();
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, FirstProcess,
                         testing::Values("-l -d 127.0.0.1 0", "-l -k -d 127.0.0.1 0",
                                         "-u -l -d 127.0.0.1 0", "-u -d 127.0.0.1 9",
                                         "-d --wait 127.0.0.1 1", "-z --wait 127.0.0.1 1"),
                         [](const auto& param) { return "n" + std::to_string(param.index); });

}  // namespace
}  // namespace e2e
