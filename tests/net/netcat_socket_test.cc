// netcat's channel for a socket.
#include "tools/netcat/channel/socket.h"

#include "net_test.h"

namespace netcat {
namespace {

using net::Error;
using net::Loop;
using net::Task;

// --reconnect sends again what was not acknowledged: not a byte less.
NET_TEST(NetcatSocket, AFinThatCouldNotBeSentIsNotCounted) {
  net::Ends ends = net::connected(net::Kind::kTcp);
  Socket socket(loop, std::move(ends.near));
  ends.far.reset();
  REQUIRE(socket.try_write("abc"));  // answered by a reset, at once
  EXPECT_EQ(socket.finish(), Error(UV_ECONNRESET));
  EXPECT_EQ(socket.unacknowledged(), 3U);
  co_return;
}

// The kernel tells a reset once.  A reader that comes after the writer would read an orderly end.
NET_TEST(NetcatSocket, AResetThatAWriteWasToldOfIsNoEnd) {
  net::Ends ends = net::connected(net::Kind::kTcp);
  Socket socket(loop, std::move(ends.near));
  net::send(ends.far, "so far");
  net::reset(ends.far);
  EXPECT_EQ(socket.try_write("abc").error(), Error(UV_ECONNRESET));
  char buffer[16];
  const net::Result<std::size_t> n = socket.try_read(buffer);
  EXPECT_TRUE(n && *n == 6);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(socket.try_read(buffer).error(), Error(UV_ECONNRESET));
  co_return;
}

}  // namespace
}  // namespace netcat
