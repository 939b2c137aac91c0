#include "tools/counterd/stores/sqlite/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/net/result.h"

namespace counterd {

constexpr std::uint32_t kApplicationId = 2004186211;
constexpr std::uint32_t kSchemaVersion = 1;
constexpr int kBusySteps = 400;  // 2 s: somebody else's transaction may take so long
constexpr int kBusyStepMillis = 5;

constexpr const char* kCreate =
    "BEGIN EXCLUSIVE;"
    "PRAGMA application_id = 2004186211;"
    "PRAGMA user_version = 1;"
    "CREATE TABLE counters ("
    "  name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL,"
    "  changed INTEGER NOT NULL, expires INTEGER) WITHOUT ROWID;"
    "COMMIT";

// --- opening ---

namespace {

std::string system_error() { return net::Error::from_errno().message(); }

std::uint32_t big_endian(const unsigned char* at) {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 |
         at[3];
}

// Whether the file is empty, or ours: read without SQLite, which would recover a foreign database,
// and leave files beside it.
std::string wrong_with_file(int fd) {
  struct stat status = {};
  if (fstat(fd, &status) != 0) return system_error();
  if (!S_ISREG(status.st_mode)) return "not a regular file";
  if (status.st_size == 0) return "";
  std::array<unsigned char, 100> header{};
  const ssize_t size = pread(fd, header.data(), header.size(), 0);
  if (size < 0) return system_error();
  constexpr std::string_view kMagic("SQLite format 3", 16);
  constexpr std::size_t kVersionAt = 60, kApplicationAt = 68;
  const bool is_database = static_cast<std::size_t>(size) == header.size() &&
                           std::memcmp(header.data(), kMagic.data(), kMagic.size()) == 0;
  if (!is_database) return "not a database of counterd";
  if (big_endian(&header[kApplicationAt]) != kApplicationId)
    return "a database, but not one of counterd";
  if (const auto version = big_endian(&header[kVersionAt]); version != kSchemaVersion)
    return "made by another version of counterd (schema " + std::to_string(version) + ")";
  return "";
}

}  // namespace

void Database::Close::operator()(sqlite3* connection) const { sqlite3_close(connection); }
void Database::Close::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

std::unique_ptr<Database> Database::open(const std::string& path, std::string& why) {
  constexpr mode_t kMode = 0666;
  net::Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode));
  if (!file) return why = system_error(), nullptr;
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    why = errno == EWOULDBLOCK ? "another counterd has it open" : system_error();
    return nullptr;
  }
  why = wrong_with_file(file.get());
  if (!why.empty()) return nullptr;
  std::unique_ptr<Database> database(new Database(path, std::move(file)));
  const int code = database->connect();
  if (code == SQLITE_OK) return database;
  why = database->reason(code);
  return nullptr;
}

Database::~Database() = default;

int Database::connect() {
  sqlite3* connection = nullptr;
  int code = sqlite3_open_v2(path_.c_str(), &connection,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  connection_.reset(connection);
  if (code != SQLITE_OK) return code;
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_handler(connection, wait_for_lock, this);
  code = create_if_empty();
  if (code == SQLITE_OK) code = run("PRAGMA cell_size_check = ON");
  Statement put;  // that there is such a table; the quicker statement below takes any
  if (code == SQLITE_OK)
    code = prepare(
        "INSERT INTO counters VALUES ('', 0, 0, 0) ON CONFLICT (name) "
        "DO UPDATE SET value = 0, changed = 0, expires = 0",
        put);
  std::string mode;
  if (code == SQLITE_OK && !text_of("PRAGMA journal_mode = WAL", mode))
    code = sqlite3_extended_errcode(connection);
  if (code == SQLITE_OK && mode != "wal") code = SQLITE_CANTOPEN;  // a file system without mmap
  if (code == SQLITE_OK) code = run("PRAGMA synchronous = FULL");
  if (code == SQLITE_OK) code = prepare("BEGIN IMMEDIATE", begin_);
  if (code == SQLITE_OK) code = prepare("COMMIT", commit_);
  if (code == SQLITE_OK) code = prepare("REPLACE INTO counters VALUES (?, ?, ?, ?)", put_);
  if (code == SQLITE_OK) code = prepare("DELETE FROM counters WHERE name = ?", erase_);
  if (code == SQLITE_OK) code = prepare("PRAGMA data_version", version_);
  if (code == SQLITE_OK) (void)changed_by_others();  // what there is now is about to be loaded
  return code;
}

int Database::wait_for_lock(void* self, int waited) {
  if (waited == kBusySteps || !static_cast<Database*>(self)->patient_) return 0;
  sqlite3_sleep(kBusyStepMillis);
  return 1;
}

// Also where the process was killed while it created the file: SQLite has undone that now.
int Database::create_if_empty() {
  std::string pages;
  if (!text_of("PRAGMA page_count", pages)) return sqlite3_extended_errcode(connection_.get());
  return pages == "0" ? run(kCreate) : SQLITE_OK;
}

int Database::prepare(const char* sql, Statement& statement) {
  sqlite3_stmt* prepared = nullptr;
  const int code =
      sqlite3_prepare_v3(connection_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
  statement.reset(prepared);
  return code;
}

int Database::run(const char* sql) {
  return sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
}

bool Database::text_of(const char* sql, std::string& text) {
  Statement statement;
  if (prepare(sql, statement) != SQLITE_OK) return false;
  if (sqlite3_step(statement.get()) != SQLITE_ROW) return false;
  text = reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), 0));
  return true;
}

