// Look-ups: names into addresses and back, beside the loop.
#include "common/net/lookup.h"

#include <dlfcn.h>
#include <netdb.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "net_test.h"

static std::atomic<bool> resolver_hangs{false};

// Replaces the C library's, so that no test depends on a name server.
extern "C" int getnameinfo(const sockaddr* address, socklen_t size, char* host, socklen_t host_size,
                           char* service, socklen_t service_size, int flags) {
  static const auto real =
      reinterpret_cast<decltype(&getnameinfo)>(dlsym(RTLD_NEXT, "getnameinfo"));
  if ((flags & NI_NUMERICHOST) != 0)
    return real(address, size, host, host_size, service, service_size, flags);
  resolver_hangs.wait(true);
  std::snprintf(host, host_size, "name.example");
  return 0;
}

namespace net {
namespace {

NET_TEST(Lookup, KeepsToTheFamily) {
  const Deadline deadline(kForever);
  const auto v4 = co_await lookup(loop, "localhost", 80, AF_INET, false, deadline);
  REQUIRE(v4 && v4->size() == 1);
  EXPECT_EQ(v4->front().to_string(), "127.0.0.1:80");
  const auto none = co_await lookup(loop, "127.1", 80, AF_INET6, false, deadline);
  EXPECT_TRUE(none.error());
}

NET_TEST(Lookup, UnknownInterfaceIsAnError) {
  const Deadline deadline(kForever);
  const auto found = co_await lookup(loop, "::1%typo", 80, AF_UNSPEC, false, deadline);
  EXPECT_EQ(found.error(), Error(UV_ENODEV));
}

NET_TEST(Lookup, WithoutDescriptorsIsNotAnUnknownName) {
  co_await next_round(loop);
  std::vector<Fd> all;
  for (;;) {
    all.emplace_back(dup(STDIN_FILENO));
    if (!all.back()) break;
  }
  const Deadline deadline(kForever);
  const auto found = co_await lookup(loop, "nosuch.invalid", 80, AF_UNSPEC, false, deadline);
  EXPECT_EQ(found.error(), Error(UV_EMFILE));
}

NET_TEST(Lookup, NameOfAnAddress) {
  const SockAddr local = *SockAddr::numeric("127.0.0.1", 80);
  const std::string name = co_await reverse_lookup(loop, local, kPatience);
  EXPECT_EQ(name, "name.example");
}

struct HangingResolver {
  HangingResolver() { resolver_hangs = true; }
  ~HangingResolver() {
    resolver_hangs = false;
    resolver_hangs.notify_all();
  }
};

NET_TEST(Lookup, NameOfAnAddressIsGivenUp) {
  const HangingResolver hanging;
  const SockAddr documentation = *SockAddr::numeric("192.0.2.1", 80);
  const std::string name = co_await reverse_lookup(loop, documentation, Millis(10));
  EXPECT_EQ(name, "");
}

std::ptrdiff_t threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

// The answer of a question that is not waited for any more finds no loop; more questions than there
// are threads for are not asked.
NET_TEST(Lookup, ManyAtATimeAreBounded) {
  const SockAddr documentation = *SockAddr::numeric("192.0.2.1", 80);
  const HangingResolver hanging;
  std::ptrdiff_t with_one = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string name = co_await reverse_lookup(loop, documentation, Millis(0));
    EXPECT_EQ(name, "");
    if (i == 0) with_one = threads();  // one of them may be a sanitizer's, which starts it now
  }
  EXPECT_LE(threads(), with_one + 15);
}

}  // namespace
}  // namespace net
