// The FILE.db store: the files that hold its promise, and what others do to them.
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

class SqliteFiles : public testing::Test {
 protected:
  Opened open() const {
    return started(open_sqlite_store({.place = path(), .limits = {.max_counters = 2'000'000}}));
  }
  std::string path() const { return dir_.file("counters.db"); }
  // What a process leaves that is killed: `body` with a store that is never closed.
  void kill_after(StoreBody body) const {
    const pid_t child = fork();
    if (child == 0) {
      with_store(open(), body);
      _exit(2);  // `body` is to end it
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << status;
  }
  SqliteFiles() { setenv("COUNTERD_TEST_PATH", path().c_str(), 1); }  // for what has no captures
  const net::TempDir dir_;
};

std::string path_of_test() { return getenv("COUNTERD_TEST_PATH"); }

Task<> set_x(Store& store, std::int64_t value) {
  const std::string result = co_await told(store, set("x", value));
  EXPECT_EQ(result, std::to_string(value));
}

Task<> expect_x(Store& store, std::int64_t value) {
  const std::string result = co_await told(store, get("x"));
  EXPECT_EQ(result, std::to_string(value));
}

Task<> set_7(Store& store) { return set_x(store, 7); }
Task<> set_8(Store& store) { return set_x(store, 8); }
Task<> expect_8(Store& store) { return expect_x(store, 8); }
Task<> expect_7(Store& store) { return expect_x(store, 7); }

Task<> die_at_7(Store& store) {
  co_await set_x(store, 7);
  (void)raise(SIGKILL);
}

// ---- lost while it is open ----

// What is on the disk now, as a restart after a kill would see it.
std::string values_on_disk(const std::string& path, const std::string& copy) {
  for (const char* suffix : {"", "-wal"})
    if (std::filesystem::exists(path + suffix))
      std::filesystem::copy(path + suffix, copy + suffix,
                            std::filesystem::copy_options::overwrite_existing);
  return OtherConnection(copy).run("SELECT name, value FROM counters");
}

Task<> set_y(Store& store) {
  const std::string result = co_await told(store, set("y", 1));
  EXPECT_EQ(result, "1");
}

TEST_F(SqliteFiles, MakesALogAgainThatIsGone) {
  constexpr auto kOver = std::ios::in | std::ios::out;
  const std::function<void()> losses[] = {
      [this] { std::filesystem::remove(path() + "-wal"); },
      [this] { std::filesystem::remove(path() + "-shm"); },
      [this] {
        for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(path() + suffix);
      },
      [this] { std::filesystem::rename(path() + "-wal", dir_.file("elsewhere")); },
      [this] {
        std::filesystem::remove(path() + "-wal");
        std::ofstream(path() + "-wal") << std::string(5000, 'x');
      },
      [this] { std::filesystem::resize_file(path() + "-wal", 0); },
      [this] { std::filesystem::resize_file(path() + "-wal", 5000); },
      [this] { std::fstream(path() + "-wal", kOver) << std::string(3000, 'x'); },
      [this] { std::ofstream(path() + "-wal") << std::string(100'000, 'x'); },
      [this] {
        OtherConnection other(dir_.file("other.db"));
        (void)other.run("PRAGMA journal_mode = WAL; CREATE TABLE t (a); CREATE TABLE u (a)");
        std::ofstream(path() + "-wal") << std::ifstream(dir_.file("other.db-wal")).rdbuf();
      }};
  for (const auto& lose : losses) {
    SCOPED_TRACE(&lose - losses);
    const Opened opened = open();
    with_store(opened, set_7);
    lose();
    with_store(opened, set_y);
    EXPECT_EQ(values_on_disk(path(), dir_.file("copy.db")), "x|7 y|1");
    with_store(opened, set_8);
    EXPECT_EQ(values_on_disk(path(), dir_.file("copy.db")), "x|8 y|1");
  }
  with_store(open(), expect_8);
}

Task<> expect_cut(Store& store) {
  const Outcome outcome = co_await ask(store, set("y", 1));
  EXPECT_EQ(outcome.status, Outcome::kUnavailable);
  EXPECT_EQ(outcome.why, "its file has been truncated");
}

TEST_F(SqliteFiles, ChangesNothingInAFileThatIsCut) {
  for (const unsigned size : {0U, 100U, 4096U}) {
    const Opened opened = open();
    with_store(opened, set_7);
    std::filesystem::resize_file(path(), size);
    with_store(opened, expect_cut);
    with_store(opened, expect_7);
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path() + suffix);
  }
}

TEST_F(SqliteFiles, IsNotCutByAVacuum) {
  const Opened opened = open();
  with_store(opened, set_7);
  OtherConnection other(path());
  (void)other.run(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
      "INSERT INTO counters SELECT 'n' || i, i, 0, NULL FROM n");
  (void)other.run("PRAGMA wal_checkpoint(TRUNCATE)");
  const auto large = std::filesystem::file_size(path());
  with_store(opened, set_8);
  (void)other.run("DELETE FROM counters WHERE name != 'x'");
  (void)other.run("VACUUM");
  (void)other.run("PRAGMA wal_checkpoint(TRUNCATE)");
  EXPECT_LT(std::filesystem::file_size(path()), large);
  with_store(opened, set_7);
}

Task<> increment_slowly(Store& store, std::string name, int& done) {
  for (int i = 0; i < 50; ++i) {
    const Outcome outcome = co_await ask(store, inc(name));
    done += outcome.status == Outcome::kDone ? 1 : 0;
  }
}

Task<> increment_while_the_log_goes_away(Store& store) {
  int done = 0;
  for (int round = 0; round < 5; ++round) {
    WaitGroup clients;
    for (int i = 0; i < 10; ++i) clients.go(increment_slowly(store, "x", done));
    std::filesystem::remove(path_of_test() + "-wal");
    co_await clients.wait();
  }
  const std::string result = co_await told(store, get("x"));
  EXPECT_EQ(result, std::to_string(done));
  EXPECT_EQ(done, 2500);
}

TEST_F(SqliteFiles, LosesNothingThatIsAcknowledgedWhileALogGoesAway) {
  const Opened opened = open();
  with_store(opened, increment_while_the_log_goes_away);
  EXPECT_EQ(values_on_disk(path(), dir_.file("copy.db")), "x|2500");
}

// ---- what belongs together ----

TEST_F(SqliteFiles, TakesTheLogThatAKillHasLeft) {
  kill_after(die_at_7);
  EXPECT_TRUE(std::filesystem::exists(path() + "-wal"));
  with_store(open(), expect_7);
}

Task<> check_and_die_1(Store& store) {
  OtherConnection(path_of_test()).run("VACUUM INTO '" + path_of_test() + ".vacuumed'");
  return die_at_7(store);
}

TEST_F(SqliteFiles, RefusesTheLogOfAnotherFile) {
  with_store(open(), set_8);
  std::filesystem::copy(path(), dir_.file("stopped.db"));  // a copy of what was stopped
  kill_after(check_and_die_1);
  std::filesystem::copy(path() + ".vacuumed", dir_.file("vacuumed.db"));
  std::filesystem::copy(path(), dir_.file("killed.db"));
  std::filesystem::copy(path() + "-wal", dir_.file("killed.db-wal"));
  for (const char* backup : {"stopped.db", "vacuumed.db"}) {
    SCOPED_TRACE(backup);
    const std::string log = dir_.file("killed.db-wal");
    for (const char* suffix : {"", "-shm"}) std::filesystem::remove(path() + suffix);
    std::filesystem::copy(dir_.file(backup), path());
    std::filesystem::copy(log, path() + "-wal", std::filesystem::copy_options::overwrite_existing);
    EXPECT_EQ(open().why, path() + ": " + path() + "-wal is the log of another file" +
                              " (see counterd(8), Restoring)");
    std::filesystem::remove(path() + "-wal");
    with_store(open(), expect_8);
  }
  // Both together may go elsewhere.
  const Opened moved =
      started(open_sqlite_store({.place = dir_.file("killed.db"), .limits = {.max_counters = 9}}));
  with_store(moved, expect_7);
}

Task<> check_and_die_2(Store& store) {
  co_await expect_x(store, 6);
  co_await die_at_7(store);
}

// At the sqlite3 prompt, say, while counterd starts: killed later, it finds its own log.
TEST_F(SqliteFiles, TakesTheLogOfWhoHasTheFileOpen) {
  with_store(open(), set_8);
  OtherConnection other(path());
  other.run("UPDATE counters SET value = 6 WHERE name = 'x'");
  kill_after(check_and_die_2);
  with_store(open(), expect_7);
}

TEST_F(SqliteFiles, RefusesAFileWithTwoNames) {
  with_store(open(), set_7);
  std::filesystem::create_hard_link(path(), dir_.file("second.db"));
  EXPECT_EQ(open().why, path() + ": it has a second hard link");
  std::filesystem::remove(dir_.file("second.db"));
  with_store(open(), expect_7);
}

TEST_F(SqliteFiles, TakesAFileOfTheFirstEdition) {
  {
    OtherConnection(path()).run(
        "PRAGMA application_id = 2004186211; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;"
        "CREATE TABLE counters (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL,"
        " changed INTEGER NOT NULL, expires INTEGER) WITHOUT ROWID;"
        "INSERT INTO counters VALUES ('x', 7, 1, NULL)");
  }
  with_store(open(), expect_7);
  with_store(open(), set_8);
  with_store(open(), expect_8);
  EXPECT_EQ(OtherConnection(path()).run("PRAGMA user_version"), "1");
}

TEST_F(SqliteFiles, AreTheirOwnersAlone) {
  const Opened opened = open();
  with_store(opened, set_7);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat status = {};
    ASSERT_EQ(stat((path() + suffix).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U) << suffix;
  }
}

// ---- what others write ----

Task<> reread_after_another(Store& store) {
  const Outcome old = co_await ask(store, get("old"));
  EXPECT_EQ(old.counter.changed, Time(Millis(-500)));
  const std::string past = co_await told(store, get("past"));
  EXPECT_EQ(past, "not found") << "it has expired at 0, which is a time";
}

TEST_F(SqliteFiles, HaveTimesBefore1970) {
  with_store(open(), set_7);
  OtherConnection(path()).run(
      "INSERT INTO counters VALUES ('old', 1, -500, NULL), ('past', 1, 1, 0)");
  with_store(open(), reread_after_another);
}

constexpr int kRows = 20'000;

// Counters that take a while to be read again.
void fill(const std::string& path) {
  OtherConnection(path).run(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
      std::to_string(kRows) + ") INSERT INTO counters SELECT 'n' || i, i, 1, NULL FROM n");
}

Task<> refuse_then_take_over(Store& store) {
  const std::string refused = co_await told(store, inc("x"));
  EXPECT_TRUE(refused.starts_with("unavailable: another process has changed the file")) << refused;
  const std::string old = co_await told(store, get("x"));
  EXPECT_EQ(old, "7");
  std::string result = refused;
  while (result.starts_with("unavailable")) result = co_await told(store, inc("x"));
  EXPECT_EQ(result, "42");
}

TEST_F(SqliteFiles, RefusesChangesWhileItReadsManyCountersAgain) {
  with_store(open(), set_7);
  fill(path());
  const Opened opened = open();
  with_store(opened, expect_7);
  OtherConnection(path()).run("UPDATE counters SET value = 41 WHERE name = 'x'");
  with_store(opened, refuse_then_take_over);
  EXPECT_EQ(OtherConnection(path()).run("SELECT count(*) FROM counters"),
            std::to_string(kRows + 1));
}

// ---- tokens ----

Task<> do_once(Store& store) {
  Command command = inc("x");
  command.op = "token";
  command.others = {"y"};
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = co_await ask(store, command);
    EXPECT_EQ(shown(outcome), "1");
    EXPECT_EQ(outcome.others.size(), 1U);
    EXPECT_EQ(outcome.others[0].counter.value, 1);
  }
}

Task<> do_once_and_die(Store& store) {
  co_await do_once(store);
  (void)raise(SIGKILL);
}

TEST_F(SqliteFiles, RememberTokensAfterAKill) {
  kill_after(do_once_and_die);
  with_store(open(), do_once);
  with_store(open(), do_once);
}

Task<> keep_briefly(Store& store) {
  Command command = inc("x");
  command.op = "other";
  const std::string result = co_await told(store, command);
  EXPECT_EQ(result, "2");
}

TEST_F(SqliteFiles, ForgetTokensAfterTheirWindow) {
  with_store(open(), do_once);
  const auto brief = [this] {
    return started(open_sqlite_store(
        {.place = path(), .limits = {.max_counters = 9, .op_window = Millis(1)}}));
  };
  with_store(brief(), keep_briefly);
  EXPECT_EQ(OtherConnection(path()).run("SELECT token FROM operations"), "other");
}

// ---- backups ----

Task<> back_up_under_load(Store& store) {
  int done = 0;
  WaitGroup clients;
  for (int i = 0; i < 4; ++i) clients.go(increment_slowly(store, "x", done));
  Backup backup = co_await store.backup();
  EXPECT_EQ(backup.why, "");
  co_await clients.wait();
  const std::string copy = path_of_test() + ".backup";
  std::filesystem::copy("/proc/self/fd/" + std::to_string(backup.file.get()), copy);
  EXPECT_EQ(std::filesystem::file_size(copy), backup.bytes);
}

TEST_F(SqliteFiles, AreBackedUpWhileTheyChange) {
  with_store(open(), set_7);
  fill(path());
  with_store(open(), back_up_under_load);
  EXPECT_EQ(OtherConnection(path()).run("SELECT value FROM counters WHERE name = 'x'"), "207");
  const std::string copy = path() + ".backup";
  EXPECT_EQ(OtherConnection(copy).run("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(OtherConnection(copy).run("SELECT count(*) FROM counters"), std::to_string(kRows + 1));
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& file :
       std::filesystem::directory_iterator(std::filesystem::path(path()).parent_path()))
    ++files;
  EXPECT_EQ(files, 2U) << "the backup and the file";
}

// ---- a disk with little room ----

Task<> fill_up(Store& store) {
  FaultyDisk::write_error = SQLITE_FULL;
  const std::string full = co_await told(store, inc("x"));
  EXPECT_EQ(full, "no space: database or disk is full");
  FaultyDisk::write_error = SQLITE_OK;
  const std::string room = co_await told(store, inc("x"));
  EXPECT_EQ(room, "1");
}

TEST_F(SqliteFiles, SayThatTheDiskIsFull) {
  const FaultyDisk disk;
  with_store(open(), fill_up);
}

}  // namespace
}  // namespace counterd
