// The FILE.db store: what is in the file, and what goes wrong with it.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "counterd_store_test.h"
#include "faulty_disk.h"
#include "other_connection.h"

namespace counterd {
namespace {

using net::Task;
using net::WaitGroup;

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t files_in(const std::string& directory) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(directory)) ++count;
  return count;
}

class SqliteStore : public testing::Test {
 protected:
  Opened open(std::uint64_t max_counters = 1'000'000) const {
    return started(open_sqlite_store({.place = path(), .limits = {.max_counters = max_counters}}));
  }
  std::string path() const { return dir_.file("counters.db"); }
  // Opening says so, and neither the file nor its directory changes.
  void expect_refused(const std::string& why) const {
    const std::string before = content(path());
    EXPECT_EQ(open().why, path() + ": " + why);
    EXPECT_TRUE(content(path()) == before);
    EXPECT_EQ(files_in(dir_.file("")), 1U);
  }
  const net::TempDir dir_;
};

Task<> make_two(Store& store) {
  Command brief = inc("brief", -2);
  brief.ttl = std::chrono::hours(1);
  (void)co_await told(store, set("x", 7));  // what follows looks at them
  (void)co_await told(store, brief);
}

Task<> expect_two(Store& store) {
  const std::string all = co_await listed(store, "", nullptr);
  EXPECT_EQ(all, "brief=-2 x=7");
  const Outcome brief = co_await ask(store, get("brief"));
  EXPECT_EQ(brief.counter.expires, brief.counter.changed + std::chrono::hours(1));
}

TEST_F(SqliteStore, FindsWhatItLeft) {
  with_store(open(), make_two);
  with_store(open(), expect_two);
}

TEST_F(SqliteStore, IsReadByOtherConnectionElseMeanwhile) {
  const Time before = now();
  const Opened opened = open();
  with_store(opened, make_two);
  OtherConnection other(path());
  EXPECT_EQ(other.run("SELECT name, value, expires - changed FROM counters"),
            "brief|-2|3600000 x|7|");
  EXPECT_GE(std::stoll(other.run("SELECT changed FROM counters WHERE name = 'x'")),
            before.time_since_epoch().count());
  EXPECT_EQ(other.run("PRAGMA user_version"), "1");
  EXPECT_EQ(other.run("PRAGMA application_id"), "2004186211");
  EXPECT_EQ(other.run("PRAGMA journal_mode"), "wal");
}

// ---- whose file it is ----

TEST_F(SqliteStore, IsOpenOnce) {
  const Opened opened = open();
  EXPECT_EQ(open().why, path() + ": another counterd has it open");
  std::filesystem::create_symlink(path(), dir_.file("other.db"));
  const Opened other =
      open_sqlite_store({.place = dir_.file("other.db"), .limits = {.max_counters = 1}});
  EXPECT_EQ(other.why, dir_.file("other.db") + ": another counterd has it open");
}

TEST_F(SqliteStore, TakesAnEmptyFile) {
  std::ofstream(path()).close();
  with_store(open(), make_two);
  with_store(open(), expect_two);
}

TEST_F(SqliteStore, MakesAgainWhatWasKilledInTheMaking) {
  bool killed = true;
  int step = 0;
  while (killed) {
    ++step;
    const FaultyDisk disk;
    const pid_t child = fork();
    if (child == 0) {
      FaultyDisk::killed_at = step;
      _exit(open().why.empty() ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    killed = WIFSIGNALED(status);
    EXPECT_TRUE(killed || status == 0) << step;
    with_store(open(), make_two);
    with_store(open(), expect_two);
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path() + suffix);
    ASSERT_EQ(files_in(dir_.file("")), 0U) << step;
  }
  EXPECT_GT(step, 10);
}

TEST_F(SqliteStore, RefusesAFileThatIsNoDatabase) {
  for (const std::size_t size : {1U, 99U, 100U, 5000U}) {
    std::ofstream(path()) << std::string(size, 'x');
    expect_refused("not a database of counterd");
  }
}

TEST_F(SqliteStore, RefusesAForeignDatabase) {
  OtherConnection(path()).run("CREATE TABLE counters(name, value, changed, expires)");
  expect_refused("a database, but not one of counterd");
}

// A write-ahead log that another program's crash has left would be taken in by SQLite.
TEST_F(SqliteStore, LeavesTheLogOfAForeignDatabaseAlone) {
  {
    OtherConnection other(dir_.file("foreign.db"));
    other.run("PRAGMA journal_mode = WAL; CREATE TABLE t(x); INSERT INTO t VALUES (1)");
    std::filesystem::copy(dir_.file("foreign.db"), path());
    std::filesystem::copy(dir_.file("foreign.db-wal"), path() + "-wal");
  }
  std::filesystem::remove(dir_.file("foreign.db"));
  const std::string log = content(path() + "-wal");
  EXPECT_NE(open().why, "");
  EXPECT_EQ(content(path() + "-wal"), log);
  EXPECT_EQ(files_in(dir_.file("")), 2U);
}

TEST_F(SqliteStore, RefusesAnotherSchema) {
  with_store(open(), make_two);
  OtherConnection(path()).run("PRAGMA user_version = 2");
  expect_refused("created by another version of counterd (schema 2)");
}

TEST_F(SqliteStore, RefusesAnotherTable) {
  const std::string ours = "PRAGMA application_id = 2004186211; PRAGMA user_version = 1;";
  for (const char* table : {"", "CREATE TABLE counters(name, value, changed, expires)",
                            "CREATE TABLE counters(name PRIMARY KEY, value, changed)",
                            "CREATE TABLE counters(name PRIMARY KEY, value, changed, expires, x)",
                            "CREATE VIEW counters AS SELECT 1 AS name, 2 AS value"}) {
    OtherConnection(path()).run(ours + table);
    expect_refused("its table of counters has an unknown schema");
    std::filesystem::remove(path());
  }
}

TEST_F(SqliteStore, RefusesWhatCannotBeOpened) {
  std::filesystem::create_directory(path());
  EXPECT_EQ(open().why, path() + ": illegal operation on a directory");
  const Opened opened =
      open_sqlite_store({.place = "/nonexistent/x.db", .limits = {.max_counters = 1}});
  EXPECT_EQ(opened.why, "/nonexistent/x.db: no such file or directory");
  const Opened device = open_sqlite_store({.place = "/dev/null", .limits = {.max_counters = 1}});
  EXPECT_EQ(device.why, "/dev/null: not a regular file");
}

TEST_F(SqliteStore, RefusesACorruptFile) {
  with_store(open(), make_two);
  std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096);  // the page of the table
  file << std::string(4096, 'x');
  file.close();
  expect_refused("database disk image is malformed");
}

