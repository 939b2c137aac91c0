// When clockd ticks, by a faked clock that is set forward and back.
#include "tools/clockd/schedule.h"

#include <gtest/gtest.h>

#include <vector>

namespace clockd {
namespace {

using net::Millis;

constexpr Time kStart = Time(std::chrono::seconds(1'200'000));

// A clock that is set by `step` once `after` has passed.
struct Step {
  Millis after;
  Millis step;
};

struct Tick {
  Millis elapsed;         // of real time
  Schedule::Index index;  // counted from the start
  friend bool operator==(const Tick&, const Tick&) = default;
};

void PrintTo(const Tick& tick, std::ostream* out) {
  *out << tick.index << " after " << tick.elapsed.count() << " ms";
}

// What a ticker does in `length` of real time that begins `offset` after a boundary.
std::vector<Tick> ticks(Millis interval, Millis offset, Millis length, Step step) {
  Millis elapsed{0};
  const auto now = [&] {
    return kStart + offset + elapsed + (elapsed >= step.after ? step.step : Millis(0));
  };
  Schedule schedule(interval, now());
  const Schedule::Index first = schedule.index_of(kStart);
  std::vector<Tick> seen;
  while (elapsed <= length) {
    if (const auto index = schedule.due(now())) seen.push_back({elapsed, *index - first});
    const Millis wait = schedule.wait(now());
    EXPECT_GT(wait, Millis(0));
    elapsed += wait;
  }
  return seen;
}

using Ticks = std::vector<Tick>;
constexpr Millis kSecond{1'000};
constexpr Step kNone{Millis(0), Millis(0)};

TEST(Schedule, TicksOnTheBoundaries) {
  EXPECT_EQ(ticks(kSecond, Millis(300), Millis(3'000), kNone),
            (Ticks{{Millis(700), 1}, {Millis(1'700), 2}, {Millis(2'700), 3}}));
  EXPECT_EQ(ticks(Millis(250), Millis(0), Millis(750), kNone),
            (Ticks{{Millis(250), 1}, {Millis(500), 2}, {Millis(750), 3}}));
}

TEST(Schedule, LongIntervalIsLookedAtMeanwhile) {
  EXPECT_EQ(ticks(Millis(60'000), Millis(0), Millis(60'000), kNone), (Ticks{{Millis(60'000), 1}}));
}

TEST(Schedule, WhatALateTimerHasMissedComesInOrder) {
  Schedule schedule(Millis(1), kStart);
  const Schedule::Index first = schedule.index_of(kStart);
  const Time late = kStart + Millis(3);
  for (const Schedule::Index next : {1, 2, 3}) {
    EXPECT_EQ(schedule.wait(late), Millis(0));
    EXPECT_EQ(schedule.due(late), first + next);
  }
  EXPECT_EQ(schedule.due(late), std::nullopt);
  EXPECT_EQ(schedule.due(late + Schedule::kLate * 2), first + 3 + 2 * Schedule::kLate.count());
}

TEST(Schedule, SetForwardGoesOnWithTheNewTime) {
  EXPECT_EQ(ticks(kSecond, Millis(0), Millis(3'000), {Millis(1'500), Millis(10'000)}),
            (Ticks{{Millis(1'000), 1}, {Millis(2'000), 12}, {Millis(3'000), 13}}));
  // In the middle of an interval: at once, then on the boundaries.
  EXPECT_EQ(ticks(kSecond, Millis(0), Millis(3'000), {Millis(1'500), Millis(10'300)}),
            (Ticks{{Millis(1'000), 1}, {Millis(2'000), 12}, {Millis(2'700), 13}}));
}

// A leap second: the clock shows 1 for two seconds.  No second comes twice, and none is left out.
TEST(Schedule, SetBackByASecondRepeatsNothing) {
  EXPECT_EQ(ticks(kSecond, Millis(0), Millis(4'000), {Millis(2'000), Millis(-1'000)}),
            (Ticks{{Millis(1'000), 1}, {Millis(3'000), 2}, {Millis(4'000), 3}}));
  EXPECT_EQ(ticks(Millis(500), Millis(0), Millis(3'500), {Millis(2'000), Millis(-1'000)}),
            (Ticks{{Millis(500), 1},
                   {Millis(1'000), 2},
                   {Millis(1'500), 3},
                   {Millis(3'000), 4},
                   {Millis(3'500), 5}}));
}

TEST(Schedule, SetBackALittleRepeatsNothing) {
  EXPECT_EQ(ticks(kSecond, Millis(0), Millis(4'000), {Millis(1'100), Millis(-300)}),
            (Ticks{{Millis(1'000), 1}, {Millis(2'300), 2}, {Millis(3'300), 3}}));
}

TEST(Schedule, SetFarBackGoesOnAtTheNextBoundary) {
  EXPECT_EQ(ticks(kSecond, Millis(0), Millis(4'000), {Millis(1'500), Millis(-3'600'000)}),
            (Ticks{{Millis(1'000), 1}, {Millis(3'000), -3597}, {Millis(4'000), -3596}}));
}

TEST(Schedule, SetFarBackIsNoticedWithinALongInterval) {
  const Ticks seen =
      ticks(Millis(60'000), Millis(0), Millis(90'000), {Millis(30'000), Millis(-3'570'000)});
  EXPECT_EQ(seen, (Ticks{{Millis(90'000), -58}}));
}

TEST(Schedule, LateIsNotLost) {
  Schedule schedule(kSecond, kStart);
  EXPECT_EQ(schedule.due(kStart + Millis(2'400)), schedule.index_of(kStart) + 2);
  EXPECT_EQ(schedule.wait(kStart + Millis(2'400)), Millis(600));
  EXPECT_EQ(schedule.wait(kStart + Millis(5'000)), Millis(0)) << "the next is due already";
}

TEST(Schedule, BeforeNineteenSeventy) {
  const Schedule schedule(kSecond, Time(Millis(-500)));
  EXPECT_EQ(schedule.index_of(Time(Millis(-500))), -1);
  EXPECT_EQ(schedule.index_of(Time(Millis(-1'000))), -1);
  EXPECT_EQ(schedule.wait(Time(Millis(-500))), Millis(500));
}

}  // namespace
}  // namespace clockd
