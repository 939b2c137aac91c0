// The pure parts of netcat -u: when it exits, how input becomes datagrams, when it pauses.
#include <gtest/gtest.h>

#include "tools/netcat/datagram/ending.h"
#include "tools/netcat/datagram/moderation.h"
#include "tools/netcat/datagram/multicast.h"
#include "tools/netcat/datagram/senders.h"
#include "tools/netcat/datagram/slicer.h"

namespace netcat {
namespace {

using net::Millis;
using Decision = DatagramEnding::Verdict;

DatagramEnding::Time at(int ms) { return DatagramEnding::Time(Millis(ms)); }

struct Event {
  enum What { kMoved, kHeard, kInput, kInputEnd, kBlocked, kFree, kHeld, kGoesOn, kRestarted };
  What what;
  int ms;
};

void feed(DatagramEnding& ending, const std::vector<Event>& events) {
  for (const auto& [what, ms] : events) {
    switch (what) {
      case Event::kMoved:
        ending.moved(at(ms));
        break;
      case Event::kHeard:
        ending.heard();
        ending.moved(at(ms));
        break;
      case Event::kInput:
        ending.input_moved();
        break;
      case Event::kInputEnd:
        ending.input_ended(at(ms));
        break;
      case Event::kBlocked:
      case Event::kFree:
        ending.output_blocked(what == Event::kBlocked, at(ms));
        break;
      case Event::kHeld:
      case Event::kGoesOn:
        ending.input_held(what == Event::kHeld, at(ms));
        break;
      case Event::kRestarted:
        ending.restarted(at(ms));
        break;
    }
  }
}

Options client() { return {}; }
Options listener() {
  Options o;
  o.listen = true;
  return o;
}
Options with_idle(Options o, int ms) {
  o.timeout = o.idle = Millis(ms);
  return o;
}
Options with_quit(Options o, int ms) {
  o.quit_after = Millis(ms);
  return o;
}
Options with(Options o, bool Options::*flag) {
  o.*flag = true;
  return o;
}

constexpr int kNever = -1;

struct EndRow {
  const char* what;
  Options options;
  std::vector<Event> events;
  int end;  // kNever: no limit
  Decision verdict;
};

void check(const EndRow& row) {
  DatagramEnding ending(row.options, at(0));
  feed(ending, row.events);
  EXPECT_EQ(ending.verdict(at(0)), Decision::kStay) << row.what;
  if (row.end == kNever) {
    EXPECT_EQ(ending.next_look(), DatagramEnding::kNever) << row.what;
    EXPECT_EQ(ending.verdict(at(1'000'000)), Decision::kStay) << row.what;
    return;
  }
  EXPECT_EQ(ending.next_look(), at(row.end)) << row.what;
  EXPECT_EQ(ending.verdict(at(row.end - 1)), Decision::kStay) << row.what;
  EXPECT_EQ(ending.verdict(at(row.end)), Decision::kLook) << row.what;
  ending.looked(at(row.end));
  EXPECT_EQ(ending.verdict(at(row.end)), row.verdict) << row.what;
}

TEST(DatagramEnding, AfterTheEndOfInput) {
  using enum Event::What;
  const EndRow table[] = {
      {"input may come", client(), {{kMoved, 5}}, kNever, Decision::kStay},
      {"rule 2: a second", client(), {{kInputEnd, 10}}, 1000, Decision::kComplete},
      {"after the last datagram",
       client(),
       {{kInputEnd, 10}, {kMoved, 700}},
       1700,
       Decision::kComplete},
      {"or -w", with_idle(client(), 5000), {{kInputEnd, 10}}, 5000, Decision::kComplete},
      {"-q counts from the end of input",
       with_quit(client(), 2000),
       {{kInputEnd, 10}, {kMoved, 1500}},
       2010,
       Decision::kComplete},
      {"-q -1", with(client(), &Options::quit_never), {{kInputEnd, 10}}, kNever, Decision::kStay},
      {"-q -1 -w",
       with_idle(with(client(), &Options::quit_never), 300),
       {{kInputEnd, 10}},
       300,
       Decision::kIdle},
      {"--send-only",
       with(client(), &Options::send_only),
       {{kInputEnd, 10}},
       10,
       Decision::kComplete},
      {"-w 0",
       with(client(), &Options::exit_when_sent),
       {{kInputEnd, 10}, {kMoved, 20}},
       10,
       Decision::kComplete},
      {"-w 0 and a listener without input",
       with(listener(), &Options::exit_when_sent),
       {{kInputEnd, 10}},
       10,
       Decision::kComplete},
  };
  for (const EndRow& row : table) check(row);
}

TEST(DatagramEnding, BeforeThat) {
  using enum Event::What;
  const EndRow table[] = {
      {"rule 3: idle", with_idle(client(), 300), {{kMoved, 50}}, 350, Decision::kIdle},
      {"the first datagram", with_idle(listener(), 300), {}, 300, Decision::kTimedOut},
      {"and the next", with_idle(listener(), 300), {{kHeard, 50}}, 350, Decision::kIdle},
      {"rule 1: a listener without input", listener(), {{kInputEnd, 10}}, kNever, Decision::kStay},
      {"with input",
       listener(),
       {{kHeard, 5}, {kInput, 10}, {kInputEnd, 10}},
       1005,
       Decision::kComplete},
      {"with -q", with_quit(listener(), 100), {{kInputEnd, 10}}, 110, Decision::kComplete},
      {"-k goes on",
       with(listener(), &Options::keep_open),
       {{kInput, 5}, {kInputEnd, 10}},
       kNever,
       Decision::kStay},
      {"-k -q too",
       with_quit(with(listener(), &Options::keep_open), 100),
       {{kInputEnd, 10}},
       kNever,
       Decision::kStay},
      {"-k -w",
       with_idle(with(listener(), &Options::keep_open), 300),
       {{kHeard, 50}},
       350,
       Decision::kIdle},
      {"rule 4: output blocks",
       with_idle(client(), 300),
       {{kBlocked, 50}},
       kNever,
       Decision::kStay},
      {"no more", with_idle(client(), 300), {{kBlocked, 50}, {kFree, 900}}, 1200, Decision::kIdle},
      {"also after the input",
       client(),
       {{kInputEnd, 10}, {kBlocked, 50}},
       kNever,
       Decision::kStay},
      {"-i holds", with_idle(client(), 300), {{kHeld, 50}}, kNever, Decision::kStay},
      {"-i goes on", with_idle(client(), 300), {{kHeld, 50}, {kGoesOn, 500}}, 800, Decision::kIdle},
      {"another address",
       client(),
       {{kInputEnd, 10}, {kRestarted, 400}},
       1400,
       Decision::kComplete},
      {"another address with -w 0",
       with(client(), &Options::exit_when_sent),
       {{kInputEnd, 10}, {kRestarted, 400}},
       400,
       Decision::kComplete},
  };
  for (const EndRow& row : table) check(row);
}

TEST(DatagramEnding, ALimitThatExpiresLooksFirst) {
  const Options options = with_idle(client(), 300);
  DatagramEnding ending(options, at(0));
  ending.looked(at(299));
  EXPECT_EQ(ending.verdict(at(5000)), Decision::kLook) << "stopped for five seconds";
  ending.moved(at(5001));  // what had arrived
  ending.looked(at(5000));
  EXPECT_EQ(ending.verdict(at(5001)), Decision::kStay);
  EXPECT_EQ(ending.verdict(at(5301)), Decision::kLook);
  ending.looked(at(5301));
  EXPECT_EQ(ending.verdict(at(5301)), Decision::kIdle);
}

// ---- datagrams from input ----

std::vector<std::string> slices(const std::vector<std::string>& reads, bool lines, bool crlf,
                                std::size_t most) {
  Slicer slicer(lines, crlf);
  std::vector<std::string> all;
  const auto drain = [&] {
    for (auto some = slicer.next(most); !some.empty(); some = slicer.next(most))
      all.insert(all.end(), some.begin(), some.end());
  };
  for (const std::string& read : reads) {
    slicer.add(read);
    drain();
  }
  slicer.finish();
  drain();
  return all;
}

TEST(Slicer, ReadsAndLines) {
  using Texts = std::vector<std::string>;
  const std::string full(kDatagramBytes, 'x');
  struct Case {
    Texts reads;
    bool lines, crlf;
    Texts datagrams;
  };
  const Case table[] = {
      {{}, false, false, {}},
      {{"a\nb\n", "c"}, false, false, {"a\nb\n", "c"}},
      {{"a\nb\n", "c"}, false, true, {"a\r\nb\r\n", "c"}},
      {{full + "rest"}, false, false, {full, "rest"}},
      {{"a\nb\n", "c"}, true, false, {"a\n", "b\n", "c"}},
      {{"a", "b", "\n\nc\n"}, true, false, {"ab\n", "\n", "c\n"}},
      {{"a", "\nb"}, true, true, {"a\r\n", "b"}},
      {{full + "\nz"}, true, false, {full, "\n", "z"}},
      {{full + full, "z\n"}, true, false, {full, full, "z\n"}},
  };
  for (const Case& row : table)
    for (const std::size_t most : {1U, 2U, 8U})
      EXPECT_EQ(slices(row.reads, row.lines, row.crlf, most), row.datagrams) << row.reads.size();
}

TEST(Slicer, ForgetsWhatHasNowhereToGo) {
  Slicer slicer(true, false);
  slicer.add("a\nb\nc");
  EXPECT_EQ(slicer.next(1).front(), "a\n");
  slicer.clear();
  EXPECT_TRUE(slicer.next(1).empty());
  slicer.add("d\n");
  EXPECT_EQ(slicer.next(1).front(), "d\n");
}

// ---- pauses ----

TEST(Moderation, PausesWhileTheBufferHoldsWhatComesMeanwhile) {
  struct Case {
    const char* what;
    std::size_t buffer, datagrams, bytes;  // in a millisecond
    double least, most;                    // milliseconds
  };
  const Case table[] = {
      {"a few", 8 << 20, 10, 2'000, 0, 0},
      {"many", 8 << 20, 400, 80'000, 1, 1},
      {"a small buffer", 400'000, 400, 80'000, 0.15, 0.25},
      {"and more of them", 400'000, 1'000, 200'000, 0.06, 0.1},
      {"long ones", 400'000, 100, 6'000'000, 0, 0},
  };
  for (const Case& row : table) {
    Moderation moderation(row.buffer, at(0));
    moderation.received(row.datagrams, row.bytes);
    EXPECT_EQ(moderation.pause(at(0)).count(), 0) << row.what << ": too soon to know";
    for (const auto& pause : {moderation.pause(at(1)), moderation.pause(at(1))}) {
      EXPECT_GE(pause.count() * 1e3, row.least) << row.what;
      EXPECT_LE(pause.count() * 1e3, row.most) << row.what;
    }
    moderation.received(1, 200);
    EXPECT_EQ(moderation.pause(at(2)).count(), 0) << row.what << ", and then one";
  }
  Moderation slow(8 << 20, at(0));
  slow.received(400, 80'000);
  EXPECT_EQ(slow.pause(at(100)).count(), 0) << "4 in a millisecond";
}

// ---- addresses ----

TEST(Senders, EachIsNewOnce) {
  Senders senders;
  const auto sender = [](int n) {
    return *net::SockAddr::numeric("127.0.0.1", static_cast<std::uint16_t>(n));
  };
  EXPECT_TRUE(senders.add(sender(1)));
  EXPECT_FALSE(senders.add(sender(1)));
  EXPECT_TRUE(senders.add(sender(2)));
  EXPECT_FALSE(senders.add(sender(1)));
  for (int n = 3; n < 3 + static_cast<int>(Senders::kMost); ++n)
    EXPECT_TRUE(senders.add(sender(n)));
  EXPECT_TRUE(senders.add(sender(1))) << "forgotten";
  EXPECT_TRUE(Senders().add(net::SockAddr())) << "a Unix client without a name";
}

TEST(Multicast, AddressesAndInterfaces) {
  for (const char* group : {"224.0.0.1", "239.255.255.250", "ff02::fb", "ff0e::1"})
    EXPECT_TRUE(is_multicast(*net::SockAddr::numeric(group, 1))) << group;
  for (const char* host : {"127.0.0.1", "223.255.255.255", "240.0.0.1", "255.255.255.255", "::1"})
    EXPECT_FALSE(is_multicast(*net::SockAddr::numeric(host, 1))) << host;
  EXPECT_FALSE(is_multicast(net::SockAddr()));
  struct Case {
    const char* host;
    const char* rest;
    bool found;
  };
  const Case table[] = {
      {"239.1.2.3", "239.1.2.3", true},   {"239.1.2.3%lo", "239.1.2.3", true},
      {"239.1.2.3%1", "239.1.2.3", true}, {"239.1.2.3%typo", "239.1.2.3%typo", false},
      {"ff02::1%lo", "ff02::1%lo", true}, {"ff02::1%typo", "ff02::1%typo", false},
      {"host%name", "host%name", true},   {"239.1.2.3%", "239.1.2.3%", false},
  };
  for (const Case& row : table) {
    std::string host = row.host;
    Interface interface;
    const net::Error e = take_interface(host, interface);
    EXPECT_EQ(!e, row.found) << row.host;
    EXPECT_EQ(host, row.rest);
  }
}

}  // namespace
}  // namespace netcat