TEST_F(SqliteStore, RefusesRowsThatAreNoCounters) {
  for (const char* row : {"('', 1, 1, NULL)", "(char(10), 1, 1, NULL)", "(x'ff', 1, 1, NULL)",
                          "('y', 'seven', 1, NULL)"}) {
    with_store(open(), make_two);
    OtherConnection(path()).run(std::string("INSERT INTO counters VALUES ") + row);
    EXPECT_EQ(open().why, path() + ": it has a row that is not a counter") << row;
    std::filesystem::remove(path());
  }
}

// ---- groups ----

constexpr int kClients = 200;

Task<> increment_once(Store& store) {
  const Outcome outcome = co_await ask(store, inc("x"));
  EXPECT_EQ(outcome.status, Outcome::kDone);
}

Task<> increment_together(Store& store) {
  WaitGroup clients;
  for (int i = 0; i < kClients; ++i) clients.go(increment_once(store));
  co_await clients.wait();
  const std::string result = co_await told(store, get("x"));
  EXPECT_EQ(result, std::to_string(kClients));
}

TEST_F(SqliteStore, CommitsWhatWaitsTogether) {
  const FaultyDisk disk;
  const Opened opened = open();
  FaultyDisk::syncs = 0;
  with_store(opened, increment_together);
  EXPECT_GE(FaultyDisk::syncs, 1);
  EXPECT_LT(FaultyDisk::syncs, kClients / 4);
}

// ---- trouble ----

Task<> fail_and_recover(Store& store) {
  const struct {
    std::atomic<int>& fault;
    int code;
    std::string result;
  } faults[] = {
      {FaultyDisk::write_error, SQLITE_FULL, "no space: database or disk is full"},
      {FaultyDisk::write_error, SQLITE_IOERR_WRITE, "unavailable: disk I/O error"},
      {FaultyDisk::write_error, SQLITE_READONLY,
       "unavailable: attempt to write a readonly database"},
      {FaultyDisk::sync_error, SQLITE_IOERR_FSYNC,
       "unavailable: disk I/O error; after a restart the change may have been made"},
  };
  (void)co_await told(store, set("x", 7));  // seen below
  for (const auto& [fault, code, result] : faults) {
    fault = code;
    for (const Command& command : {inc("x"), set("y", 1), remove("x")}) {
      const std::string failed = co_await told(store, command);
      EXPECT_EQ(failed.substr(0, result.size()), result);
    }
    const std::string unchanged = co_await listed(store, "", nullptr);
    EXPECT_EQ(unchanged, "x=7");
    const Outcome failing = co_await store.check();
    EXPECT_EQ(shown(failing).substr(0, result.size()), result);
    const std::string missing = co_await told(store, remove("z"));
    EXPECT_EQ(missing, "not found");
    fault = SQLITE_OK;
    const Outcome ready = co_await store.check();
    EXPECT_EQ(ready.status, Outcome::kDone) << ready.why;
    const std::string recovered = co_await told(store, inc("x", 0));
    EXPECT_EQ(recovered, "7");
  }
}

TEST_F(SqliteStore, AcknowledgesNothingThatIsNotOnTheDisk) {
  const FaultyDisk disk;
  with_store(open(), fail_and_recover);
  OtherConnection other(path());
  EXPECT_EQ(other.run("SELECT name, value FROM counters"), "x|7");
}

