// netcat and names with several addresses, some of them dead: in a network of the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "netns.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class NetcatNames : public testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = why_no_namespaces();
    if (!reason.empty()) GTEST_SKIP() << reason;
  }
};

// `serve ADDRESS` starts reverbd and puts its port into $port; `timed COMMAND` reports on it.
constexpr const char* kServe = R"sh(
serve() {
  mkfifo ports
  reverbd -q --delay 10ms --print-port "$1" > ports & server=$!
  read -r port < ports
}
timed() {
  local start=${EPOCHREALTIME/./}
  "$@"; local status=$?
  echo "status $status after $(( (${EPOCHREALTIME/./} - start) / 1000 )) ms"
}
cd "$(dirname "$HOSTS")"
)sh";

constexpr const char* kDeadNameServer = R"sh(
ip address add 10.9.8.1/32 dev lo
echo nameserver 10.9.8.1 > resolv.conf
mount --bind resolv.conf /etc/resolv.conf
nft add rule inet test in udp dport 53 counter drop
)sh";

long millis_in(const std::string& text) { return std::stol(text.substr(text.find("after ") + 6)); }

TEST_F(NetcatNames, LocalhostWorksWhenV6IsBlackHoled) {
  const auto end = in_namespace(std::string(kServe) + R"(
    serve localhost:0; drop ::1 $port
    echo hi > in; timed netcat localhost $port < in; dropped; kill $server)");
  EXPECT_THAT(end.out, HasSubstr("\t HI\n\t hi\n\t hi\nstatus 0 after "));
  EXPECT_LT(millis_in(end.out), 60'000) << "it waited for the dead address";  // two minutes
  EXPECT_THAT(end.out, MatchesRegex("(.|\n)* ms\n[1-9][0-9]*\n")) << "::1 was not even tried";
}

TEST_F(NetcatNames, LocalhostWorksWhenV6IsRefused) {
  const auto end = in_namespace(std::string(kServe) + R"(
    serve 127.0.0.1:0
    echo hi > in; netcat localhost $port < in; echo status $?; kill $server)");
  EXPECT_EQ(end.out, "\t HI\n\t hi\n\t hi\nstatus 0\n");
  EXPECT_EQ(end.err, "");
}

TEST_F(NetcatNames, LocalhostWorksWhenV4IsRefused) {
  const auto end = in_namespace(std::string(kServe) + R"(
    serve '[::1]:0'
    echo hi > in; netcat localhost $port < in; echo status $?; kill $server)");
  EXPECT_EQ(end.out, "\t HI\n\t hi\n\t hi\nstatus 0\n");
  EXPECT_EQ(end.err, "");
}

TEST_F(NetcatNames, ADeadNameServerDelaysNoListener) {
  const auto end = in_namespace(std::string(kServe) + kDeadNameServer + R"(
    serve_one() {
      netcat -l -k -v --tls 10.9.8.1 7001 < /dev/null 2> said & server=$!
      until grep -q Listening said; do sleep 0.01; done
      netcat --wait 10.9.8.1 7001 < /dev/null  # which is no handshake
      until grep -q failed said; do sleep 0.01; done
      kill $server; wait $server
    }
    timed serve_one)");
  EXPECT_THAT(end.out, MatchesRegex("status 143 after [0-9]+ ms\n")) << end.err;
  EXPECT_LT(millis_in(end.out), 9'000) << "it waited for a name";  // 10 s for each
}

TEST_F(NetcatNames, AListenerAsksNoNameServerForItsOwnAddress) {
  const auto end = in_namespace(std::string(kServe) + kDeadNameServer + R"(
    for udp in '' -u; do
      netcat -l -k -d -v $udp 10.9.8.1 7001 2> said$udp & server=$!
      until grep '10.9.8.1 7001' ./said$udp; do sleep 0.01; done
      kill $server; wait $server
    done
    nft list ruleset)");
  EXPECT_THAT(end.out, HasSubstr("Listening on 10.9.8.1 7001\nBound on 10.9.8.1 7001\n"))
      << end.err;
  EXPECT_THAT(end.out, HasSubstr("udp dport 53 counter packets 0 "));
}

TEST_F(NetcatNames, TimeoutIsTheTotalOverAllAddresses) {
  const auto end = in_namespace(std::string(kServe) +
                                "drop ::1 9; drop 127.0.0.1 9; timed netcat -w 3 localhost 9");
  EXPECT_THAT(end.out, MatchesRegex("status 5 after [0-9]+ ms\n"));
  EXPECT_GE(millis_in(end.out), 2'900);
  EXPECT_LT(millis_in(end.out), 6'000);
  EXPECT_THAT(end.err, MatchesRegex("netcat: connect to localhost port 9: [^\n]+\n"));
}

TEST_F(NetcatNames, FamilyOptionsChooseAmongTheAddresses) {
  const auto end = in_namespace(std::string(kServe) + R"(
    serve 127.0.0.1:0
    netcat -6 localhost $port </dev/null; echo status $?
    netcat -4 localhost $port </dev/null; echo status $?; kill $server)");
  EXPECT_EQ(end.out, "status 4\nstatus 0\n");
}

TEST_F(NetcatNames, UnreachableNetworkIsStatus6) {
  const auto end = in_namespace("netcat 192.0.2.1 9; echo status $?");
  EXPECT_EQ(end.out, "status 6\n");
  EXPECT_THAT(end.err, MatchesRegex("netcat: connect to 192.0.2.1 port 9: [^\n]+\n"));
}

TEST_F(NetcatNames, ServiceNamesArePorts) {
  const auto end = in_namespace("netcat 127.0.0.1 discard; echo status $?");
  EXPECT_EQ(end.out, "status 4\n");
}

}  // namespace
}  // namespace e2e
