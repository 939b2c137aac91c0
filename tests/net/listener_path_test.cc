// Listener: Unix paths, and what becomes of them.
#include <algorithm>
#include <fstream>
#include <thread>
#include <vector>

#include "listener_test.h"

namespace net {
namespace {

// A path that another server has left behind.
SockAddr stale_path(const TempDir& dir) {
  const SockAddr address = *SockAddr::unix_path(dir.file("socket"));
  const Fd gone = unix_socket();
  EXPECT_EQ(bind(gone.get(), address.get(), address.size()), 0);
  EXPECT_TRUE(exists(address.host()));
  return address;
}

NET_TEST(Listener, RemovesItsOwnPath) {
  const TempDir dir;
  const std::string path = dir.file("socket");
  Result<Listener> listener = listen_on(loop, *SockAddr::unix_path(path));
  REQUIRE(listener);
  EXPECT_TRUE(exists(path));
  EXPECT_EQ(listener->address().to_string(), "unix:" + path);
  {
    const Listener moved(std::move(*listener));
    EXPECT_TRUE(exists(path));
  }
  EXPECT_FALSE(exists(path));
}

NET_TEST(Listener, LeavesAnothersPathAlone) {
  const TempDir dir;
  const SockAddr address = *SockAddr::unix_path(dir.file("socket"));
  Result<Listener> listener = listen_on(loop, address);
  REQUIRE(listener);
  EXPECT_EQ(rename(address.host().c_str(), dir.file("moved").c_str()), 0);
  const Fd others = unix_socket();
  EXPECT_EQ(bind(others.get(), address.get(), address.size()), 0);
  listener->close();
  EXPECT_TRUE(exists(address.host()));
  EXPECT_TRUE(exists(dir.file("moved")));
}

NET_TEST(Listener, ReplacesAStalePath) {
  const TempDir dir;
  const SockAddr address = stale_path(dir);
  Result<Listener> listener = listen_on(loop, address);
  REQUIRE(listener);
  const Fd client = unix_socket();
  EXPECT_TRUE(connects(client, address));
}

// Servers that start at the same time find the same stale path: one gets it, and keeps it.
NET_TEST(Listener, OneOfManyGetsAStalePath) {
  for (int round = 0; round < 50; ++round) {
    const TempDir dir;
    const SockAddr address = stale_path(dir);
    std::vector<Fd> sockets(4);
    std::vector<std::thread> servers;
    for (Fd& socket : sockets)
      servers.emplace_back([&socket, &address] {
        Result<Fd> bound = bind_socket(address, {});
        if (bound) socket = std::move(*bound);
      });
    for (std::thread& server : servers) server.join();
    EXPECT_EQ(std::ranges::count_if(sockets, &Fd::operator bool), 1);
    const Fd client = unix_socket();
    EXPECT_TRUE(connects(client, address));
  }
  co_return;
}

NET_TEST(Listener, PathHasTheModeThatWasAskedFor) {
  for (const mode_t mode : {0600U, 0660U, 0666U, 0777U}) {
    const TempDir dir;
    const SockAddr address = *SockAddr::unix_path(dir.file("socket"));
    const auto socket = bind_socket(address, {.socket_mode = static_cast<int>(mode)});
    struct stat status = {};
    EXPECT_TRUE(socket);
    EXPECT_EQ(stat(address.host().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, mode);
  }
  co_return;
}

NET_TEST(Listener, RefusesALivePath) {
  const TempDir dir;
  const SockAddr address = *SockAddr::unix_path(dir.file("socket"));
  Result<Listener> listener = listen_on(loop, address);
  REQUIRE(listener);
  EXPECT_EQ(listen_on(loop, address).error(), Error(UV_EADDRINUSE));
  const Fd client = unix_socket();
  EXPECT_TRUE(connects(client, address)) << "it still serves its path";
}

NET_TEST(Listener, RefusesALivePathWhoseQueueIsFull) {
  const TempDir dir;
  const SockAddr address = *SockAddr::unix_path(dir.file("socket"));
  const Fd busy = unix_socket();
  EXPECT_EQ(bind(busy.get(), address.get(), address.size()), 0);
  EXPECT_EQ(::listen(busy.get(), 0), 0);
  const Fd waiting = unix_socket();
  EXPECT_TRUE(connects(waiting, address));
  EXPECT_EQ(listen_on(loop, address).error(), Error(UV_EADDRINUSE));
  EXPECT_TRUE(exists(address.host()));
  co_return;
}

NET_TEST(Listener, RefusesAPathThatIsNoSocket) {
  const TempDir dir;
  const std::string path = dir.file("precious");
  std::ofstream(path) << "data";
  EXPECT_EQ(listen_on(loop, *SockAddr::unix_path(path)).error(), Error(UV_EADDRINUSE));
  std::string word;
  std::ifstream(path) >> word;
  EXPECT_EQ(word, "data");
  co_return;
}

NET_TEST(Listener, SaysWhenThereIsNoSuchDirectory) {
  const TempDir dir;
  const SockAddr address = *SockAddr::unix_path(dir.file("nowhere/socket"));
  EXPECT_EQ(listen_on(loop, address).error(), Error(UV_ENOENT));
  co_return;
}

}  // namespace
}  // namespace net
