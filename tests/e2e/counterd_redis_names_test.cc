// counterd and a Redis whose name no server resolves: in a network of the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "netns.h"

namespace e2e {
namespace {

// No question reaches the name server, so the resolver waits for 30 seconds.
constexpr const char* kScript = R"sh(
cd "$(dirname "$HOSTS")"
printf 'nameserver 127.0.0.1\noptions timeout:30 attempts:1\n' > resolv.conf
echo 'hosts: files dns' > nsswitch.conf
mount --bind resolv.conf /etc/resolv.conf
mount --bind nsswitch.conf /etc/nsswitch.conf
nft add rule inet test in udp dport 53 counter drop
mkfifo port
counterd -q --threads 2 --store redis://redis.example --print-port 127.0.0.1:0 > port & counterd=$!
read -r port < port
ask() { curl -s -m 15 -o /dev/null -w '%{http_code}\n' "127.0.0.1:$port/$1"; }
ask livez
for i in {1..30}; do ask "inc?name=x" & clients+=($!); done
wait "${clients[@]}"
ask livez
curl -s -m 15 "127.0.0.1:$port/inc?name=x" | sed 's/.*: cannot/cannot/'
[ "$(dropped)" -gt 0 ] && echo asked
kill $counterd
wait $counterd
echo "status $?"
)sh";

TEST(CounterdRedisNames, ADeadNameServerHoldsNothingUp) {
  const std::string reason = why_no_namespaces();
  if (!reason.empty()) GTEST_SKIP() << reason;
  const Outcome end = in_namespace(kScript);
  std::string expected = "200\n";
  for (int i = 0; i < 30; ++i) expected += "503\n";
  expected += "200\ncannot resolve the name: connection timed out\nasked\nstatus 0\n";
  EXPECT_EQ(end.out, expected) << end.err;
}

}  // namespace
}  // namespace e2e