Task<> fail_then_succeed(Store& store) {
  (void)co_await told(store, set("x", 7));  // seen at the end
  FaultyDisk::sync_error = SQLITE_IOERR_FSYNC;
  const std::string failed = co_await told(store, inc("x"));
  EXPECT_TRUE(failed.starts_with("unavailable: ")) << failed;
  FaultyDisk::sync_error = SQLITE_OK;
  const std::string done = co_await told(store, set("y", 1));
  EXPECT_EQ(done, "1");
}

// As a recovery sees it after a kill.
TEST_F(SqliteStore, OverwritesAFailedChangeWithTheNext) {
  const FaultyDisk disk;
  const Opened opened = open();
  with_store(opened, fail_then_succeed);
  for (const char* suffix : {"", "-wal"})
    std::filesystem::copy(path() + suffix, dir_.file("copy.db") + suffix);
  EXPECT_EQ(OtherConnection(dir_.file("copy.db")).run("SELECT name, value FROM counters"),
            "x|7 y|1");
}

Task<> expect_locked(Store& store) {
  const std::string result = co_await told(store, inc("x"));
  EXPECT_EQ(result, "unavailable: database is locked");
  const std::string unchanged = co_await told(store, get("x"));
  EXPECT_EQ(unchanged, "7");
}

TEST_F(SqliteStore, SaysSoWhenOtherConnectionElseHasItLocked) {
  const Opened opened = open();
  with_store(opened, make_two);
  OtherConnection other(path());
  other.run("BEGIN IMMEDIATE");
  with_store(opened, expect_locked);
  other.run("ROLLBACK");
  with_store(opened, expect_two);
}

Task<int> end_while_locked(net::Loop& loop, Store& store) {
  WaitGroup group;
  group.go(store.run());
  group.go(expect_locked(store));
  (void)co_await net::sleep(loop, Millis(100));
  loop.cancel_all();
  co_await group.wait();
  co_return 0;
}

// What the process waits for when it is to end, it waits for after the drain.
TEST_F(SqliteStore, WaitsForNobodyWhenItIsToEnd) {
  const Opened opened = open();
  with_store(opened, make_two);
  OtherConnection other(path());
  other.run("BEGIN IMMEDIATE");
  const net::Stopwatch watch;
  {
    net::Loop loop;
    const auto store = opened.make(loop);
    EXPECT_EQ(loop.run(end_while_locked(loop, *store)), 0);
  }
  EXPECT_LT(watch.elapsed(), Millis(1'900));  // 2 s, if it waited
  other.run("ROLLBACK");
  with_store(opened, expect_two);
}

Task<> expect_moved(Store& store) {
  const std::string result = co_await told(store, inc("x"));
  EXPECT_EQ(result, "unavailable: its file has been moved or removed");
  const Backup backup = co_await store.backup();
  EXPECT_EQ(backup.status, Outcome::kUnavailable);
}

TEST_F(SqliteStore, NoticesThatItsFileIsGone) {
  const Opened opened = open();
  with_store(opened, make_two);
  std::filesystem::rename(path(), dir_.file("moved.db"));
  with_store(opened, expect_moved);
  std::ofstream(path()).close();
  with_store(opened, expect_moved);
  std::filesystem::rename(dir_.file("moved.db"), path());
  with_store(opened, expect_two);
}

Task<> increment_x(Store& store) {
  const std::string result = co_await told(store, inc("x"));
  EXPECT_EQ(result, "42");
  const std::string all = co_await listed(store, "", nullptr);
  EXPECT_EQ(all, "brief=-2 new=1 x=42");
}

TEST_F(SqliteStore, TakesOverWhatOtherConnectionElseHasChanged) {
  const Opened opened = open();
  with_store(opened, make_two);
  OtherConnection(path()).run(
      "UPDATE counters SET value = 41 WHERE name = 'x'; INSERT INTO counters VALUES ('new', 1, 1, "
      "NULL)");
  with_store(opened, increment_x);
}

Task<> make_brief(Store& store) {
  Command brief = inc("brief");
  brief.ttl = std::chrono::hours(1);
  (void)co_await ask(store, brief);
  SetClock::pass(brief.ttl);
}

Task<> expect_nothing_then_one(Store& store) {
  const std::string nothing = co_await listed(store, "", nullptr);
  EXPECT_EQ(nothing, "");
  const std::string other = co_await told(store, inc("other"));
  EXPECT_EQ(other, "1");
}

TEST_F(SqliteStore, RemovesWhatHasExpiredFromTheFileToo) {
  const SetClock clock;
  StoreOptions options{.place = path(), .limits = {.max_counters = 1}, .clock = SetClock::now};
  with_store(started(open_sqlite_store(options)), make_brief);
  with_store(started(open_sqlite_store(options)), expect_nothing_then_one);
  EXPECT_EQ(OtherConnection(path()).run("SELECT name FROM counters"), "other");
}

}  // namespace
}  // namespace counterd
