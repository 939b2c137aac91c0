// What a service manager passes: LISTEN_FDS and NOTIFY_SOCKET.
#include "common/net/systemd.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cstdlib>
#include <string>

#include "net_test.h"

namespace net::systemd {
namespace {

using testing::ExitedWithCode;

// Everything here is done in a process of its own: descriptors 3 and up are taken.

// How many sockets are taken when the variables say this; LISTEN_PID "self" is our own.
[[noreturn]] void exit_with_count(const char* pid, const char* count, int open_until) {
  for (int fd = 3; fd < open_until; ++fd) dup2(STDERR_FILENO, fd);
  for (int fd = open_until; fd < 20; ++fd) close(fd);
  const std::string own = std::to_string(getpid());
  const bool self = pid != nullptr && std::string_view(pid) == "self";
  if (pid != nullptr) setenv("LISTEN_PID", self ? own.c_str() : pid, 1);
  if (count != nullptr) setenv("LISTEN_FDS", count, 1);
  setenv("LISTEN_FDNAMES", "a:b", 1);
  const std::vector<int> sockets = take_sockets();
  int wrong = 0;
  for (std::size_t i = 0; i < sockets.size(); ++i)
    if (sockets[i] != static_cast<int>(i) + 3) wrong = 100;
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
    if (std::getenv(name) != nullptr) wrong = 102;
  if (!take_sockets().empty()) wrong = 103;
  std::_Exit(wrong != 0 ? wrong : static_cast<int>(sockets.size()));
}

TEST(SystemdSocketsDeathTest, AreTakenOnceAndAreOurs) {
  EXPECT_EXIT(exit_with_count("self", "2", 5), ExitedWithCode(2), "");
  EXPECT_EXIT(exit_with_count("self", "1", 5), ExitedWithCode(1), "");
}

TEST(SystemdSocketsDeathTest, AreNoneWithoutTheVariables) {
  EXPECT_EXIT(exit_with_count(nullptr, nullptr, 5), ExitedWithCode(0), "");
  EXPECT_EXIT(exit_with_count("self", nullptr, 5), ExitedWithCode(0), "");
  EXPECT_EXIT(exit_with_count(nullptr, "2", 5), ExitedWithCode(0), "");
}

TEST(SystemdSocketsDeathTest, OfAnotherProcessAreLeftAlone) {
  EXPECT_EXIT(exit_with_count("1", "2", 5), ExitedWithCode(0), "");
}

TEST(SystemdSocketsDeathTest, NonsenseIsNone) {
  EXPECT_EXIT(exit_with_count("self", "", 5), ExitedWithCode(0), "");
  EXPECT_EXIT(exit_with_count("self", "two", 5), ExitedWithCode(0), "");
  EXPECT_EXIT(exit_with_count("self", "-1", 5), ExitedWithCode(0), "");
  EXPECT_EXIT(exit_with_count("self", "99999999999", 5), ExitedWithCode(0), "");
}

TEST(SystemdSocketsDeathTest, EndWithTheFirstThatIsNotOpen) {
  EXPECT_EXIT(exit_with_count("self", "9", 5), ExitedWithCode(3), "");
  EXPECT_EXIT(exit_with_count("self", "1", 3), ExitedWithCode(1), "");
}

TEST(SystemdSocketsDeathTest, NumberBeyondAllDescriptorsOverflowsNothing) {
  EXPECT_EXIT(exit_with_count("self", "2147483647", 5), ExitedWithCode(3), "");
}

// ---- notify ----

Fd datagram_socket(const std::string& name) {
  Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const SockAddr address = *SockAddr::unix_path(name);
  EXPECT_EQ(bind(fd.get(), address.get(), address.size()), 0);
  return fd;
}

std::string notified(const std::string& name) {
  const Fd manager = datagram_socket(name);
  setenv("NOTIFY_SOCKET", name.c_str(), 1);
  Manager().notify("READY=1");
  unsetenv("NOTIFY_SOCKET");
  std::string text(100, '\0');
  const ssize_t n = recv(manager.get(), text.data(), text.size(), 0);
  text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return text;
}

TEST(SystemdNotify, GoesToAPathOrAnAbstractName) {
  const TempDir dir;
  EXPECT_EQ(notified(dir.file("notify")), "READY=1");
  EXPECT_EQ(notified("@wireutils-notify-" + std::to_string(getpid())), "READY=1");
}

TEST(SystemdNotify, ManagerThatDoesNotReadHoldsNothingUp) {
  const TempDir dir;
  const std::string name = dir.file("notify");
  const Fd manager = datagram_socket(name);
  setenv("NOTIFY_SOCKET", name.c_str(), 1);
  const Fd filler(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const SockAddr address = *SockAddr::unix_path(name);
  while (sendto(filler.get(), "x", 1, 0, address.get(), address.size()) == 1) continue;
  const Stopwatch watch;
  Manager().notify("READY=1");
  EXPECT_LT(watch.elapsed(), kPatience / 2);
  unsetenv("NOTIFY_SOCKET");
}

TEST(SystemdNotify, NobodyThereIsNoHarm) {
  unsetenv("NOTIFY_SOCKET");
  Manager().notify("READY=1");
  for (const char* name : {"", "/nonexistent/notify", "relative"}) {
    setenv("NOTIFY_SOCKET", name, 1);
    Manager().notify("READY=1");
  }
  setenv("NOTIFY_SOCKET", std::string(200, 'x').c_str(), 1);
  Manager().notify("READY=1");
  unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace net::systemd
