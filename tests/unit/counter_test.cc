// A counter: its names, its arithmetic, and what each command does.
#include "tools/counterd/counter.h"

#include <gtest/gtest.h>

#include <limits>

namespace counterd {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr Time kNow{1'795'275'123'456ms};
constexpr Time kEarlier = kNow - 1h;

TEST(CounterName, IsOneTo255BytesOfUtf8WithoutControlCharacters) {
  for (const std::string_view good :
       {"x"sv, "a b"sv, "jobs/done"sv, "Привет"sv, "😀"sv, "\"\\{}"sv, "\xc2\xa0"sv})
    EXPECT_EQ(wrong_with_name(good), nullptr) << good;
  EXPECT_EQ(wrong_with_name(std::string(255, 'x')), nullptr);
  struct {
    std::string name;
    std::string_view wrong;
  } const table[] = {
      {"", "name is empty"},
      {std::string(256, 'x'), "name is longer than 255 bytes"},
      {"a\nb", "name has a control character"},
      {std::string("\0", 1), "name has a control character"},
      {"\x7f", "name has a control character"},
      {"\xc2\x80", "name has a control character"},
      {"\xc2\x9f", "name has a control character"},
      {"a\xff", "name is not UTF-8"},
      {"\xc1\xa1", "name is not UTF-8"},
      {"\xed\xa0\x80", "name is not UTF-8"},
      {"п\xd0", "name is not UTF-8"},
  };
  for (const auto& row : table) EXPECT_STREQ(wrong_with_name(row.name), row.wrong.data());
}

TEST(CounterValue, IsAWholeNumberOf64Bits) {
  EXPECT_EQ(parse_value("0"), 0);
  EXPECT_EQ(parse_value("-5"), -5);
  EXPECT_EQ(parse_value("007"), 7);
  EXPECT_EQ(parse_value("9223372036854775807"), kMax);
  EXPECT_EQ(parse_value("-9223372036854775808"), kMin);
  for (const char* bad : {"", " 1", "1 ", "+1", "1.0", "1e3", "0x10", "--1", "-", "x",
                          "9223372036854775808", "-9223372036854775809"})
    EXPECT_EQ(parse_value(bad), std::nullopt) << bad;
}

Counter counter(std::int64_t value) { return {.value = value, .changed = kEarlier}; }

Command command(Command::Kind kind, std::int64_t value = 0, std::int64_t expected = 0) {
  return {.kind = kind, .name = "x", .value = value, .expected = expected};
}

struct CommandRow {
  Command::Kind kind;
  std::int64_t value;
  std::int64_t expected;
  std::optional<std::int64_t> existing;
  Outcome::Status status;
  std::int64_t before;
  std::optional<std::int64_t> after;
};

const CommandRow kCommands[] = {
    {Command::kGet, 0, 0, 7, Outcome::kDone, 7, 7},
    {Command::kGet, 0, 0, {}, Outcome::kNotFound, 0, {}},
    {Command::kSet, 3, 0, 7, Outcome::kDone, 7, 3},
    {Command::kSet, kMin, 0, {}, Outcome::kDone, 0, kMin},
    {Command::kInc, 1, 0, 7, Outcome::kDone, 7, 8},
    {Command::kInc, -9, 0, 7, Outcome::kDone, 7, -2},
    {Command::kInc, 5, 0, {}, Outcome::kDone, 0, 5},
    {Command::kInc, 1, 0, kMax, Outcome::kOverflow, kMax, kMax},
    {Command::kInc, -1, 0, kMin, Outcome::kOverflow, kMin, kMin},
    {Command::kInc, kMin, 0, -1, Outcome::kOverflow, -1, -1},
    {Command::kInc, kMin, 0, kMax, Outcome::kDone, kMax, -1},
    {Command::kReset, 0, 0, 7, Outcome::kDone, 7, 0},
    {Command::kReset, 0, 0, {}, Outcome::kNotFound, 0, {}},
    {Command::kDelete, 0, 0, 7, Outcome::kDone, 7, {}},
    {Command::kDelete, 0, 0, {}, Outcome::kNotFound, 0, {}},
    {Command::kCas, 2, 7, 7, Outcome::kDone, 7, 2},
    {Command::kCas, 2, 1, 7, Outcome::kMismatch, 7, 7},
    {Command::kCas, 2, 0, {}, Outcome::kNotFound, 0, {}},
};

TEST(CounterApply, DoesWhatTheTableSays) {
  for (const CommandRow& row : kCommands) {
    SCOPED_TRACE(&row - kCommands);
    const Counter existing = counter(row.existing.value_or(0));
    const auto [outcome, after] =
        apply(command(row.kind, row.value, row.expected), row.existing ? &existing : nullptr, kNow);
    EXPECT_EQ(outcome.status, row.status);
    EXPECT_EQ(outcome.before, row.before);
    ASSERT_EQ(after.has_value(), row.after.has_value());
    if (!after) continue;
    EXPECT_EQ(after->value, *row.after);
    EXPECT_EQ(outcome.counter, *after);
    const bool changed = row.kind != Command::kGet && row.status == Outcome::kDone;
    EXPECT_EQ(after->changed, changed ? kNow : kEarlier);
  }
}

TEST(CounterApply, AnExpiredCounterDoesNotExist) {
  Counter existing = counter(7);
  existing.expires = kNow;
  EXPECT_EQ(apply(command(Command::kGet), &existing, kNow).outcome.status, Outcome::kNotFound);
  const auto [outcome, after] = apply(command(Command::kInc, 1), &existing, kNow);
  EXPECT_EQ(outcome.before, 0);
  EXPECT_EQ(after->value, 1);
  EXPECT_EQ(after->expires, kNever);
  existing.expires = kNow + 1ms;
  EXPECT_EQ(apply(command(Command::kInc, 1), &existing, kNow).counter->value, 8);
}

TEST(CounterApply, TtlCountsFromTheCreationAlone) {
  Command inc = command(Command::kInc, 1);
  inc.ttl = 10s;
  const auto created = apply(inc, nullptr, kNow).counter;
  EXPECT_EQ(created->expires, kNow + 10s);
  EXPECT_EQ(apply(inc, &*created, kNow + 5s).counter->expires, kNow + 10s);
  const Counter stays = counter(7);
  EXPECT_EQ(apply(inc, &stays, kNow).counter->expires, kNever);
}

TEST(CounterApply, AnImportSaysAllOfIt) {
  Command import = command(Command::kImport, 1);
  import.changed = kEarlier;
  const Counter old{.value = 7, .changed = kNow, .expires = kNow + 5s};
  for (const Counter* existing : {&old, static_cast<const Counter*>(nullptr)}) {
    for (const Time expires : {kNever, Time(kNow + 1s)}) {
      import.expires = expires;
      EXPECT_EQ(apply(import, existing, kNow).counter, (Counter{1, kEarlier, expires}));
    }
    import.expires = kNow;
    EXPECT_EQ(apply(import, existing, kNow).counter, std::nullopt);
  }
  import.changed = kNever;
  import.expires = kNever;
  EXPECT_EQ(apply(import, nullptr, kNow).counter, (Counter{1, kNow, kNever}));
}

TEST(CounterTtl, IsATimeOfUpToTenYears) {
  EXPECT_EQ(parse_ttl("90"), 90s);
  EXPECT_EQ(parse_ttl("1.5s"), 1500ms);
  EXPECT_EQ(parse_ttl("500ms"), 500ms);
  EXPECT_EQ(parse_ttl("41d"), 41 * 24h);
  EXPECT_EQ(parse_ttl("3653d"), 3653 * 24h);
  for (const char* bad : {"", "0", "0d", "-1s", "3654d", "1y", "d", "1 d", "1e3", "nan", "inf"})
    EXPECT_EQ(parse_ttl(bad), std::nullopt) << bad;
}

TEST(CounterApply, KeepsASumWithinItsBounds) {
  const struct {
    std::int64_t before, by, min, max;
    std::optional<std::int64_t> strict, saturated;
  } table[] = {
      {5, 5, 0, 10, 10, 10},         {5, 6, 0, 10, {}, 10},           {5, -6, 0, 10, {}, 0},
      {20, 1, 0, 10, {}, 10},        {kMax, 1, 0, kMax, {}, kMax},    {kMax, 1, 0, 7, {}, 7},
      {kMin, -1, kMin, 0, {}, kMin}, {kMin, kMin, -9, kMax, {}, -9},  {0, 0, 0, 0, 0, 0},
      {1, -1, 1, kMax, {}, 1},       {kMax, kMin, kMin, kMax, -1, -1}};
  for (const auto& row : table) {
    SCOPED_TRACE(&row - table);
    Command inc = command(Command::kInc, row.by);
    inc.min = row.min;
    inc.max = row.max;
    const Counter existing = counter(row.before);
    for (const bool saturates : {false, true}) {
      inc.saturates = saturates;
      const auto [outcome, after] = apply(inc, &existing, kNow);
      const auto expected = saturates ? row.saturated : row.strict;
      EXPECT_EQ(outcome.status, expected ? Outcome::kDone : Outcome::kOverflow);
      EXPECT_EQ(after->value, expected.value_or(row.before));
    }
  }
  Command inc = command(Command::kInc, 5);
  inc.max = 4;
  EXPECT_EQ(apply(inc, nullptr, kNow).counter, std::nullopt);
}

TEST(CounterApply, CreatesNothingWhereItMayNot) {
  for (const Command::Kind kind : {Command::kInc, Command::kSet}) {
    Command change = command(kind, 1);
    change.may_create = false;
    EXPECT_EQ(apply(change, nullptr, kNow).outcome.status, Outcome::kNotFound);
    const Counter existing = counter(0);
    EXPECT_EQ(apply(change, &existing, kNow).counter->value, 1);
  }
}

TEST(CounterApply, RenewsATimeToLive) {
  Command inc = command(Command::kInc, 1);
  inc.ttl = 10s;
  Counter there = *apply(inc, nullptr, kNow).counter;
  there = *apply(command(Command::kInc, 1), &there, kNow + 4s).counter;
  EXPECT_EQ(there.expires, kNow + 10s);
  Command renew = command(Command::kInc, 1);
  renew.renews = true;
  there = *apply(renew, &there, kNow + 5s).counter;
  EXPECT_EQ(there.expires, kNow + 15s);
  renew.ttl = 1h;
  there = *apply(renew, &there, kNow + 6s).counter;
  EXPECT_EQ(there.expires, kNow + 6s + 1h);
  renew.ttl = 0s;
  there = *apply(renew, &there, kNow + 7s).counter;
  EXPECT_EQ(there.expires, kNow + 7s + 1h);
  EXPECT_EQ(apply(renew, nullptr, kNow).counter->expires, kNever);
  const Counter stays = counter(7);
  EXPECT_EQ(apply(renew, &stays, kNow).counter->expires, kNever);
  // Of an import the time from the change to the end is what there is.
  Command import = command(Command::kImport, 1);
  import.changed = kNow;
  import.expires = kNow + 3s;
  there = *apply(import, nullptr, kNow + 1s).counter;
  EXPECT_EQ(apply(renew, &there, kNow + 2s).counter->expires, kNow + 5s);
}

}  // namespace
}  // namespace counterd
