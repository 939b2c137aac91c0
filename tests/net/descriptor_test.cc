// Descriptor: standard input and output, whatever they are, and sockets.
#include "common/net/descriptor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <termios.h>

#include <array>
#include <cstdlib>

#include "common/cli/cli.h"
#include "net_test.h"

namespace net {
namespace {

// Puts a descriptor in the place of a standard one, for as long as it lives.
class Standing {
 public:
  Standing(int standard, const Fd& in_for) : standard_(standard) {
    std::fflush(nullptr);
    saved_ = Fd(fcntl(standard, F_DUPFD_CLOEXEC, 10));
    dup2(in_for.get(), standard);
  }
  Standing(const Standing&) = delete;
  Standing& operator=(const Standing&) = delete;
  ~Standing() { dup2(saved_.get(), standard_); }

 private:
  int standard_;
  Fd saved_;
};

struct Read {
  std::string data;
  Error error;
};

// What one read gives now.
Read read_now(Descriptor& from) {
  std::array<char, 100> buffer{};
  const auto n = from.try_read(buffer);
  if (!n) return {"", n.error()};
  return {{buffer.data(), *n}, Error()};
}

constexpr Error kNothing = UV_EAGAIN;

// ---- input ----

// Data as it comes, then the end; the description that we share is as it was.
Task<> expect_input(Loop& loop, Ends& ends) {
  const int flags = status_flags(ends.near.get());
  const Standing standing(STDIN_FILENO, ends.near);
  Descriptor in = Descriptor::standard_input(loop);
  EXPECT_EQ(read_now(in).error, kNothing);
  EXPECT_FALSE(in.has_input());
  send(ends.far, "hello");
  Error e = co_await in.readable();
  EXPECT_FALSE(e);
  EXPECT_TRUE(in.has_input());
  EXPECT_EQ(read_now(in).data, "hello");
  EXPECT_EQ(read_now(in).error, kNothing);
  send(ends.far, "bye");
  ends.far.reset();
  std::array<char, 100> buffer{};
  Result<std::size_t> n = co_await read(in, buffer);
  REQUIRE(n);
  EXPECT_EQ(std::string(buffer.data(), *n), "bye");
  n = co_await read(in, buffer);
  REQUIRE(n);
  EXPECT_EQ(*n, 0U);
  EXPECT_TRUE(in.has_input()) << "the end of file would not block";
  EXPECT_EQ(status_flags(ends.near.get()), flags);
}

NET_TEST(DescriptorInput, Pipe) {
  Ends ends = pipe_ends();
  co_await expect_input(loop, ends);
}
NET_TEST(DescriptorInput, NonblockingPipe) {
  Ends ends = pipe_ends();
  fcntl(ends.near.get(), F_SETFL, O_NONBLOCK);
  co_await expect_input(loop, ends);
}
NET_TEST(DescriptorInput, TcpSocket) {
  Ends ends = connected(Kind::kTcp);
  co_await expect_input(loop, ends);
}
NET_TEST(DescriptorInput, UnixSocket) {
  Ends ends = connected(Kind::kUnix);
  co_await expect_input(loop, ends);
}

// Not its beginning, as if that were all.
NET_TEST(DescriptorInput, MessageLongerThanTheBufferIsAnError) {
  int ends[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  const Fd near(ends[0]);
  const Fd far(ends[1]);
  const Standing standing(STDIN_FILENO, near);
  Descriptor in = Descriptor::standard_input(loop);
  send(far, std::string(100, 'a'));
  send(far, std::string(101, 'b'));
  EXPECT_EQ(read_now(in).data, std::string(100, 'a'));
  EXPECT_EQ(read_now(in).error, Error(UV_EMSGSIZE));
  co_return;
}

Task<> expect_next(Descriptor& in, std::string_view expected) {
  std::array<char, 100> buffer{};
  Result<std::size_t> n = co_await read(in, buffer);
  REQUIRE(n);
  EXPECT_EQ(std::string(buffer.data(), *n), expected);
}

NET_TEST(DescriptorInput, FileIsReadFromWhereItStands) {
  const TempDir dir;
  const Fd file(open(dir.file("data").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  send(file, "skipped,taken");
  lseek(file.get(), 8, SEEK_SET);
  const Standing standing(STDIN_FILENO, file);
  Descriptor in = Descriptor::standard_input(loop);
  EXPECT_TRUE(in.has_input());
  co_await expect_next(in, "taken");
  co_await expect_next(in, "");
  EXPECT_EQ(lseek(file.get(), 0, SEEK_CUR), 13) << "the offset is shared";
}

NET_TEST(DescriptorInput, DevNullIsAtItsEnd) {
  const Fd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Standing standing(STDIN_FILENO, null);
  Descriptor in = Descriptor::standard_input(loop);
  co_await expect_next(in, "");
}

NET_TEST(DescriptorInput, DirectoryIsAnError) {
  const Fd directory(open("/", O_RDONLY | O_CLOEXEC));
  const Standing standing(STDIN_FILENO, directory);
  Descriptor in = Descriptor::standard_input(loop);
  std::array<char, 100> buffer{};
  Result<std::size_t> n = co_await read(in, buffer);
  EXPECT_EQ(n.error(), Error(UV_EISDIR));
}

Task<> read_one(Descriptor& in, Error& error) {
  std::array<char, 100> buffer{};
  Result<std::size_t> n = co_await read(in, buffer);
  error = n.error();
}

NET_TEST(DescriptorInput, CancelEndsTheRead) {
  Ends ends = pipe_ends();
  const Standing standing(STDIN_FILENO, ends.near);
  Descriptor in = Descriptor::standard_input(loop);
  Error error;
  WaitGroup group;
  group.go(read_one(in, error));
  in.cancel();
  co_await group.wait();
  EXPECT_EQ(error, Error(UV_ECANCELED));
}

// ---- terminals ----

struct Terminal {
  Terminal() : master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    EXPECT_EQ(grantpt(master.get()), 0);
    EXPECT_EQ(unlockpt(master.get()), 0);
    slave.reset(open(ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    termios modes{};
    tcgetattr(slave.get(), &modes);
    modes.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    modes.c_oflag &= ~static_cast<tcflag_t>(OPOST);
    tcsetattr(slave.get(), TCSANOW, &modes);
  }
  Fd master, slave;
};

NET_TEST(DescriptorTerminal, IsReadAndWrittenAndLeftAsItWas) {
  const Terminal terminal;
  const int flags = status_flags(terminal.slave.get());
  const Standing input(STDIN_FILENO, terminal.slave), output(STDOUT_FILENO, terminal.slave);
  Descriptor in = Descriptor::standard_input(loop), out = Descriptor::standard_output(loop);
  EXPECT_TRUE(in.is_terminal());
  EXPECT_EQ(read_now(in).error, kNothing);
  send(terminal.master, "half a ");
  EXPECT_EQ(read_now(in).error, kNothing) << "a terminal gives lines";
  send(terminal.master, "line\n");
  co_await expect_next(in, "half a line\n");
  Error e = co_await write(out, "answer");
  EXPECT_FALSE(e);
  EXPECT_EQ(receive(terminal.master, 6), "answer");
  send(terminal.master, "\x04");  // ^D
  co_await expect_next(in, "");
  EXPECT_EQ(status_flags(terminal.slave.get()), flags);
}

// ---- output ----

Task<> write_all(Descriptor& to, std::string_view data, Error& error) {
  Error e = co_await write(to, data);
  error = e;
}

Task<> drain(Loop& loop, const Fd& from, std::size_t bytes, std::string& got) {
  fcntl(from.get(), F_SETFL, O_NONBLOCK);
  std::array<char, 5000> buffer{};
  while (got.size() < bytes) {
    const ssize_t n = ::read(from.get(), buffer.data(), buffer.size());
    if (n > 0) got.append(buffer.data(), static_cast<std::size_t>(n));
    if (n == 0) co_return;
    co_await next_round(loop);
  }
}

// More than it holds reaches a slow reader; the reader's leaving is noticed.
Task<> expect_output(Loop& loop, Ends& ends) {
  const std::string data = pattern(1'500'000);
  const int flags = status_flags(ends.far.get());
  const Standing standing(STDOUT_FILENO, ends.far);
  Descriptor out = Descriptor::standard_output(loop);
  std::string got;
  Error written;
  WaitGroup group;
  group.go(write_all(out, data, written));
  EXPECT_EQ(group.count(), 1U) << "all of it fits in";
  co_await drain(loop, ends.near, data.size(), got);
  co_await group.wait();
  EXPECT_FALSE(written);
  EXPECT_TRUE(got == data);
  EXPECT_EQ(status_flags(ends.far.get()), flags);
  ends.near.reset();
  Error e;
  for (int i = 0; i < 1000 && !e; ++i) {
    e = co_await write(out, "x");
    co_await next_round(loop);
  }
  EXPECT_TRUE(e == Error(UV_EPIPE) || e == Error(UV_ECONNRESET)) << e.message();
  e = co_await out.hangup();
  EXPECT_FALSE(e);
}

NET_TEST(DescriptorOutput, Pipe) {
  Ends ends = pipe_ends();
  co_await expect_output(loop, ends);
}
NET_TEST(DescriptorOutput, NonblockingPipe) {
  Ends ends = pipe_ends();
  fcntl(ends.far.get(), F_SETFL, O_NONBLOCK);
  co_await expect_output(loop, ends);
}
NET_TEST(DescriptorOutput, TcpSocket) {
  Ends ends = connected(Kind::kTcp);
  narrow(ends.near.get());
  narrow(ends.far.get());
  co_await expect_output(loop, ends);
}
NET_TEST(DescriptorOutput, UnixSocket) {
  Ends ends = connected(Kind::kUnix);
  co_await expect_output(loop, ends);
}

NET_TEST(DescriptorOutput, PipeTakesWhatFits) {
  Ends ends = pipe_ends();
  const Standing standing(STDOUT_FILENO, ends.far);
  Descriptor out = Descriptor::standard_output(loop);
  const std::string data = pattern(1'000'000);
  const auto taken = out.try_write(data);
  REQUIRE(taken);
  EXPECT_GT(*taken, 0U);
  EXPECT_LT(*taken, data.size());
  EXPECT_EQ(out.try_write(data).error(), kNothing);
  EXPECT_TRUE(receive(ends.near, *taken) == data.substr(0, *taken));
  co_return;
}

NET_TEST(DescriptorOutput, FileIsAppendedToWhereItStands) {
  const TempDir dir;
  const Fd file(open(dir.file("data").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  send(file, "before,");
  const Standing standing(STDOUT_FILENO, file);
  Descriptor out = Descriptor::standard_output(loop);
  Error e = co_await write(out, "after");
  EXPECT_FALSE(e);
  lseek(file.get(), 0, SEEK_SET);
  EXPECT_EQ(receive_all(file), "before,after");
}

NET_TEST(DescriptorOutput, DevNullTakesAllAtOnce) {
  const Fd null(open("/dev/null", O_WRONLY | O_CLOEXEC));
  const Standing standing(STDOUT_FILENO, null);
  Descriptor out = Descriptor::standard_output(loop);
  const std::string data = pattern(1'000'000);
  const Result<std::size_t> n = out.try_write(data);
  REQUIRE(n);
  EXPECT_EQ(*n, data.size());
}

NET_TEST(DescriptorInput, DevZeroFillsTheBuffer) {
  const Fd zero(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  const Standing standing(STDIN_FILENO, zero);
  Descriptor in = Descriptor::standard_input(loop);
  std::string buffer(100'000, 'x');
  Result<std::size_t> n = co_await read(in, buffer);
  REQUIRE(n);
  EXPECT_EQ(buffer, std::string(*n, '\0'));
}

NET_TEST(DescriptorOutput, DevFullIsFull) {
  const Fd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  const Standing standing(STDOUT_FILENO, full);
  Descriptor out = Descriptor::standard_output(loop);
  Error e = co_await write(out, "x");
  EXPECT_EQ(e, Error(UV_ENOSPC));
}

// ---- closed ones ----

Task<int> use_closed(Loop& loop) {
  Descriptor in = Descriptor::standard_input(loop), out = Descriptor::standard_output(loop);
  std::array<char, 100> buffer{};
  Result<std::size_t> n = co_await read(in, buffer);
  if (!n || *n != 0) co_return 1;
  Error e = co_await write(out, "x");
  co_return e == Error(UV_EBADF) ? 0 : 2;
}

[[noreturn]] void exit_with_use_closed() {
  close(STDIN_FILENO);
  close(STDOUT_FILENO);
  hold_standard_descriptors();
  const Fd next(open("/dev/null", O_RDONLY));
  int status = next.get() > STDERR_FILENO ? 0 : 3;
  Loop loop;
  if (status == 0) status = loop.run(use_closed(loop));
  std::_Exit(status);
}

TEST(DescriptorDeathTest, ClosedInputIsAtItsEndAndClosedOutputTakesNothing) {
  EXPECT_EXIT(exit_with_use_closed(), testing::ExitedWithCode(0), "");
}

// ---- a socket of ours ----

NET_TEST(DescriptorSocket, ReadsWritesAndHalfCloses) {
  Ends ends = connected(Kind::kTcp);
  const Fd& peer = ends.far;
  Descriptor conn(loop, std::move(ends.near));
  EXPECT_FALSE(conn.is_terminal());
  EXPECT_EQ(read_now(conn).error, kNothing);
  Error e = co_await write(conn, "hello");
  EXPECT_FALSE(e);
  e = conn.shutdown();
  EXPECT_FALSE(e);
  EXPECT_EQ(receive_all(peer), "hello");
  send(peer, "late");
  co_await expect_next(conn, "late");
  e = co_await write(conn, "too late");
  EXPECT_EQ(e, Error(UV_EPIPE));
  reset(ends.far);
  std::array<char, 100> buffer{};
  Result<std::size_t> n = co_await read(conn, buffer);
  EXPECT_EQ(n.error(), Error(UV_ECONNRESET));
  e = co_await conn.hangup();
  EXPECT_FALSE(e);
}

}  // namespace
}  // namespace net
