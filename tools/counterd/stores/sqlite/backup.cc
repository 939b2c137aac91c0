#include "tools/counterd/stores/sqlite/backup.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <cstdlib>
#include <memory>

#include "common/net/result.h"

namespace counterd {

namespace {

struct Close {
  void operator()(sqlite3* connection) const { sqlite3_close(connection); }
  void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
};
using Connection = std::unique_ptr<sqlite3, Close>;
using Copy = std::unique_ptr<sqlite3_backup, Close>;

int open_database(const std::string& path, int flags, Connection& connection) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  connection.reset(opened);
  return code;
}

int run(const Connection& connection, const char* sql) {
  return sqlite3_exec(connection.get(), sql, nullptr, nullptr, nullptr);
}

Backup failed(int code) {
  const int base = code & 0xff;
  return {.status = base == SQLITE_FULL ? Outcome::kNoSpace : Outcome::kUnavailable,
          .why = std::string("backup: ") + sqlite3_errstr(code)};
}

}  // namespace

net::Task<Backup> back_up(net::Loop& loop, std::string path, std::optional<FileStatus> ours) {
  constexpr int kPagesAtOnce = 64;  // a fraction of a millisecond
  std::string name = path + "-backup-XXXXXX";
  net::Fd file(mkostemp(name.data(), O_CLOEXEC));  // mode 0600
  if (!file)
    co_return Backup{.status = Outcome::kUnavailable,
                     .why = std::string("backup: ") + net::Error::from_errno().message()};
  Connection source, target;
  int code = open_database(path, SQLITE_OPEN_READONLY, source);
  if (code == SQLITE_OK) code = open_database(name, SQLITE_OPEN_READWRITE, target);
  (void)unlink(name.c_str());
  if (code == SQLITE_OK) code = run(target, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
  // A read transaction, because otherwise each commit would restart the backup.
  if (code == SQLITE_OK) code = run(source, "BEGIN; SELECT count(*) FROM sqlite_schema");
  const auto theirs = status_of(path);
  if (!ours || !theirs || !theirs->is_same_file(*ours))
    co_return Backup{.status = Outcome::kUnavailable,
                     .why = "backup: the file has been moved or removed"};
  Copy copy(code == SQLITE_OK ? sqlite3_backup_init(target.get(), "main", source.get(), "main")
                              : nullptr);
  if (!copy && code == SQLITE_OK) code = sqlite3_errcode(target.get());
  while (code == SQLITE_OK) {
    code = sqlite3_backup_step(copy.get(), kPagesAtOnce);
    if (code == SQLITE_OK) co_await net::yield(loop);
  }
  copy.reset();
  target.reset();
  struct stat status = {};
  if (code == SQLITE_DONE && fstat(file.get(), &status) != 0) code = SQLITE_IOERR;
  if (code != SQLITE_DONE) co_return failed(code);
  co_return Backup{.file = std::move(file), .bytes = static_cast<std::size_t>(status.st_size)};
}

}  // namespace counterd
