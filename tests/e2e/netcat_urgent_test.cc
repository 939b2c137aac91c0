// Urgent data (MSG_OOB) is dropped; it neither ends nor stalls the stream, whatever netcat writes
// to, and however it moves the bytes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <string>
#include <tuple>

#include "session.h"

namespace e2e {
namespace {

using Place = std::tuple<const char*, const char*>;  // standard output, NETCAT_COPY

class NetcatUrgent : public testing::TestWithParam<Place> {
 protected:
  std::string kind() const { return std::get<0>(GetParam()); }
  std::string copies() const { return std::get<1>(GetParam()); }
  Spawn spawn() {
    Stdio out = Stdio::pipe();
    if (kind() == "File") out = Stdio::file(dir_.path("out"));
    if (kind() == "Null") out = Stdio::null();
    if (kind() == "Append") out = Stdio::fd(appended_);
    return {.in = Stdio::pipe(), .out = out, .env = {"NETCAT_COPY=" + copies()}};
  }
  std::string printed(const Outcome& end) const {
    return kind() == "Pipe" ? end.out : kind() == "Null" ? "" : read_file(dir_.path("out"));
  }

 private:
  TempDir dir_;
  Fd appended_ = open_file(dir_.path("out"), O_WRONLY | O_CREAT | O_APPEND);
};

std::string place_name_of(const testing::TestParamInfo<Place>& test) {
  const auto [out, copies] = test.param;
  return out + std::string(*copies != '\0' ? "Copied" : "");
}

INSTANTIATE_TEST_SUITE_P(To, NetcatUrgent,
                         testing::Combine(testing::Values("Pipe", "File", "Null", "Append"),
                                          testing::Values("", "1")),
                         place_name_of);

TEST_P(NetcatUrgent, ByteIsDroppedAndTheRestGoesOn) {
  const Millis all_along = Millis(1000);
  Session s({}, spawn());
  s.peer.send("one ");
  s.peer.send_urgent('!');
  const Millis before = s.netcat.cpu_time();
  EXPECT_TRUE(s.netcat.lives_for(all_along));
  EXPECT_LT(s.netcat.cpu_time() - before, all_along / 4) << "it does not wait, but spins";
  s.peer.send("two ");
  s.peer.send_urgent('!');
  s.peer.send("three\n");
  s.netcat.in.send("still connected\n");
  EXPECT_EQ(s.peer.line(), "still connected");
  s.netcat.in.close();
  EXPECT_EQ(s.peer.rest(), "");
  s.peer.close();
  const Outcome end = finish(s.netcat);
  EXPECT_EQ(end.status, 0) << end.err;
  EXPECT_EQ(printed(end), kind() == "Null" ? "" : "one two three\n");
}

TEST_P(NetcatUrgent, ByteMayBeTheFirstAndTheLast) {
  Session s({}, spawn());
  s.peer.send_urgent('!');
  s.peer.send("all\n");
  s.peer.send_urgent('!');
  s.peer.finish();
  const Outcome end = finish(s.netcat);
  EXPECT_EQ(end.status, 0) << end.err;
  EXPECT_EQ(printed(end), kind() == "Null" ? "" : "all\n");
}

}  // namespace
}  // namespace e2e