// --- reading ---

bool Database::load(Counters& counters, std::string& why) {
  Statement rows;
  int code = prepare("SELECT name, value, changed, expires FROM counters ORDER BY name", rows);
  sqlite3_stmt* const row = rows.get();
  const auto time = [row](int column) { return Time(Millis(sqlite3_column_int64(row, column))); };
  while (code == SQLITE_OK && (code = sqlite3_step(row)) == SQLITE_ROW) {
    const bool is_counter =
        sqlite3_column_type(row, 0) == SQLITE_TEXT && sqlite3_column_type(row, 1) == SQLITE_INTEGER;
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, 0));
    std::string name(text, static_cast<std::size_t>(sqlite3_column_bytes(row, 0)));
    if (!is_counter || wrong_with_name(name) != nullptr)
      return why = "it has a row that is no counter", false;
    counters.append(std::move(name), {sqlite3_column_int64(row, 1), time(2), time(3)});
    code = SQLITE_OK;
  }
  if (code == SQLITE_DONE) return true;
  why = reason(code);
  return false;
}

// --- changing ---

Outcome Database::begin() {
  if (moved())
    return {.status = Outcome::kUnavailable, .why = "its file has been moved or removed"};
  const int code = step(begin_);
  return code == SQLITE_DONE ? Outcome{} : failure(code);
}

Outcome Database::commit(const Changes& changes) {
  int code = SQLITE_DONE;
  for (const auto& [name, counter] : changes)
    if (code == SQLITE_DONE) code = write(name, counter);
  if (code == SQLITE_DONE) code = step(commit_);
  if (code == SQLITE_DONE) return {};
  Outcome outcome = failure(code);
  // It is whole in the log until the next commit overwrites it, and a recovery takes what is whole.
  if (code == SQLITE_IOERR_FSYNC) outcome.why += "; after a restart the change may have been made";
  return outcome;
}

void Database::rollback() {
  if (sqlite3_get_autocommit(connection_.get()) == 0) (void)run("ROLLBACK");  // else it has been
}

bool Database::changed_by_others() {
  const bool known = sqlite3_step(version_.get()) == SQLITE_ROW;
  const std::int64_t version = known ? sqlite3_column_int64(version_.get(), 0) : -1;
  sqlite3_reset(version_.get());
  return std::exchange(seen_version_, version) != version;
}

// A statement without rows.
int Database::step(const Statement& statement) {
  const int code = sqlite3_step(statement.get());
  sqlite3_reset(statement.get());
  return code;
}

int Database::write(const std::string& name, const std::optional<Counter>& counter) {
  const Statement& statement = counter ? put_ : erase_;
  sqlite3_bind_text(statement.get(), 1, name.data(), static_cast<int>(name.size()), SQLITE_STATIC);
  if (counter) {
    sqlite3_bind_int64(statement.get(), 2, counter->value);
    sqlite3_bind_int64(statement.get(), 3, counter->changed.time_since_epoch().count());
    if (counter->expires == kNever)
      sqlite3_bind_null(statement.get(), 4);
    else
      sqlite3_bind_int64(statement.get(), 4, counter->expires.time_since_epoch().count());
  }
  return step(statement);
}

// --- what goes wrong ---

// Somebody has put another file in its place: what we write would be gone with the process.
bool Database::moved() const {
  struct stat ours = {};
  struct stat theirs = {};
  return fstat(file_.get(), &ours) != 0 || stat(path_.c_str(), &theirs) != 0 ||
         ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev;
}

std::string Database::reason(int code) const {
  if (code == SQLITE_ERROR) return "its table of counters is not as counterd makes it";
  std::string why = sqlite3_errstr(code);
  const int number = sqlite3_system_errno(connection_.get());
  const bool by_system = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
  if (by_system && number != 0) why += std::string(" (") + net::Error(-number).message() + ")";
  return why;
}

Outcome Database::failure(int code) {
  const int number = sqlite3_system_errno(connection_.get());
  const bool full = (code & 0xff) == SQLITE_FULL ||
                    ((code & 0xff) == SQLITE_IOERR && (number == ENOSPC || number == EDQUOT));
  Outcome outcome{.status = full ? Outcome::kNoSpace : Outcome::kUnavailable, .why = reason(code)};
  rollback();
  return outcome;
}

}  // namespace counterd
