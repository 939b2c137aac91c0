// What netcat -e counts on a connection that its program uses.
#include <thread>

#include "net_test.h"
#include "tools/netcat/program/connection.h"

namespace netcat {
namespace {

TEST(NetcatConnection, EachByteIsCountedOnceThoughItArrivesMeanwhile) {
  constexpr std::size_t kBytes = 100;
  for (int i = 0; i < 100; ++i) {
    net::Ends ends = net::connected(net::Kind::kTcp);
    std::thread client([&ends] {
      for (std::size_t sent = 0; sent < kBytes; ++sent) net::send(ends.far, "x");
      net::half_close(ends.far);
    });
    EXPECT_EQ(net::receive(ends.near, 1), "x");
    const ConnectionLook look(ends.near.get());
    client.join();
    EXPECT_EQ(net::receive_all(ends.near).size(), kBytes - 1);
    ASSERT_EQ(look.received(), kBytes - 1) << "in round " << i;
  }
}

}  // namespace
}  // namespace netcat
