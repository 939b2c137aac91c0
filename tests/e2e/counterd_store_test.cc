// What counterd's stores promise: no increment lost under load, and in FILE.db none after it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <ostream>
#include <string>

#include "counterd.h"

namespace e2e {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// ---- the real ab ----

struct Load {
  std::string store;
  int threads;
  bool keep_alive;
};

void PrintTo(const Load& load, std::ostream* out) {
  *out << load.store << ", " << load.threads << " threads" << (load.keep_alive ? ", -k" : "");
}

class CounterdLoad : public testing::TestWithParam<Load> {};

INSTANTIATE_TEST_SUITE_P(All, CounterdLoad,
                         testing::Values(Load{"memory", 1, false}, Load{"memory", 1, true},
                                         Load{"memory", 2, false}, Load{"memory", 2, true},
                                         Load{"file", 1, false}, Load{"file", 1, true},
                                         Load{"file", 2, false}, Load{"file", 2, true}),
                         [](const auto& load) {
                           return load.param.store + (load.param.threads > 1 ? "Threads" : "") +
                                  (load.param.keep_alive ? "KeepAlive" : "");
                         });

TEST_P(CounterdLoad, OfAbLosesNothing) {
  const TempDir dir;
  const Load& load = GetParam();
  const std::string place = load.store == "file" ? dir.path("counters.db") : load.store;
  Counterd counterd({"-q", "--store", place, "-t", std::to_string(load.threads)});
  expect_ab(counterd, "/inc?name=i", 20000, 200, load.keep_alive ? "-k" : "");
  EXPECT_EQ(counterd.body("/get?name=i"), "i: 20000\n");
  EXPECT_EQ(counterd.stop(), 0);
}

// ---- FILE.db ----

class CounterdFile : public testing::Test {
 protected:
  std::string path() const { return dir_.path("counters.db"); }
  std::vector<std::string> options() const { return {"-q", "--store", path()}; }
  // Starts another, which ends with status 8 and this sentence.
  void expect_refused(const std::string& why) const {
    const Outcome outcome = run({"counterd", "--store", path(), "127.0.0.1:0"});
    EXPECT_EQ(outcome.status, 8);
    EXPECT_EQ(outcome.err, "counterd: " + path() + ": " + why + "\n");
  }
  const TempDir dir_;
};

TEST_F(CounterdFile, KeepsWhatItHasAcknowledged) {
  {
    Counterd counterd(options());
    EXPECT_EQ(counterd.body("/inc?name=x&by=7"), "ok\n");
    EXPECT_EQ(counterd.stop(), 0);
  }
  {
    Counterd counterd(options());
    EXPECT_EQ(counterd.body("/inc?name=x&return=new"), "x: 8\n");
    counterd.signal(SIGKILL);
    EXPECT_EQ(counterd.wait(), 128 + SIGKILL);
  }
  const Counterd counterd(options());
  EXPECT_EQ(counterd.body("/get?name=x"), "x: 8\n");
  EXPECT_EQ(counterd.body("/list"), "x: 8\n");
}

TEST_F(CounterdFile, IsReadBySqlite3Meanwhile) {
  const Counterd counterd(options());
  EXPECT_EQ(counterd.body("/inc?name=x&by=7"), "ok\n");
  const Outcome outcome = run({"sqlite3", path(), "select * from counters"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, testing::MatchesRegex("x\\|7\\|[0-9]{13}\\|\n"));
  EXPECT_EQ(counterd.body("/inc?name=x&return=new"), "x: 8\n");
}

TEST_F(CounterdFile, HasOneCounterd) {
  const Counterd counterd(options());
  expect_refused("another counterd has it open");
  EXPECT_EQ(counterd.body("/inc?name=x"), "ok\n");
}

TEST_F(CounterdFile, ThatIsNotOursIsLeftAlone) {
  const std::string letter = "Dear diary,\n" + noise(5000);
  dir_.file("counters.db", letter);
  const auto before = std::filesystem::last_write_time(path());
  expect_refused("not a database of counterd");
  EXPECT_EQ(read_file(path()), letter);
  EXPECT_EQ(std::filesystem::last_write_time(path()), before);
  std::filesystem::remove(path());
  EXPECT_EQ(run({"sqlite3", path(), "create table t(x)"}).status, 0);
  const std::string foreign = read_file(path());
  expect_refused("a database, but not one of counterd");
  EXPECT_EQ(read_file(path()), foreign);
  EXPECT_FALSE(std::filesystem::exists(path() + "-wal"));
}

TEST_F(CounterdFile, IsExportedAndImported) {
  {
    Counterd counterd(options());
    EXPECT_EQ(counterd.body("/inc?name=x&by=7"), "ok\n");
    expect_refused("another counterd has it open");
    EXPECT_EQ(counterd.stop(), 0);
  }
  const Outcome printed = run({"counterd", "--store", path(), "--export"});
  EXPECT_EQ(printed.status, 0) << printed.err;
  EXPECT_THAT(printed.out, StartsWith("[\n{\"name\":\"x\",\"value\":7,\"changed\":"));
  const std::string file = dir_.file("list.json", printed.out);
  const Outcome again =
      run({"counterd", "--store", dir_.path("other.db"), "--import", file, "--export"});
  EXPECT_EQ(again.out, printed.out);
}

// Otherwise the backup of a mistyped name would be empty, with status 0.
TEST_F(CounterdFile, ThatDoesNotExistIsNotExported) {
  const Outcome outcome = run({"counterd", "--store", path(), "--export"});
  EXPECT_EQ(outcome.status, 8);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "counterd: " + path() + ": no such file or directory\n");
  EXPECT_FALSE(std::filesystem::exists(path()));
  EXPECT_EQ(run({"counterd", "--store", path(), "--start", "x=1", "--export"}).status, 0);
}

TEST_F(CounterdFile, EndsInGoodOrderUnderLoad) {
  Counterd counterd(options());
  Process ab({"ab", "-q", "-k", "-r", "-n", "1000000", "-c", "50", url(counterd, "/inc?name=i")});
  wait_until("some increments", [&] { return counterd.ask("/get?name=i").code == 200; });
  EXPECT_EQ(counterd.stop(), 0);
}

// A file system of one megabyte that fills up.
TEST_F(CounterdFile, OnAFullDiskSaysSoAndRecovers) {
  const std::string script = R"(
    mount -t tmpfs -o size=1m none "$1" || exit 1
    coproc counterd -q --print-port --store "$1/counters.db" 127.0.0.1:0
    daemon=$COPROC_PID
    read -r port <&"${COPROC[0]}"
    ask() { curl -s -o /dev/stdout -w ' %{http_code}\n' --noproxy '*' "http://127.0.0.1:$port$1"; }
    ask '/set?name=x&val=7'
    dd if=/dev/zero of="$1/filler" bs=4096 2> /dev/null
    said=$(curl -qs --fail-with-body --fail-early -w ' %{http_code} %{url_effective}\n' \
      --noproxy '*' "http://127.0.0.1:$port/inc?name=y[1-1000]" | tail -n 2)
    echo "${said% *}"  # what the log had room for was still taken
    ask '/get?name=x'
    ask "/get?${said##*\?}"
    ask /readyz > /dev/null
    ask "/inc?${said##*\?}"
    ask /metrics | grep '{name="x"} 7'
    rm "$1/filler"
    ask '/inc?name=x&return=new'
    kill $daemon && wait $daemon)";
  if (shell("unshare -rm mount -t tmpfs none /mnt").status != 0)
    GTEST_SKIP() << "no mount in a namespace of one's own";
  const std::string file = dir_.file("script", script);
  const Outcome outcome = shell("unshare -rm bash " + file + " " + dir_.path(""));
  EXPECT_THAT(outcome.out, testing::MatchesRegex("ok\n 200\n"
                                                 "the store is full: [^\n]*\n 507\n"
                                                 "x: 7\n 200\n"
                                                 "y[0-9]+ not found\n 404\n"
                                                 "the store is full: [^\n]*\n 507\n"
                                                 "counterd_value.name=.x.. 7\n"
                                                 "x: 8\n 200\n"))
      << outcome.err;
  const std::string line = "counters.db: database or disk is full\n";
  EXPECT_THAT(outcome.err, HasSubstr(line));
  EXPECT_EQ(outcome.err.find(line), outcome.err.rfind(line)) << "it is logged once";
}

TEST_F(CounterdFile, AFullDiskAtTheStartIsOneSentence) {
  const std::string script = R"(mount -t tmpfs -o size=200k none "$1" && cd "$1"
    counterd --store full.db $(seq -f "--start=$(printf 'x%.0s' {1..200})%.0f=1" 500) --export)";
  if (shell("unshare -rm mount -t tmpfs none /mnt").status != 0)
    GTEST_SKIP() << "no mount in a namespace of one's own";
  const std::string file = dir_.file("script", script);
  const Outcome outcome = shell("unshare -rm bash " + file + " " + dir_.path(""));
  EXPECT_EQ(outcome.status, 8);
  EXPECT_EQ(outcome.err, "counterd: full.db: database or disk is full\n");
}

}  // namespace
}  // namespace e2e
