// What clockd's clients see while the wall clock is set, in virtual time: hours take milliseconds.
#include "tools/clockd/ticker.h"

#include <algorithm>

#include "net_test.h"

namespace clockd {
namespace {

using namespace std::chrono_literals;
using net::Loop;
using net::Millis;
using net::Stream;
using net::Task;
using net::WaitGroup;

constexpr Time kStart = Time(std::chrono::seconds(1'200'000));

// The wall clock is set by `by` when `after` has passed.
struct Step {
  Millis after;
  Millis by;
};
using Steps = std::vector<Step>;
using Lines = std::vector<net::Millis::rep>;  // milliseconds since kStart

struct Scene {
  Scene(Millis interval, Steps how_it_is_set) : steps(std::move(how_it_is_set)) {
    scene = this;
    TimeFormat format;
    EXPECT_EQ(TimeFormat::parse("unixms", format), "");
    ticker.emplace(loop, interval, format, wall_time);
  }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  Millis elapsed() const { return std::chrono::floor<Millis>(loop.now().time_since_epoch()); }
  static Time wall_time() {
    Time time = kStart + scene->loop.now().time_since_epoch();
    for (const Step& step : scene->steps)
      if (scene->elapsed() >= step.after) time += step.by;
    return time;
  }

  Loop loop{Loop::Time::kVirtual};
  const Steps steps;
  std::optional<Ticker> ticker;
  static inline Scene* scene;
};

// A client that comes after `delay` and stays for `stay`.  It spends `work` on each line.
struct Client {
  Millis delay{0};
  Millis stay{0};
  Millis work{0};
  Lines lines{};
};

Task<> listen(Scene& scene, Client& client) {
  (void)co_await net::sleep(scene.loop, client.delay);
  net::Ends ends = net::connected(net::Kind::kUnix);
  Stream conn(scene.loop, std::move(ends.near));
  Ticker::Index seen = Ticker::kNone;
  while (scene.elapsed() <= client.delay + client.stay) {
    const std::string_view line = co_await scene.ticker->next(conn, seen);
    if (line.empty()) break;
    EXPECT_EQ(line.back(), '\n');
    client.lines.push_back(std::stoll(std::string(line)) - 1'200'000'000);
    (void)co_await net::sleep(scene.loop, client.work);
  }
}

Task<int> main_of(Scene& scene, std::vector<Client>& clients) {
  WaitGroup ticking, listening;
  ticking.go(scene.ticker->run());
  for (Client& client : clients) listening.go(listen(scene, client));
  co_await listening.wait();
  scene.loop.cancel_all();
  co_await ticking.wait();
  co_return 0;
}

// What one client sees that is there from the beginning.
Lines seen_in(Millis length, Millis interval, Steps steps) {
  Scene scene(interval, std::move(steps));
  std::vector<Client> clients{{.stay = length}};
  EXPECT_EQ(scene.loop.run(main_of(scene, clients)), 0);
  return clients[0].lines;
}

Lines every(Millis interval, Millis first, Millis last) {
  Lines lines;
  for (Millis at = first; at <= last; at += interval) lines.push_back(at.count());
  return lines;
}

TEST(Ticker, SkipsAndDoublesNothingInADay) {
  EXPECT_EQ(seen_in(24h - 500ms, 1s, {}), every(1s, 0s, 24h));
}

TEST(Ticker, SkipsNothingWhereTimersAreLate) {
  for (const Millis interval : {1ms, 2ms, 3ms}) {
    const Lines lines = seen_in(300ms, interval, {});
    EXPECT_GE(lines.back(), 300);
    EXPECT_EQ(lines, every(interval, 0s, Millis(lines.back())));
  }
}

TEST(Ticker, TicksAsTheClockIsSet) {
  const struct {
    const char* what;
    Millis interval;
    Steps steps;
    Lines lines;  // in 5 seconds
  } rows[] = {
      {"begins within an interval", 1s, {{0s, 300ms}}, {300, 1000, 2000, 3000, 4000, 5000, 6000}},
      {"forward", 1s, {{1500ms, 10s}}, {0, 1000, 12'000, 13'000, 14'000, 15'000, 16'000}},
      {"forward, off the boundary",
       1s,
       {{1500ms, 10'300ms}},
       {0, 1000, 12'000, 13'000, 14'000, 15'000, 16'000}},
      {"forward by less than an interval",
       1s,
       {{1500ms, 400ms}},
       {0, 1000, 2000, 3000, 4000, 5000, 6000}},
      {"a leap second", 1s, {{2500ms, -1s}}, {0, 1000, 2000, 3000, 4000, 5000}},
      {"back a little", 1s, {{1100ms, -300ms}}, {0, 1000, 2000, 3000, 4000, 5000, 6000}},
      {"back across many boundaries",
       500ms,
       {{1200ms, -1s}},
       {0, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500}},
      {"far back", 1s, {{1500ms, -1h}}, {0, 1000, -3'597'000, -3'596'000, -3'595'000, -3'594'000}},
      {"back and forward again",
       1s,
       {{1500ms, -1s}, {3500ms, 1s}},
       {0, 1000, 2000, 4000, 5000, 6000}},
      {"far forward and back again",
       1s,
       {{1500ms, 1h}, {3500ms, -1h}},
       {0, 1000, 3'602'000, 3'603'000, 5000, 6000}},
  };
  for (const auto& row : rows)
    EXPECT_EQ(seen_in(5500ms, row.interval, row.steps), row.lines) << row.what;
}

// As NTP does it: a millisecond at a time.
TEST(Ticker, SkipsAndDoublesNothingWhileTheClockIsSlewed) {
  for (const Millis by : {1ms, -1ms}) {
    Steps steps;
    for (Millis after = 1s; after < 10min; after += 2s) steps.push_back({after, by});
    const Lines lines = seen_in(10min, 1s, steps);
    EXPECT_EQ(lines, every(1s, 0s, by > 0ms ? 601s : 600s));
  }
}

TEST(Ticker, AClockThatIsSetFarBackIsNoticedWithinALongInterval) {
  const Lines lines = seen_in(90s, 1min, {{30s, -1h + 30s}});
  EXPECT_EQ(lines, (Lines{0, -3'480'000}));
}

TEST(Ticker, EveryClientSeesTheSameTicks) {
  Scene scene(100ms, {{3050ms, -70ms}, {5s, 1h}, {7s, -30min}});
  std::vector<Client> clients;
  for (int i = 0; i < 20; ++i) clients.push_back({.delay = i * 37ms, .stay = 10s});
  EXPECT_EQ(scene.loop.run(main_of(scene, clients)), 0);
  const Lines& all = clients[0].lines;
  for (const Client& client : clients) {
    const Lines ticks(client.lines.begin() + 1, client.lines.end());  // the first one is its own
    EXPECT_NE(std::search(ticks.begin(), ticks.end(), all.end() - 50, all.end()), ticks.end());
    EXPECT_EQ(std::adjacent_find(client.lines.begin(), client.lines.end()), client.lines.end());
  }
}

// The ticker wakes a moment after the boundary, so some come before it and have seen the time.
TEST(Ticker, AClientThatComesAtABoundaryHasItOnce) {
  for (Millis delay = 995ms; delay <= 1005ms; ++delay) {
    Scene scene(1s, {});
    std::vector<Client> clients{{.delay = delay, .stay = 1500ms}};
    EXPECT_EQ(scene.loop.run(main_of(scene, clients)), 0);
    const Lines& lines = clients[0].lines;
    EXPECT_EQ(Lines(lines.end() - 2, lines.end()), (Lines{2000, 3000}));
    EXPECT_EQ(lines.size(), lines[0] < 1000 ? 4U : 3U) << lines[0];
  }
}

TEST(Ticker, ASlowClientMissesWholeTicks) {
  Scene scene(1s, {});
  std::vector<Client> clients{{.stay = 9s, .work = 2500ms}, {.stay = 9s}};
  EXPECT_EQ(scene.loop.run(main_of(scene, clients)), 0);
  EXPECT_EQ(clients[0].lines, (Lines{0, 3000, 6000, 9000}));
  EXPECT_EQ(clients[1].lines, every(1s, 0s, 9s));
}

Task<> stop_for_an_hour(Scene& scene) {
  (void)co_await net::sleep(scene.loop, 1500ms);
  scene.loop.skip(1h);
}

Task<int> main_that_is_stopped(Scene& scene, std::vector<Client>& clients) {
  WaitGroup group;
  group.go(stop_for_an_hour(scene));
  const int status = co_await main_of(scene, clients);
  co_await group.wait();
  co_return status;
}

TEST(Ticker, AProcessThatWasStoppedGoesOnWithTheTimeNow) {
  Scene scene(1s, {});
  std::vector<Client> clients{{.stay = 4s}};
  EXPECT_EQ(scene.loop.run(main_that_is_stopped(scene, clients)), 0);
  EXPECT_EQ(clients[0].lines, (Lines{0, 1000, 3'601'000}));
}

}  // namespace
}  // namespace clockd
