// Every order of up to seven events through netcat's Ending, for each kind of input, against the
// rules as a reader of netcat(1) would check them.
#include <gtest/gtest.h>

#include <string>

#include "tools/netcat/relay/ending.h"

namespace netcat {
namespace {

using net::Error;
using net::Millis;
using Input = Terms::Input;

// M: input is sent; B: it has nothing ready; E: it ends.  m, e: the peer sends, ends.  G: the
// reader of standard output leaves.  S: sending fails.  T: 100 ms pass, everything is acknowledged.
constexpr std::string_view kEvents = "MBEmeGST";
constexpr std::size_t kLongest = 7;

struct Facts {
  bool input_open = true;
  bool blocked = false;
  bool moved = false;
  bool peer_moved = false;
  bool peer_ended = false;
  bool gone = false;
  bool flowed = false;  // the input, when the reader left
  bool send_failed = false;
  int idle_looks = 0;   // since input was sent, or the last reason to leave came
  int quiet_looks = 0;  // since the peer sent anything, or the start
  int since_input = 0;  // looks since input was sent

  // Whether `event` can happen now.
  bool allows(char event) const {
    const bool sends = event == 'M' || event == 'B' || event == 'E';
    if (sends) return input_open && !send_failed && !(event == 'B' && blocked);
    if (event == 'm' || event == 'e') return !peer_ended;
    if (event == 'G') return !gone;
    return event != 'S' || (!send_failed && input_open);
  }
};

class Orders {
 public:
  explicit Orders(const Terms& terms) : terms_(terms) {}
  void try_all() {
    Facts facts;
    facts.input_open = terms_.input != Input::kNone;
    go_on(Ending(terms_, Ending::Time()), facts, Ending::Time(), "");
  }
  std::size_t count() const { return count_; }

 private:
  void go_on(const Ending& ending, const Facts& facts, Ending::Time now, const std::string& order);
  void apply(Ending& ending, Facts& facts, Ending::Time& now, char event) const;
  void check(const std::optional<Verdict>& verdict, const Facts& facts) const;
  bool may_leave(const Facts& facts) const;
  // Whether there is a reason to leave an idle input.
  bool counts(const Facts& facts) const {
    return facts.gone || (facts.peer_ended && facts.peer_moved && !terms_.until_input_ends);
  }

  Terms terms_;
  std::size_t count_ = 0;
};

void Orders::apply(Ending& ending, Facts& facts, Ending::Time& now, char event) const {
  switch (event) {
    case 'M':
      (void)ending.input_blocks(false);
      ending.input_moved(now);
      facts.moved = true;
      facts.blocked = false;
      facts.idle_looks = facts.since_input = 0;
      return;
    case 'B':
      (void)ending.input_blocks(true);
      facts.blocked = true;
      return;
    case 'E':
      (void)ending.input_blocks(false);
      ending.input_ended(now);
      facts.input_open = facts.blocked = false;
      facts.since_input = 0;
      return;
    case 'm':
      ending.peer_moved(now);
      facts.peer_moved = true;
      facts.quiet_looks = 0;
      return;
    case 'e':
      ending.peer_ended(now);
      facts.peer_ended = true;
      return;
    case 'G':
      ending.output_gone(Error(UV_EPIPE), now);
      facts.gone = true;
      facts.flowed = facts.moved && facts.since_input < 3;
      return;
    case 'S':
      ending.send_failed(Error(UV_ECONNRESET));
      facts.send_failed = true;
      return;
    default:
      now += Millis(100);
      (void)ending.looked(false, std::size_t{0}, now, now);
      ++facts.quiet_looks;
      ++facts.since_input;
      if (facts.blocked && counts(facts)) ++facts.idle_looks;
  }
}

// The rules for a connection that has met with no failure.
bool Orders::may_leave(const Facts& facts) const {
  if (!facts.peer_ended && !facts.gone) return false;
  // A peer that may still answer the last input is listened to.
  const bool is_answering = facts.gone && facts.flowed && terms_.input == Input::kStream &&
                            !facts.peer_ended && !facts.send_failed;
  if (is_answering && facts.quiet_looks < 3) return false;
  if (!facts.input_open) return true;
  if (terms_.input == Input::kTerminal) return facts.gone || !terms_.until_input_ends;
  if (!facts.gone && (terms_.until_input_ends || !facts.peer_moved)) return false;
  return facts.blocked && facts.idle_looks >= (facts.moved ? 3 : 5);
}

void Orders::check(const std::optional<Verdict>& verdict, const Facts& facts) const {
  if (facts.send_failed && facts.peer_ended) {
    ASSERT_TRUE(verdict);
    ASSERT_EQ(verdict->reason, Verdict::kLost);
    return;
  }
  if (!verdict) {
    ASSERT_FALSE(may_leave(facts)) << "it stays";
    return;
  }
  ASSERT_EQ(verdict->reason, facts.gone ? Verdict::kOutputGone : Verdict::kComplete);
  ASSERT_FALSE(verdict->resets);
  ASSERT_EQ(verdict->input_open, facts.input_open);
  // Whose reader leaves while the input is idle leaves at once.
  if (!facts.gone || !facts.blocked) {
    ASSERT_TRUE(may_leave(facts)) << "it leaves";
  }
}

void Orders::go_on(const Ending& ending, const Facts& facts, Ending::Time now,
                   const std::string& order) {
  SCOPED_TRACE(order);
  ++count_;
  Ending looking = ending;
  const std::optional<Verdict> verdict = looking.looked(false, std::size_t{0}, now, now);
  check(verdict, facts);
  if (testing::Test::HasFatalFailure() || order.size() == kLongest || verdict) return;
  for (const char event : kEvents) {
    if (!facts.allows(event)) continue;
    Ending next = ending;
    Facts known = facts;
    Ending::Time then = now;
    apply(next, known, then, event);
    go_on(next, known, then, order + event);
    if (testing::Test::HasFatalFailure()) return;
  }
}

class EndingOrders : public testing::TestWithParam<std::pair<Input, bool>> {};

TEST_P(EndingOrders, OfUpToSevenEventsKeepTheRules) {
  Terms terms;
  terms.input = GetParam().first;
  terms.until_input_ends = GetParam().second;
  Orders orders(terms);
  orders.try_all();
  EXPECT_GT(orders.count(), std::size_t{500});
}

// A process that was stopped while it looked has not seen what came meanwhile.
TEST(Ending, ALimitThatExpiresDuringTheLookEndsNothingYet) {
  Terms terms;
  terms.idle = net::Millis(2000);
  const Ending::Time start{};
  Ending ending(terms, start);
  const Ending::Time late = start + net::Millis(6000);
  EXPECT_FALSE(ending.looked(false, std::size_t{0}, start + net::Millis(1999), late));
  const auto verdict = ending.looked(false, std::size_t{0}, late, late);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->reason, Verdict::kIdle);
}

INSTANTIATE_TEST_SUITE_P(Inputs, EndingOrders,
                         testing::Values(std::pair(Input::kStream, false),
                                         std::pair(Input::kStream, true),
                                         std::pair(Input::kTerminal, false),
                                         std::pair(Input::kTerminal, true),
                                         std::pair(Input::kNone, false)),
                         [](const auto& param) { return "n" + std::to_string(param.index); });

}  // namespace
}  // namespace netcat
