// counterd's sandbox with a store in a file: its directory and nothing else.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "sandbox.h"
#include "web.h"

namespace e2e {
namespace {

class CounterdSandbox : public Sandboxed {
 protected:
  void SetUp() override {
    Sandboxed::SetUp();
    std::filesystem::create_directory(dir_.path("store"));
  }
  std::vector<std::string> options(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"-q", "--drain", "0", "--store", dir_.path("store/c.db")});
    return more;
  }
};

TEST_F(CounterdSandbox, HasItsFileAndNothingBesideIt) {
  Daemon daemon("counterd", options(), invaded());
  EXPECT_EQ(attempts_in(daemon), all_refused());
  Socket client = daemon.connect();
  (void)read_attempts(client);
  client.send(request("GET /inc?name=x&return=new HTTP/1.1"));
  EXPECT_EQ(next_reply(client).body, "x: 1\n");
  EXPECT_EQ(daemon.stop(), 0);
}

TEST_F(CounterdSandbox, HasItsWriterInsideToo) {
  Daemon daemon("counterd", options(), invaded({"REPORT_SYNC=1"}));
  Socket client = daemon.connect();
  (void)read_attempts(client);
  client.send(request("GET /inc?name=x HTTP/1.1"));
  EXPECT_EQ(next_reply(client).code, 200);
  Attempts attempts = read_attempts(daemon.err);
  EXPECT_NE(attempts["thread"], daemon.pid());
  attempts.erase("thread");
  EXPECT_EQ(attempts, all_refused());
}

TEST_F(CounterdSandbox, FollowsALinkToItsFile) {
  std::filesystem::create_directory(dir_.path("links"));
  std::filesystem::create_symlink("../link.db", dir_.path("links/c.db"));
  std::filesystem::create_symlink("store/c.db", dir_.path("link.db"));
  for (const char* value : {"x: 1\n", "x: 2\n"}) {
    Daemon daemon("counterd", {"-q", "--store", dir_.path("links/c.db")});
    EXPECT_EQ(curl(daemon, "/inc?name=x&return=new").body, value);
    EXPECT_TRUE(std::filesystem::exists(dir_.path("store/c.db-wal")));
    EXPECT_EQ(daemon.stop(), 0);
  }
}

// As systemd's StateDirectory is one.
TEST_F(CounterdSandbox, FollowsALinkToItsDirectory) {
  std::filesystem::create_directory_symlink("store", dir_.path("link"));
  for (const char* value : {"x: 1\n", "x: 2\n"}) {
    Daemon daemon("counterd", {"-q", "--store", dir_.path("link/c.db")});
    EXPECT_EQ(curl(daemon, "/inc?name=x&return=new").body, value);
    EXPECT_EQ(curl(daemon, "/backup").code, 200);
    EXPECT_EQ(daemon.stop(), 0);
  }
}

}  // namespace
}  // namespace e2e
