// What netcat runs, and what the program is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "tools/netcat/program/command.h"
#include "tools/netcat/program/environment.h"

namespace netcat {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

TEST(NetcatProgram, WordsAreSplitAtBlanks) {
  EXPECT_THAT(Command::words("cat").argv, ElementsAre("cat"));
  EXPECT_THAT(Command::words("  a\tb  -c ").argv, ElementsAre("a", "b", "-c"));
  EXPECT_THAT(Command::words("a 'b c' \\").argv, ElementsAre("a", "'b", "c'", "\\"));
  EXPECT_THAT(Command::words(" \t").argv, IsEmpty());
  EXPECT_FALSE(Command::words("").given());
  EXPECT_THAT(Command::shell("a b").argv, ElementsAre("sh", "-c", "a b"));
}

TEST(NetcatProgram, IsFoundAsTheShellFindsIt) {
  const struct {
    const char* words;
    const char* search_path;
    int error;
    const char* path;
  } rows[] = {
      {"sh", "/nonexistent:/bin", 0, "/bin/sh"},
      {"sh", "/bin", 0, "/bin/sh"},
      {"sh", "/nonexistent", -ENOENT, ""},
      {"sh", "", -ENOENT, ""},
      {"/bin/sh", "", 0, "/bin/sh"},
      {"/nonexistent/sh", "/bin", -ENOENT, ""},
      {"/etc/passwd", "", -EACCES, ""},
      {"/etc", "", -EACCES, ""},
      {"passwd", "/etc:/nonexistent", -EACCES, ""},
      {"bin", "/", -EACCES, ""},
  };
  for (const auto& row : rows) {
    Command command = Command::words(row.words);
    EXPECT_EQ(command.find(row.search_path).code(), row.error) << row.words;
    if (row.error == 0) {
      EXPECT_EQ(command.path, row.path);
    }
  }
}

TEST(NetcatProgram, EnvironmentHasTheFactsUnderThreeNames) {
  const char* base[] = {"HOME=/root", nullptr};
  const ConnectionFacts facts{"TCP", "10.0.0.1", "5000", "10.0.0.2", "80", {{"TLS_SNI", "a\x1b"}}};
  EXPECT_THAT(
      environment_of(base, facts),
      UnorderedElementsAre(
          "HOME=/root", "NETCAT_PROTO=TCP", "NETCAT_REMOTE_ADDR=10.0.0.1",
          "NETCAT_REMOTE_PORT=5000", "NETCAT_LOCAL_ADDR=10.0.0.2", "NETCAT_LOCAL_PORT=80",
          "NCAT_PROTO=TCP", "NCAT_REMOTE_ADDR=10.0.0.1", "NCAT_REMOTE_PORT=5000",
          "NCAT_LOCAL_ADDR=10.0.0.2", "NCAT_LOCAL_PORT=80", "PROTO=TCP", "TCPREMOTEIP=10.0.0.1",
          "TCPREMOTEPORT=5000", "TCPLOCALIP=10.0.0.2", "TCPLOCALPORT=80", "NETCAT_TLS_SNI=a\\x1b"));
}

TEST(NetcatProgram, EnvironmentForgetsWhatAnOuterNetcatHasSaid) {
  const char* base[] = {"PROTO=UDP",
                        "TCPREMOTEIP=x",
                        "NETCAT_TLS_VERSION=x",
                        "NCAT_PROTO=x",
                        "NETCAT_PROXY_PASSWORD=x",
                        "TCPREMOTEHOST=x",
                        "NETCAT_COPY=1",
                        nullptr};
  const auto environment = environment_of(base, {"UNIX", "", "", "/run/x", "", {}});
  EXPECT_THAT(environment,
              UnorderedElementsAre("TCPREMOTEHOST=x", "NETCAT_COPY=1", "NETCAT_PROTO=UNIX",
                                   "NETCAT_LOCAL_ADDR=/run/x", "NCAT_PROTO=UNIX",
                                   "NCAT_LOCAL_ADDR=/run/x", "PROTO=UNIX"));
}

}  // namespace
}  // namespace netcat
