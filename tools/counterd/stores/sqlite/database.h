// database.h - the SQLite file of counters: one process has it open, one thread at a time uses it.
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
  // Opens the file, or creates it.  nullptr, with the reason in `why`, and a file that is not ours
  // as it was.
  static std::unique_ptr<Database> open(const std::string& path, std::string& why);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // Adds all counters and operations; false, with the reason in `why`, if they cannot be read.
  bool load(Counters& counters, Operations& operations, std::string& why);
  // Takes the file into use: adds what its schema lacks, and records which log is its own.
  bool claim(std::string& why);

  // The same counters, as of one moment, by the thousand.
  enum class Reading { kMore, kDone, kFailed };
  Reading read_some(Counters& counters, std::string& why);
  void stop_reading() { rows_.reset(); }

  // A transaction: begin(), then commit() or rollback().  A failure (kUnavailable, kNoSpace) has
  // rolled it back, as far as the disk can tell; `why` says where it cannot.
  Outcome begin();
  // On the disk when it returns kDone.
  Outcome commit(const Changes& changes, const NewOperations& operations = {});
  void rollback();
  // From any thread: whether to wait for the transaction of another process.
  void be_patient(bool patient) { patient_ = patient; }
  // Whether another process has changed the counters since the last call; inside a transaction.
  bool changed_by_others();

  // What has happened to the files beside ours; empty: nothing.  gone(): after a commit.
  std::string gone() const { return files_.gone(); }
  std::string trouble() {
    if (!lost().empty()) return "";  // to open it again would not help
    std::string trouble = gone();
    return trouble.empty() ? files_.cut() : trouble;
  }
  // Opens the file once more, when its log is gone; what has been committed may be lost.
  bool reopen(std::string& why);
  // Copies the log into the file and cuts it, so that there is room for more; else the reason.
  bool make_room(std::string& why);
  // Whether the log grows because another process reads the file; true once each time.
  bool log_is_held();

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Close>;

  Database(std::string path, net::Fd file) : path_(std::move(path)), file_(std::move(file)) {}
  std::string lost();
  static int wait_for_lock(void* self, int waited);
  static int check_log(void* self, sqlite3* connection, const char* name, int frames);
  int connect();
  int create_if_empty();
  int set_up_log();
  int claim();
  int prepare(const char* sql, Statement& statement);
  int run(const char* sql);
  static int step(const Statement& statement);  // one without rows
  int write(const std::string& name, const std::optional<Counter>& counter);
  int write(const std::string& token, const std::optional<Operation>& operation);
  bool text_of(const char* sql, std::string& text);
  bool load(Operations& operations, std::string& why);
  int system_error(int code) const;
  std::string reason(int code) const;
  Outcome failure(int code);

  std::string path_;
  net::Fd file_;    // ours as long as it is locked; closed last, which drops SQLite's own locks
  off_t size_ = 0;  // of the file, when it was looked at
  OpenFiles files_;
  std::unique_ptr<sqlite3, Close> connection_;
  Statement begin_, commit_, put_, erase_, version_, rows_;
  Statement put_lifetime_, erase_lifetime_, put_operation_, erase_operation_;
  std::int64_t seen_version_ = -1;
  std::atomic<bool> patient_ = true;
  bool hurried_ = false;  // does not wait for others
  bool held_ = false;
  bool said_held_ = false;
};

}  // namespace counterd
