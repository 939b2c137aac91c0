// database.h - the SQLite file of counters: one process has it open, one thread at a time uses it.
//
//   CREATE TABLE counters (
//     name TEXT PRIMARY KEY NOT NULL,
//     value INTEGER NOT NULL,
//     changed INTEGER NOT NULL,         -- milliseconds since 1970, UTC
//     expires INTEGER) WITHOUT ROWID;   -- the same; NULL: never
//   PRAGMA application_id = 2004186211; -- "wutc"
//   PRAGMA user_version = 1;            -- of this schema
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/net/fd.h"
#include "tools/counterd/counters.h"

struct sqlite3;
struct sqlite3_stmt;

namespace counterd {

// New states by name; nothing: the counter is gone.
using Changes = std::map<std::string, std::optional<Counter>, std::less<>>;

class Database {
 public:
  // Opens the file, or creates it.  nullptr, with the reason in `why`, and a file that is not ours
  // as it was.
  static std::unique_ptr<Database> open(const std::string& path, std::string& why);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // Adds all counters; false, with the reason in `why`, if they cannot be read.
  bool load(Counters& counters, std::string& why);

  // A transaction: begin(), then commit() or rollback().  A failure (kUnavailable, kNoSpace) has
  // rolled it back, as far as the disk can tell; `why` says where it cannot.
  Outcome begin();
  Outcome commit(const Changes& changes);  // on the disk when it returns kDone
  void rollback();
  // From any thread: whether to wait for the transaction of another process.
  void be_patient(bool patient) { patient_ = patient; }
  // Whether another process has changed the counters since the last call; inside a transaction.
  bool changed_by_others();

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Close>;

  Database(std::string path, net::Fd file) : path_(std::move(path)), file_(std::move(file)) {}
  bool moved() const;
  static int wait_for_lock(void* self, int waited);
  int connect();
  int create_if_empty();
  int prepare(const char* sql, Statement& statement);
  int run(const char* sql);
  static int step(const Statement& statement);
  int write(const std::string& name, const std::optional<Counter>& counter);
  bool text_of(const char* sql, std::string& text);
  std::string reason(int code) const;
  Outcome failure(int code);

  std::string path_;
  net::Fd file_;  // ours as long as it is locked; closed last, which drops SQLite's own locks
  std::unique_ptr<sqlite3, Close> connection_;
  Statement begin_, commit_, put_, erase_, version_;
  std::int64_t seen_version_ = -1;
  std::atomic<bool> patient_ = true;
};

}  // namespace counterd
