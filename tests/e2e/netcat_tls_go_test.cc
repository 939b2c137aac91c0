// netcat --tls and Go's crypto/tls (tls_end.go), which half-closes and answers late as netcat does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "session.h"
#include "tls_peer.h"

namespace e2e {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

// The parameter: the newest version of TLS that Go offers.
class NetcatTlsGo : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (access(TLS_END, X_OK) != 0) GTEST_SKIP() << "go is not installed (golang-go)";
  }

  Words argv(const std::string& what, const Words& options) const {
    return with({TLS_END, what, "-max", GetParam()}, options);
  }
  // Go listens and netcat has connected to it.
  void listen(const Words& gos, const Words& netcats = {}) {
    go_ = std::make_unique<Process>(argv("listen", with({"-cert", pki("good.pem")}, gos)),
                                    all_pipes());
    const std::string port = go_->out.line();
    own_ =
        std::make_unique<Process>(netcat_argv(trusting(netcats), {"127.0.0.1", port}), all_pipes());
    netcat_ = own_.get();
  }
  // netcat listens and Go has connected to it.
  void connect(const Words& gos, const Words& netcats = {}) {
    listening_ = std::make_unique<Listening>(
        with({"--half-open", "--tls", "--tls-cert", pki("good.pem")}, netcats));
    netcat_ = &listening_->netcat;
    go_ = std::make_unique<Process>(
        argv("connect", with({"-ca", pki("ca.pem"), "-address",
                              "127.0.0.1:" + std::to_string(listening_->port)},
                             gos)),
        all_pipes());
  }

  TempDir dir_;
  std::unique_ptr<Process> go_;
  std::unique_ptr<Process> own_;
  std::unique_ptr<Listening> listening_;
  Process* netcat_ = nullptr;
};
INSTANTIATE_TEST_SUITE_P(Versions, NetcatTlsGo, testing::Values("1.2", "1.3"),
                         [](const auto& version) {
                           return std::string(version.param == std::string("1.2") ? "Tls12"
                                                                                  : "Tls13");
                         });

// Both have half-closed in turn, and nothing is lost.
void answer_late(Process& first, Process& second) {
  first.in.send("question\n");
  first.in.close();
  EXPECT_EQ(second.out.rest(), "question\n");
  EXPECT_TRUE(first.lives_for(kSilence));
  second.in.send("late answer\n");
  second.in.close();
  for (Process* each : {&first, &second}) {
    const Outcome end = finish(*each);
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_EQ(end.out, each == &first ? "late answer\n" : "");
  }
}

TEST_P(NetcatTlsGo, AnswersLate) {
  listen({});
  answer_late(*netcat_, *go_);
}

TEST_P(NetcatTlsGo, IsAnsweredLate) {
  listen({}, {"--half-open"});
  answer_late(*go_, *netcat_);
}

TEST_P(NetcatTlsGo, AnswersLateAsAClient) {
  connect({});
  answer_late(*netcat_, *go_);
}

TEST_P(NetcatTlsGo, IsAnsweredLateAsAClient) {
  connect({});
  answer_late(*go_, *netcat_);
}

TEST_P(NetcatTlsGo, ItsTruncationIsALoss) {
  for (const bool listens : {true, false}) {
    listens ? listen({"-truncate"}) : connect({"-truncate"});
    go_->in.send("not all of it");
    EXPECT_EQ(netcat_->out.take(13), "not all of it");
    go_->in.close();
    const Outcome end = finish(*netcat_);
    EXPECT_EQ(end.status, 1);
    EXPECT_THAT(end.err, HasSubstr("ended without TLS's close_notify"));
  }
}

TEST_P(NetcatTlsGo, OurDeathIsALossForIt) {
  for (const bool listens : {true, false}) {
    listens ? listen({}) : connect({});
    netcat_->in.send("not all of it");
    EXPECT_EQ(go_->out.take(13), "not all of it");
    netcat_->signal(SIGKILL);
    go_->in.close();
    const Outcome end = finish(*go_);
    EXPECT_EQ(end.status, 1);
    EXPECT_THAT(end.err, AnyOf(HasSubstr("unexpected EOF"), HasSubstr("reset by peer"),
                               HasSubstr("broken pipe")));
  }
}

TEST_P(NetcatTlsGo, MovesMuchBothWays) {
  const std::string data = noise(3'000'000);
  const std::string in = dir_.file("in", data);
  go_ = std::make_unique<Process>(argv("listen", {"-cert", pki("good.pem")}),
                                  Spawn{.in = Stdio::file(in)});
  const std::string port = go_->out.line();
  Process netcat(netcat_argv(trusting(), {"127.0.0.1", port}),
                 {.in = Stdio::file(in), .out = Stdio::file(dir_.path("out"))});
  EXPECT_TRUE(go_->out.rest() == data);
  EXPECT_EQ(go_->wait(), 0);
  EXPECT_EQ(finish(netcat).status, 0);
  EXPECT_TRUE(read_file(dir_.path("out")) == data);
}

TEST_P(NetcatTlsGo, RequiresOurCertificate) {
  listen({"-ca", pki("ca.pem")}, {"--tls-cert", pki("client.pem")});
  answer_late(*netcat_, *go_);
  listen({"-ca", pki("ca.pem")});
  const Outcome end = finish(*netcat_);
  EXPECT_EQ(end.status, 10);
  EXPECT_THAT(end.err, HasSubstr("handshake refused by the peer: "));
  EXPECT_EQ(finish(*go_).status, 1);
}

TEST_P(NetcatTlsGo, HasACertificateToo) {
  connect({"-cert", pki("client.pem")}, {"--tls-ca", pki("ca.pem")});
  answer_late(*go_, *netcat_);
  connect({}, {"--tls-ca", pki("ca.pem")});
  go_->in.close();
  EXPECT_EQ(finish(*go_).status, 1);
  EXPECT_THAT(netcat_->err.line(), HasSubstr("sent no certificate"));
  EXPECT_TRUE(netcat_->lives_for(kSilence));
}

}  // namespace
}  // namespace e2e
