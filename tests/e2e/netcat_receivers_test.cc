// Whole transfers between netcat and the netcats of others: whatever a receiver's standard input
// is, and however long the sender pauses, everything arrives and both exit with status 0.
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "session.h"

namespace e2e {
namespace {

// A command line; PORT stands for the port.
struct Command {
  std::string name;
  std::string program;  // without which the test is skipped
  std::string line;
};

void PrintTo(const Command& command, std::ostream* out) { *out << command.name; }

std::string on_port(std::string line, int port) {
  return line.replace(line.find("PORT"), 4, std::to_string(port));
}

// What the sender's producer writes, and how long it pauses before each of the pieces.
constexpr int kPieces = 3;

std::string produce(const std::string& piece, const std::string& pause) {
  std::string script;
  for (int i = 0; i < kPieces; ++i) script += "sleep " + pause + "; cat " + piece + "; ";
  return script;
}

Spawn receiver_spawn(const std::string& input, const std::string& output) {
  const Stdio in = input == "Null"     ? Stdio::null()
                   : input == "Closed" ? Stdio::closed()
                                       : Stdio::pipe();
  return {.in = in, .out = Stdio::file(output)};
}

// One transfer, under way from the start.
class Transfer {
 public:
  Transfer(const Command& receiver, const std::string& input, const Command& sender,
           const std::string& pause)
      : port_(free_port()),
        piece_(noise(100'000)),
        receiver_({"bash", "-c", "exec " + on_port(receiver.line, port_)},
                  receiver_spawn(input, dir_.path("got"))) {
    wait_until("the receiver listens", [&] { return is_listened_on(port_); });
    const std::string producer = produce(dir_.file("piece", piece_), pause);
    sender_ = std::make_unique<Process>(std::vector<std::string>{
        "bash", "-c",
        "{ " + producer + "} | " + on_port(sender.line, port_) + "; exit ${PIPESTATUS[1]}"});
  }

  void expect_complete() {
    std::string sent;
    for (int i = 0; i < kPieces; ++i) sent += piece_;
    EXPECT_EQ(sender_->wait(), 0) << sender_->err.available();
    EXPECT_EQ(receiver_.wait(), 0) << receiver_.err.available();
    EXPECT_TRUE(read_file(dir_.path("got")) == sent) << read_file(dir_.path("got")).size();
  }

 private:
  TempDir dir_;
  int port_;
  std::string piece_;
  Process receiver_;
  std::unique_ptr<Process> sender_;
};

const Command kOurReceiver{"Ours", "netcat", "netcat -l 127.0.0.1 PORT"};
const Command kOurSender{"Ours", "netcat", "netcat 127.0.0.1 PORT"};

const std::vector<Command> kReceivers{
    kOurReceiver,
    {"OpenBsd", "nc.openbsd", "nc.openbsd -l 127.0.0.1 PORT"},
    {"OpenBsdN", "nc.openbsd", "nc.openbsd -N -l 127.0.0.1 PORT"},
    {"Ncat", "ncat", "ncat -l 127.0.0.1 PORT"},
    {"Traditional", "nc.traditional", "nc.traditional -l -s 127.0.0.1 -p PORT"}};

// Those that half-close or leave at the end of their input.
const std::vector<Command> kSenders{
    {"OpenBsdN", "nc.openbsd", "nc.openbsd -N 127.0.0.1 PORT"},
    {"OpenBsdQ0", "nc.openbsd", "nc.openbsd -q0 127.0.0.1 PORT"},
    {"Ncat", "ncat", "ncat 127.0.0.1 PORT"},
    {"NcatSendOnly", "ncat", "ncat --send-only 127.0.0.1 PORT"},
    {"TraditionalQ0", "nc.traditional", "nc.traditional -q0 127.0.0.1 PORT"}};

const auto kInputs = testing::Values("Null", "Closed", "Idle");

using Pair = std::tuple<Command, std::string>;

std::string pair_name_of(const testing::TestParamInfo<Pair>& info) {
  return std::get<0>(info.param).name + std::get<1>(info.param);
}

void expect_complete_with_all_pauses(const Command& receiver, const std::string& input,
                                     const Command& sender) {
  std::vector<std::unique_ptr<Transfer>> transfers;
  for (const char* pause : {"0", "0.5", "2"})
    transfers.push_back(std::make_unique<Transfer>(receiver, input, sender, pause));
  for (const auto& transfer : transfers) transfer->expect_complete();
}

class NetcatReceiver : public testing::TestWithParam<Pair> {};

TEST_P(NetcatReceiver, HasAllThatOurSenderSent) {
  const auto& [receiver, input] = GetParam();
  if (!installed(receiver.program)) GTEST_SKIP() << receiver.program << " is not installed";
  expect_complete_with_all_pauses(receiver, input, kOurSender);
}

INSTANTIATE_TEST_SUITE_P(Kinds, NetcatReceiver,
                         testing::Combine(testing::ValuesIn(kReceivers), kInputs), pair_name_of);

class NetcatSender : public testing::TestWithParam<Pair> {};

TEST_P(NetcatSender, ReachesOurReceiverWhole) {
  const auto& [sender, input] = GetParam();
  if (!installed(sender.program)) GTEST_SKIP() << sender.program << " is not installed";
  expect_complete_with_all_pauses(kOurReceiver, input, sender);
}

INSTANTIATE_TEST_SUITE_P(Kinds, NetcatSender,
                         testing::Combine(testing::ValuesIn(kSenders), kInputs), pair_name_of);

TEST(NetcatTransfer, OutlastsALongPause) {
  Transfer(kOurReceiver, "Null", kOurSender, "5").expect_complete();
}

TEST(NetcatTransfer, ToABackgroundReceiverOfManyIsWhole) {
  const TempDir dir;
  Listening s({"-k"}, {.in = Stdio::null()});
  const std::string connect = "netcat 127.0.0.1 " + std::to_string(s.port);
  Process log({"bash", "-c", "(echo a; sleep 1; echo b; sleep 1; echo c) | " + connect});
  for (const char* line : {"a", "b", "c"}) EXPECT_EQ(s.netcat.out.line(), line);
  EXPECT_EQ(log.wait(), 0);
}

TEST(NetcatTransfer, FromAListenerToAReceiverThatConnects) {
  for (const std::string options : {"", "-d"}) {
    const TempDir dir;
    const std::string data = noise(3 << 20);
    Listening s({}, {.in = Stdio::file(dir.file("data", data))});
    const auto end =
        shell("netcat " + options + " 127.0.0.1 " + std::to_string(s.port) + " </dev/null");
    EXPECT_EQ(end.status, 0);
    EXPECT_TRUE(end.out == data) << end.out.size();
    EXPECT_EQ(s.netcat.wait(), 0);
  }
}

}  // namespace
}  // namespace e2e
