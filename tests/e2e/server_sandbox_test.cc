// What a daemon can still do once it serves.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <set>

#include "sandbox.h"
#include "web.h"

namespace e2e {
namespace {

using testing::HasSubstr;

using ServerSandbox = Sandboxed;

class EachServerSandbox : public Sandboxed, public testing::WithParamInterface<std::string> {};

INSTANTIATE_TEST_SUITE_P(Daemons, EachServerSandbox,
                         testing::Values("clockd", "reverbd", "statusd", "passwordd", "counterd"),
                         [](const auto& tool) { return tool.param; });

TEST_P(EachServerSandbox, HasNothingButItsClients) {
  Daemon daemon(GetParam(), {"--drain", "0"}, invaded());
  EXPECT_EQ(attempts_in(daemon), all_refused());
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(read_file(outside_ + "/kept"), "kept");
}

// So the test above can fail.
TEST_P(EachServerSandbox, KeepsEverythingWithNoSandbox) {
  Daemon daemon(GetParam(), {"--drain", "0", "--no-sandbox"}, invaded());
  Attempts attempts = attempts_in(daemon);
  for (const char* depends : {"own memory", "mount", "io_uring"}) attempts.erase(depends);
  EXPECT_EQ(attempts, all_done());
  EXPECT_EQ(daemon.stop(), 0);
}

TEST_P(EachServerSandbox, HasNoThreadOutside) {
  Daemon daemon(GetParam(), {"--drain", "0", "--threads", "2"}, invaded());
  std::set<int> threads;
  wait_until("both threads to serve", [&] {
    Socket client = daemon.connect();
    Attempts attempts = read_attempts(client);
    threads.insert(attempts["thread"]);
    attempts.erase("thread");
    EXPECT_EQ(attempts, all_refused());
    return threads.size() == 2;
  });
  EXPECT_EQ(daemon.stop(), 0);
}

// ---- what is still needed ----

TEST_F(ServerSandbox, RemovesItsSocket) {
  const std::string path = dir_.path("socket");
  Process daemon({"reverbd", "-t", "2", "unix:" + path}, invaded());
  wait_until("the socket", [&] { return can_connect_unix(path); });
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(ServerSandbox, ReadsTheFileThatTakesAnothersPlace) {
  const std::string file = dir_.file("body", "one");
  Daemon daemon("statusd", {"--body-file", file});
  std::filesystem::rename(dir_.file("new", "two"), file);
  daemon.signal(SIGHUP);
  wait_until("the new body", [&] { return curl(daemon, "/").body == "two"; });
}

// As Kubernetes mounts secrets: one link to a directory is replaced, and with it all files.
TEST_F(ServerSandbox, FollowsALinkThatIsReplaced) {
  for (const char* version : {"1", "2"}) {
    std::filesystem::create_directory(dir_.path(version));
    (void)dir_.file(std::string(version) + "/body", version);
  }
  std::filesystem::create_symlink("1", dir_.path("data"));
  std::filesystem::create_symlink("data/body", dir_.path("body"));
  Daemon daemon("statusd", {"--body-file", dir_.path("body")});
  std::filesystem::create_symlink("2", dir_.path("new"));
  std::filesystem::rename(dir_.path("new"), dir_.path("data"));
  daemon.signal(SIGHUP);
  wait_until("the new body", [&] { return curl(daemon, "/").body == "2"; });
}

TEST_F(ServerSandbox, KnowsTheTimeZoneOfItsStart) {
  Daemon daemon("statusd", {"--access-log", "-q"}, {.env = {"TZ=Asia/Tokyo"}});
  EXPECT_EQ(curl(daemon, "/").code, 200);
  EXPECT_THAT(daemon.err.line(), HasSubstr(" +0900] "));
}

TEST_F(ServerSandbox, IsNotNeededToServe) {
  Daemon daemon("clockd", {"-v", "--count", "1"},
                {.env = {"LD_PRELOAD=" FAILING_CALLS, "FAIL_LANDLOCK=" + std::to_string(ENOSYS),
                         "FAIL_SECCOMP=" + std::to_string(EINVAL)}});
  EXPECT_EQ(daemon.err.line(), "clockd: sandbox: this kernel has no Landlock");
  EXPECT_EQ(daemon.err.line(),
            "clockd: sandbox: this kernel filters no system calls: invalid argument");
  EXPECT_THAT(daemon.connect().rest(), HasSubstr(":"));
}

// A check may be any program, which would inherit the sandbox.
TEST_F(ServerSandbox, IsNotAStatusdThatRunsChecks) {
  Daemon daemon("statusd", {"--drain", "0", "--check", "cat /etc/passwd"}, invaded());
  Attempts attempts = attempts_in(daemon);
  EXPECT_EQ(attempts["read"], 0);
  EXPECT_EQ(attempts["new privileges"], 0);
}

}  // namespace
}  // namespace e2e
