// counterd's sandbox with a store in Redis: connections, and what it takes to look up names.
#include <gmock/gmock.h>

#include <cerrno>

#include "redis_server.h"
#include "sandbox.h"
#include "web.h"

namespace e2e {
namespace {

using CounterdRedisSandbox = Sandboxed;

TEST_F(CounterdRedisSandbox, ChangesNoFilesAndRunsNoPrograms) {
  const RedisServer redis;
  Daemon daemon("counterd", {"-q", "--drain", "0", "--store", redis.url()}, invaded());
  Attempts expected = all_refused();
  for (const char* needed : {"read", "socket", "UDP", "local socket", "socket pair"})
    expected[needed] = 0;
  expected["connect"] = EBADF;
  EXPECT_EQ(attempts_in(daemon), expected);
  Socket client = daemon.connect();
  (void)read_attempts(client);
  client.send(request("GET /inc?name=x&return=new HTTP/1.1"));
  EXPECT_EQ(next_reply(client).body, "x: 1\n");
}

// The name comes with another /etc/hosts, while counterd runs.
TEST_F(CounterdRedisSandbox, LooksUpNamesAnew) {
  if (shell("unshare -rm mount -t tmpfs none /etc").status != 0)
    GTEST_SKIP() << "no mount in a namespace of one's own";
  const RedisServer redis;
  const std::string script = R"(
    mount -t tmpfs none /etc && echo 'hosts: files' > /etc/nsswitch.conf && > /etc/hosts || exit 1
    coproc counterd -q --print-port --store "redis://redis.test:$1" 127.0.0.1:0
    daemon=$COPROC_PID
    read -r port <&"${COPROC[0]}"
    ask() { curl -s -o /dev/stdout -w ' %{http_code}\n' --noproxy '*' "http://127.0.0.1:$port$1"; }
    ask '/inc?name=x'
    echo '127.0.0.1 redis.test' > /etc/new && mv /etc/new /etc/hosts
    until ask /readyz | grep -q 200; do sleep 0.05; done
    ask '/inc?name=x&return=new'
    kill $daemon && wait $daemon)";
  const Outcome outcome = shell("exec unshare -rm bash " + dir_.file("script", script) + " " +
                                std::to_string(redis.port()));
  EXPECT_THAT(outcome.out, testing::MatchesRegex("[^\n]*\n 503\nx: 1\n 200\n")) << outcome.err;
}

}  // namespace
}  // namespace e2e
