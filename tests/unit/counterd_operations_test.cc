// What is remembered of requests with a token, and what a group of commands would change.
#include <gtest/gtest.h>

#include "tools/counterd/transaction.h"

namespace counterd {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{1'795'275'123'456ms};

Command inc(std::string name, std::string op = "") {
  return {.kind = Command::kInc, .name = std::move(name), .value = 1, .op = std::move(op)};
}

TEST(Operation, IsReadAsItIsWritten) {
  Operation operation{kStart, "0123456789abcdef", {}};
  operation.outcome.before = -7;
  operation.outcome.counter = {INT64_MIN, kStart, kNever, 0ms};
  operation.outcome.others = {{.before = 1, .counter = {2, Time(-5ms), kStart + 1h, 0ms}}};
  const auto read = Operation::parse(operation.to_string());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->at, kStart);
  EXPECT_EQ(read->mark, operation.mark);
  EXPECT_EQ(read->outcome.status, Outcome::kDone);
  EXPECT_EQ(read->outcome.before, -7);
  EXPECT_EQ(read->outcome.counter, operation.outcome.counter);
  ASSERT_EQ(read->outcome.others.size(), 1U);
  EXPECT_EQ(read->outcome.others[0].counter, operation.outcome.others[0].counter);
  for (const char* bad : {"", "1", "1 m", "1 m 0 0", "1 m 0 0 1 2 3", "1 m 99 0 1 2 3 4",
                          "1 m 0 -1 1 2 3 4", "1 m 0 0 1 2 3 4 5", "x m 0 0 1 2 3 4"})
    EXPECT_FALSE(Operation::parse(bad)) << bad;
}

TEST(Operation, HasAMarkOfAllButTheToken) {
  const std::string mark = mark_of(inc("x", "1"));
  EXPECT_EQ(mark_of(inc("x", "2")), mark);
  Command other = inc("x");
  other.others = {"y"};
  std::vector<Command> others = {inc("y"), other, inc("xy")};
  for (const auto change : {+[](Command& c) { c.value = 2; }, +[](Command& c) { c.max = 5; },
                            +[](Command& c) { c.ttl = 1s; }, +[](Command& c) { c.renews = true; },
                            +[](Command& c) { c.kind = Command::kSet; }}) {
    others.push_back(inc("x"));
    change(others.back());
  }
  for (const Command& one : others) EXPECT_NE(mark_of(one), mark);
}

class TransactionTest : public testing::Test {
 protected:
  // Executes the commands as one group.
  std::vector<Outcome> run(const std::vector<Command>& commands, Time at = kStart) {
    Transaction transaction(counters_, operations_, limits_, at);
    std::vector<Outcome> outcomes;
    for (const Command& command : commands) outcomes.push_back(transaction.execute(command));
    publish(transaction.changes(), counters_);
    publish(transaction.operations(), operations_);
    return outcomes;
  }
  std::int64_t value(std::string_view name) const {
    const Counter* counter = counters_.find(name);
    return counter != nullptr ? counter->value : -1;
  }
  Counters counters_;
  Operations operations_;
  Limits limits_{.max_counters = 4};
};

TEST_F(TransactionTest, DoesATokenOnce) {
  for (int i = 0; i < 3; ++i) {
    const auto outcomes = run({inc("x", "1"), inc("x", "1")});
    EXPECT_EQ(outcomes[0].counter.value, 1);
    EXPECT_EQ(outcomes[1].counter.value, 1);
  }
  EXPECT_EQ(run({inc("x", "2")})[0].counter.value, 2);
  EXPECT_EQ(run({inc("y", "2")})[0].status, Outcome::kReused);
  EXPECT_EQ(value("y"), -1);
}

TEST_F(TransactionTest, AnswersARefusalAgain) {
  Command cas{.kind = Command::kCas, .name = "x", .value = 5, .expected = 1, .op = "c"};
  EXPECT_EQ(run({cas})[0].status, Outcome::kNotFound);
  run({inc("x")});
  EXPECT_EQ(run({cas})[0].status, Outcome::kNotFound);
  cas.op = "d";
  EXPECT_EQ(run({cas})[0].status, Outcome::kDone);
}

TEST_F(TransactionTest, ForgetsATokenAfterItsWindow) {
  run({inc("x", "1")});
  EXPECT_EQ(run({inc("x", "1")}, kStart + 10min - 1ms)[0].counter.value, 1);
  EXPECT_EQ(run({inc("x", "1")}, kStart + 10min)[0].counter.value, 2);
  EXPECT_EQ(operations_.take_older(kStart), std::nullopt);
}

TEST_F(TransactionTest, RemembersATokenThatIsUsedAgainAfterItsWindow) {
  run({inc("x", "1"), inc("x", "2")});
  EXPECT_EQ(run({inc("x", "1")}, kStart + 10min)[0].counter.value, 3);
  EXPECT_EQ(operations_.take_older(kStart + 1ms), "2");
  EXPECT_EQ(operations_.take_older(kStart + 1ms), std::nullopt);
  EXPECT_EQ(run({inc("x", "1")}, kStart + 11min)[0].counter.value, 3);
  EXPECT_EQ(operations_.take_older(kStart + 10min + 1ms), "1");
}

TEST_F(TransactionTest, RemembersNoMoreTokensThanCounters) {
  for (const char* op : {"1", "2", "3", "4"})
    EXPECT_EQ(run({inc("x", op)})[0].status, Outcome::kDone);
  EXPECT_EQ(run({inc("x", "5")})[0].status, Outcome::kTooMany);
  EXPECT_EQ(run({inc("x", "4")})[0].counter.value, 4);
  EXPECT_EQ(operations_.take_older(kStart + 1ms), "1");
  EXPECT_EQ(run({inc("x", "5")})[0].counter.value, 5);
}

TEST_F(TransactionTest, DoesSeveralNamesOrNone) {
  run({inc("a")});
  Command several = inc("a");
  several.others = {"b", "c"};
  const auto outcomes = run({several, several});
  EXPECT_EQ(outcomes[1].counter.value, 3);
  ASSERT_EQ(outcomes[1].others.size(), 2U);
  EXPECT_EQ(outcomes[1].others[1].counter.value, 2);
  several.others = {"d", "e"};  // one too many
  EXPECT_EQ(run({inc("b"), several, inc("d")})[1].status, Outcome::kTooMany);
  EXPECT_EQ(value("a"), 3);
  EXPECT_EQ(value("b"), 3);
  EXPECT_EQ(value("d"), 1);
  EXPECT_EQ(value("e"), -1);
  several.may_create = false;
  const Outcome missing = run({several})[0];
  EXPECT_EQ(missing.status, Outcome::kNotFound);
  EXPECT_EQ(missing.failed, 2U);
  EXPECT_EQ(value("d"), 1);
}

}  // namespace
}  // namespace counterd
