// LineReader: lines, wherever the network cuts them.
#include "common/net/line_reader.h"

#include <vector>

#include "net_test.h"

namespace net {
namespace {

constexpr std::size_t kMax = 100;
using Lines = std::vector<std::string>;

struct Input {
  explicit Input(Loop& loop, std::size_t max = kMax) : Input(loop, max, connected(Kind::kUnix)) {}
  Input(Loop& loop, std::size_t max, Ends ends)
      : stream(loop, std::move(ends.near)), peer(std::move(ends.far)), lines(stream, max) {}
  Stream stream;
  Fd peer;
  LineReader lines;
};

Task<> read_all(Input& input, Lines& lines) {
  while (auto line = co_await input.lines.next(kPatience)) lines.push_back(std::move(*line));
}

// ---- what a line is ----

NET_TEST(LineReader, EndsLinesAtLfOrCrlf) {
  struct Row {
    std::string_view text;
    Lines lines;
  };
  using namespace std::string_literals;
  using namespace std::string_view_literals;
  const std::vector<Row> table{
      {"", {}},
      {"a\n", {"a"}},
      {"a\nb\n", {"a", "b"}},
      {"a\r\nb\r\n", {"a", "b"}},
      {"\n\r\n\n", {"", "", ""}},
      {"last", {"last"}},
      {"a\nlast", {"a", "last"}},
      {"a\r", {"a\r"}},  // which ends in no line end
      {"a\r\rb\r\r\n", {"a\r\rb\r"}},
      {"\r\n", {""}},
      {"a\0b\n\0\n"sv, {"a\0b"s, "\0"s}},
      {"\xff\xfe\n", {"\xff\xfe"}},
  };
  for (const Row& row : table) {
    Input input(loop);
    send(input.peer, row.text);
    half_close(input.peer);
    Lines lines;
    co_await read_all(input, lines);
    EXPECT_EQ(lines, row.lines);
    EXPECT_FALSE(input.lines.error());
    const auto end = co_await input.lines.next();
    EXPECT_FALSE(end) << "the end lasts";
  }
}

// Sends each part when the one before it has been read.
Task<> send_parts(Loop& loop, Input& input, std::vector<std::string_view> parts) {
  std::uint64_t sent = loop.traffic().in;
  for (const std::string_view part : parts) {
    send(input.peer, part);
    sent += part.size();
    while (loop.traffic().in < sent) co_await next_round(loop);
  }
  half_close(input.peer);
}

const std::string_view kText = "one\r\ntwo\n\nfour\r\r\nlast";
const Lines kLines{"one", "two", "", "four\r", "last"};

NET_TEST(LineReader, EverySplitGivesTheSameLines) {
  for (std::size_t at = 0; at <= kText.size(); ++at) {
    Input input(loop);
    const std::vector parts{kText.substr(0, at), kText.substr(at)};
    Lines lines;
    WaitGroup group;
    group.go(send_parts(loop, input, parts));
    co_await read_all(input, lines);
    co_await group.wait();
    EXPECT_EQ(lines, kLines) << "cut at " << at;
  }
}

NET_TEST(LineReader, ByteByByteGivesTheSameLines) {
  Input input(loop);
  std::vector<std::string_view> parts;
  for (std::size_t i = 0; i < kText.size(); ++i) parts.push_back(kText.substr(i, 1));
  Lines lines;
  WaitGroup group;
  group.go(send_parts(loop, input, parts));
  co_await read_all(input, lines);
  co_await group.wait();
  EXPECT_EQ(lines, kLines);
}

// ---- limits ----

NET_TEST(LineReader, LongestLineIsTaken) {
  const std::string longest(kMax, 'x');
  Input input(loop);
  send(input.peer, longest + "\n" + longest + "\n" + longest);
  half_close(input.peer);
  Lines lines;
  co_await read_all(input, lines);
  EXPECT_EQ(lines, (Lines{longest, longest, longest}));
  EXPECT_FALSE(input.lines.error());
}

NET_TEST(LineReader, LongestLineMayEndInCrlf) {
  const std::string longest(kMax, 'x');
  Input input(loop);
  send(input.peer, longest + "\r\n");
  half_close(input.peer);
  Lines lines;
  co_await read_all(input, lines);
  EXPECT_EQ(lines, Lines{longest});
}

NET_TEST(LineReader, LongerLineIsAnErrorThatLasts) {
  const std::string longer(kMax + 1, 'x');
  for (const char* end : {"\n", "", "\nshort\n"}) {
    Input input(loop);
    send(input.peer, "short\n" + longer + end);
    half_close(input.peer);
    Lines lines;
    co_await read_all(input, lines);
    EXPECT_EQ(lines, Lines{"short"});
    EXPECT_EQ(input.lines.error(), Error(UV_EMSGSIZE));
    const auto more = co_await input.lines.next();
    EXPECT_FALSE(more);
    EXPECT_EQ(input.lines.error(), Error(UV_EMSGSIZE));
  }
}

NET_TEST(LineReader, LineThatNeverEndsIsNotReadOn) {
  Input input(loop, 100'000);
  Stream endless(loop, std::move(input.peer));
  const std::string data(10'000'000, 'x');
  WaitGroup group;
  Lines lines;
  group.go(read_all(input, lines));
  Error written = co_await sleep(loop, Millis::zero());
  while (!input.lines.error()) {
    const auto n = endless.try_write(data);
    EXPECT_TRUE(n);
    co_await next_round(loop);
  }
  co_await group.wait();
  EXPECT_FALSE(written);
  EXPECT_EQ(input.lines.error(), Error(UV_EMSGSIZE));
  EXPECT_LE(loop.traffic().in, 100'000 + 2 * Loop::kScratchBytes);
}

// ---- bursts ----

Task<> send_burst(Stream& to, std::string_view data) {
  Error e = co_await to.write(data);
  EXPECT_FALSE(e);
  e = co_await to.shutdown();
  EXPECT_FALSE(e);
}

NET_TEST(LineReader, BurstOfAMillionLines) {
  Lines words;
  for (int i = 0; i < 10'000; ++i) words.push_back(std::to_string(i));
  std::string data;
  for (std::size_t i = 0; data.size() < 5'000'000; ++i) data += words[i % words.size()] + "\n";
  Input input(loop);
  Stream peer(loop, std::move(input.peer));
  WaitGroup group;
  group.go(send_burst(peer, data));
  std::size_t lines = 0, bytes = 0, wrong = 0;
  while (auto line = co_await input.lines.next(kPatience)) {
    if (*line != words[lines % words.size()]) ++wrong;
    ++lines;
    bytes += line->size() + 1;
  }
  co_await group.wait();
  EXPECT_FALSE(input.lines.error());
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(bytes, data.size());
  EXPECT_EQ(loop.traffic().in, data.size());
}

NET_TEST(LineReader, OneLineOfManyReads) {
  const std::string data = pattern(5'000'000);
  Input input(loop, data.size());
  Stream peer(loop, std::move(input.peer));
  WaitGroup group;
  group.go(send_burst(peer, data));
  Lines lines;
  co_await read_all(input, lines);
  co_await group.wait();
  REQUIRE(lines.size() == 1);
  EXPECT_TRUE(lines[0] == data);
}

// ---- errors ----

Task<> drip(Loop& loop, const Fd& to, const bool& stop) {
  while (!stop) {
    send(to, "x");
    Error e = co_await sleep(loop, Millis(5));
    EXPECT_FALSE(e);
  }
}

NET_TEST(LineReader, TimeLimitIsForTheWholeLine) {
  Input input(loop, 100'000);
  bool stop = false;
  WaitGroup group;
  group.go(drip(loop, input.peer, stop));
  const Stopwatch watch;
  const auto line = co_await input.lines.next(Millis(60));
  stop = true;
  co_await group.wait();
  EXPECT_TRUE(line && line->starts_with("x")) << "what has come is the last line";
  const auto none = co_await input.lines.next(kPatience);
  EXPECT_FALSE(none);
  EXPECT_EQ(input.lines.error(), Error(UV_ETIMEDOUT));
  EXPECT_GE(watch.elapsed(), Millis(60));
  EXPECT_FALSE(input.stream.closed());
}

NET_TEST(LineReader, LinesThatAreThereNeedNoTime) {
  Input input(loop);
  send(input.peer, "one\ntwo\n");
  const auto one = co_await input.lines.next(kPatience);
  EXPECT_EQ(one, "one");
  const auto two = co_await input.lines.next(Millis::zero());
  EXPECT_EQ(two, "two");
}

NET_TEST(LineReader, ResetIsAnErrorAfterTheLinesBeforeIt) {
  Input input(loop, kMax, connected(Kind::kTcp));
  send(input.peer, "one\nunfinished");
  const auto one = co_await input.lines.next(kPatience);
  EXPECT_EQ(one, "one");
  reset(input.peer);
  const auto none = co_await input.lines.next(kPatience);
  EXPECT_FALSE(none) << "what was cut off is no last line";
  EXPECT_EQ(input.lines.error(), Error(UV_ECONNRESET));
}

NET_TEST(LineReader, EndOfInputLeavesTheLinesThatHaveArrived) {
  Input input(loop);
  send(input.peer, "one\ntwo\nlast");
  loop.end_input();
  Lines lines;
  co_await read_all(input, lines);
  EXPECT_EQ(lines, (Lines{"one", "two", "last"}));
  EXPECT_FALSE(input.lines.error());
}

Task<> count_rounds(Loop& loop, int& rounds, const bool& done) {
  while (!done) {
    co_await next_round(loop);
    ++rounds;
  }
}

NET_TEST(LineReader, ManyLinesInOneReadLeaveTimeForOthers) {
  Ends ends = connected(Kind::kTcp);
  Stream stream(loop, std::move(ends.near));
  LineReader reader(stream, 100);
  send(ends.far, std::string(10'000, '\n'));
  half_close(ends.far);
  int rounds = 0;
  bool done = false;
  WaitGroup others;
  others.go(count_rounds(loop, rounds, done));
  int lines = 0;
  while (auto line = co_await reader.next()) ++lines;
  done = true;
  co_await others.wait();
  EXPECT_EQ(lines, 10'000);
  EXPECT_GE(rounds, 100);
}

}  // namespace
}  // namespace net
