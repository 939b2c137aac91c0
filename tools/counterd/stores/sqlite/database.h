// database.h - the SQLite file of counters: opened by one process, and used by one thread at a
// time.
//
//   CREATE TABLE counters (
//     name TEXT PRIMARY KEY NOT NULL,
//     value INTEGER NOT NULL,
//     changed INTEGER NOT NULL,         -- milliseconds since 1970, UTC
//     expires INTEGER) WITHOUT ROWID;   -- the same; NULL: never
//   PRAGMA application_id = 2004186211; -- "wutc"
//   CREATE TABLE lifetimes (            -- what ttl=renew gives a counter again, in milliseconds
//     name TEXT PRIMARY KEY NOT NULL, ttl INTEGER NOT NULL) WITHOUT ROWID;
//   CREATE TABLE operations (           -- op=TOKEN: what it was answered (operations.h)
//     token TEXT PRIMARY KEY NOT NULL, answer TEXT NOT NULL) WITHOUT ROWID;
//   PRAGMA user_version = 1;            -- of this schema; an older one has the first table alone
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "common/net/fd.h"
#include "tools/counterd/stores/sqlite/log_file.h"
#include "tools/counterd/transaction.h"

struct sqlite3;
struct sqlite3_stmt;

namespace counterd {

class Database {
 public:
  // Opens the file, or with `creates` creates it.  On failure returns nullptr and sets `why`; a
  // file that is not counterd's stays unchanged.
  static std::unique_ptr<Database> open(const std::string& path, bool creates, std::string& why);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // Adds all counters and operations.  Returns false and sets `why` if they cannot be read.
  bool load(Counters& counters, Operations& operations, std::string& why);
  // Prepares the file for use: adds what its schema lacks, and records which log belongs to it.
  bool claim(std::string& why);

  // Reads the counters in pieces, as a snapshot of one moment.
  enum class Reading { kMore, kDone, kFailed };
  Reading read_some(Counters& counters, std::string& why);
  void stop_reading() { rows_.reset(); }

  // A transaction: begin(), then commit() or rollback().  After a failure (kUnavailable, kNoSpace)
  // it has been rolled back; `why` says so if the disk leaves that uncertain.
  Outcome begin();
  // The changes are on the disk when it returns kDone.
  Outcome commit(const Changes& changes, const NewOperations& operations = {});
  void rollback();
  // While on, the lock for reading is kept from one transaction to the next, which saves the calls
  // for it.  No process can then copy all of the log into the file, so turn it off before a pause.
  void keep_snapshot(bool on);
  // Sets whether to wait for another process's transaction.  May be called from any thread.
  void be_patient(bool patient) { patient_ = patient; }
  // Whether another process has changed the counters since the last call.  Call it in a
  // transaction.
  bool changed_by_others();

  // What has happened to the log and its index; empty: nothing.  Call gone() after a commit.
  std::string gone() const { return files_.gone(); }
  std::string trouble() {
    if (!lost().empty()) return "";  // opening it again would not help
    std::string trouble = gone();
    return trouble.empty() ? files_.cut() : trouble;
  }
  // Opens the file again after its log was removed; committed changes may be lost.
  bool reopen(std::string& why);
  // Copies the log into the file and truncates the log, to make room.  On failure sets `why`.
  bool make_room(std::string& why);
  // Whether the log grows because another process reads the file; returns true once per occurrence.
  bool log_is_held();

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Close>;

  Database(std::string path, net::Fd file) : path_(std::move(path)), file_(std::move(file)) {}
  std::string lost();
  void drop_snapshot();
  static int wait_for_lock(void* self, int waited);
  static int check_log(void* self, sqlite3* connection, const char* name, int frames);
  int connect();
  int create_if_empty();
  int set_up_log();
  int claim();
  int prepare(const char* sql, Statement& statement);
  int run(const char* sql);
  static int step(const Statement& statement);  // for statements without rows
  int write(const std::string& name, const std::optional<Counter>& counter);
  int write(const std::string& token, const std::optional<Operation>& operation);
  bool text_of(const char* sql, std::string& text);
  bool load(Operations& operations, std::string& why);
  int system_error(int code) const;
  std::string reason(int code) const;
  Outcome failure(int code);

  std::string path_;
  net::Fd file_;    // locked while it is ours; closed last: that drops SQLite's locks
  off_t size_ = 0;  // size of the file at the last check
  OpenFiles files_;
  std::unique_ptr<sqlite3, Close> connection_;
  Statement begin_, commit_, put_, erase_, version_, snapshot_, rows_;
  Statement put_lifetime_, erase_lifetime_, put_operation_, erase_operation_;
  std::int64_t seen_version_ = -1;
  bool keeps_snapshot_ = false;
  bool has_snapshot_ = false;
  std::atomic<bool> patient_ = true;
  bool hurried_ = false;  // does not wait for other processes
  bool held_ = false;
  bool said_held_ = false;
};

}  // namespace counterd
