// net_test.h - runs a coroutine as a test, with plain, blocking descriptors as its peers.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

#include "common/net/address.h"
#include "common/net/fd.h"
#include "common/net/timer.h"

namespace net {

// For GoogleTest's messages.
inline void PrintTo(Error e, std::ostream* out) { *out << e.code() << " (" << e.message() << ")"; }
inline void PrintTo(const SockAddr& address, std::ostream* out) { *out << address.to_string(); }

using TestBody = Task<> (*)(Loop& loop);
// Runs the test on its own loop, whose destructor checks that no handle is left.
void run_test(TestBody body);

#define NET_TEST(suite, name)                        \
  static Task<> suite##name(Loop& loop);             \
  TEST(suite, name) { net::run_test(&suite##name); } \
  static Task<> suite##name([[maybe_unused]] Loop& loop)

// Ends the task if it makes no sense to continue.  (ASSERT_* would use return, not co_return.)
#define REQUIRE(condition)         \
  do {                             \
    if (!(condition)) {            \
      ADD_FAILURE() << #condition; \
      co_return;                   \
    }                              \
  } while (false)

// GTEST_SKIP for a task.
#define SKIP_TEST(why)                                     \
  do {                                                     \
    GTEST_MESSAGE_(why, ::testing::TestPartResult::kSkip); \
    co_return;                                             \
  } while (false)

// Far longer than anything takes that works.
constexpr Millis kPatience{20'000};

// Lets the loop run once.
struct Yield {
  Loop& loop;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> task) const { loop.resume_later(task); }
  void await_resume() const {}
};
inline Yield next_round(Loop& loop) { return {loop}; }

class Stopwatch {
 public:
  std::chrono::nanoseconds elapsed() const { return Clock::now() - start_; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

// ---- peers ----

enum class Kind { kTcp, kUnix };

// The two ends of a connection, or of a pipe: `near` reads, `far` writes.
struct Ends {
  Fd near;
  Fd far;
};
Ends connected(Kind kind);
Ends pipe_ends();

void send(const Fd& to, std::string_view data);
std::string receive(const Fd& from, std::size_t n);  // fewer only at end of file
std::string receive_all(const Fd& from);             // until end of file
void half_close(const Fd& socket);
void reset(Fd& socket);  // closes a TCP connection with a reset
// Makes a socket's buffers small, so that its writer soon has to wait.
void narrow(int socket);
int status_flags(int fd);  // O_NONBLOCK and the like

// A listener on a port that the kernel picks.  With backlog 0 its queue holds one connection, and
// others get no answer.
Fd tcp_listener(const char* ip, int backlog = 16);
Fd tcp_connection(const SockAddr& to);
// A bound socket that does not listen: connections to its port are refused as long as it lives.
Fd refusing_socket(const char* ip);
bool has_ipv6();

// Returns text in which truncated or reordered parts can be recognised.
std::string pattern(std::size_t bytes);

class TempDir {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace net
