#include "tools/counterd/stores/sqlite/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/net/result.h"
#include "tools/counterd/stores/sqlite/identity.h"

namespace counterd {

constexpr int kBusySteps = 400;  // 2 s, the wait for another process's transaction
constexpr int kBusyStepMillis = 5;

#define LATER_TABLES                                                       \
  "CREATE TABLE IF NOT EXISTS lifetimes ("                                 \
  "  name TEXT PRIMARY KEY NOT NULL, ttl INTEGER NOT NULL) WITHOUT ROWID;" \
  "CREATE TABLE IF NOT EXISTS operations ("                                \
  "  token TEXT PRIMARY KEY NOT NULL, answer TEXT NOT NULL) WITHOUT ROWID;"

constexpr const char* kCreate =
    "BEGIN EXCLUSIVE;"
    "PRAGMA application_id = 2004186211;"
    "PRAGMA user_version = 1;"
    "CREATE TABLE counters ("
    "  name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL,"
    "  changed INTEGER NOT NULL, expires INTEGER) WITHOUT ROWID;" LATER_TABLES "COMMIT";
constexpr const char* kComplete = "BEGIN IMMEDIATE;" LATER_TABLES "COMMIT";
#undef LATER_TABLES

constexpr int kLogFrames = 1000;        // at this length the log is copied into the file
constexpr int kLongLogFrames = 16'000;  // the log is too long, and cannot be copied: 64 MiB
constexpr const char* kLogBytes = "PRAGMA journal_size_limit = 4194304";

// --- opening ---

void Database::Close::operator()(sqlite3* connection) const { sqlite3_close(connection); }
void Database::Close::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

std::unique_ptr<Database> Database::open(const std::string& path, bool creates, std::string& why) {
  constexpr mode_t kMode = 0600;
  net::Fd file(::open(path.c_str(), O_RDWR | O_CLOEXEC | (creates ? O_CREAT : 0), kMode));
  if (!file) return why = net::Error::from_errno().message(), nullptr;
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    why =
        errno == EWOULDBLOCK ? "another counterd has it open" : net::Error::from_errno().message();
    return nullptr;
  }
  why = wrong_with_file(file.get());
  if (why.empty() && !log_belongs(path, file.get()) && !log_is_in_use(path)) {
    remove_unused_log(path);
    if (!log_belongs(path, file.get()))
      why = path + "-wal is the log of another file (see counterd(8), Restoring)";
  }
  if (!why.empty()) return nullptr;
  char seed = 0;
  sqlite3_randomness(sizeof seed, &seed);  // reads /dev/urandom, which the sandbox hides later
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
  if (sqlite3_db_readonly(connection, "main") != 0) return SQLITE_READONLY;  // opened read-only
  code = create_if_empty();
  if (code == SQLITE_OK) code = run("PRAGMA cell_size_check = ON");
  Statement put;  // checks the columns; the faster statement below would accept others
  if (code == SQLITE_OK)
    code = prepare(
        "INSERT INTO counters VALUES ('', 0, 0, 0) ON CONFLICT (name) "
        "DO UPDATE SET value = 0, changed = 0, expires = 0",
        put);
  if (code == SQLITE_OK) code = set_up_log();
  if (code == SQLITE_OK) code = prepare("BEGIN IMMEDIATE", begin_);
  if (code == SQLITE_OK) code = prepare("COMMIT", commit_);
  if (code == SQLITE_OK) code = prepare("REPLACE INTO counters VALUES (?, ?, ?, ?)", put_);
  if (code == SQLITE_OK) code = prepare("DELETE FROM counters WHERE name = ?", erase_);
  if (code == SQLITE_OK) code = prepare("SELECT 1 FROM sqlite_schema", snapshot_);
  if (code == SQLITE_OK) code = prepare("PRAGMA data_version", version_);
  if (code == SQLITE_OK) (void)changed_by_others();  // the current content is loaded next
  return code;
}

int Database::set_up_log() {
  std::string mode;
  if (!text_of("PRAGMA journal_mode = WAL", mode))
    return sqlite3_extended_errcode(connection_.get());
  if (mode != "wal") return SQLITE_CANTOPEN;  // the file system does not support mmap
  const int code = run(kLogBytes);
  sqlite3_wal_hook(connection_.get(), check_log, this);
  return code == SQLITE_OK ? run("PRAGMA synchronous = FULL") : code;
}

// SQLite calls this after each commit.
int Database::check_log(void* self, sqlite3* connection, const char* name, int frames) {
  auto& database = *static_cast<Database*>(self);
  int in_log = 0;
  int copied = 0;
  if (frames >= kLogFrames) {
    database.drop_snapshot();  // SQLite copies nothing while its own connection reads
    (void)sqlite3_wal_checkpoint_v2(connection, name, SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied);
  }
  database.held_ = frames >= kLongLogFrames && copied < in_log;
  return SQLITE_OK;
}

bool Database::log_is_held() {
  const bool news = held_ && !said_held_;
  said_held_ = held_;
  return news;
}

bool Database::claim(std::string& why) {
  const int code = claim();
  if (code != SQLITE_OK) why = reason(code);
  return code == SQLITE_OK;
}

int Database::claim() {
  int code = run(kComplete);
  const auto set_cookie = [this](std::uint32_t cookie) {
    return run(("PRAGMA schema_version = " + std::to_string(cookie)).c_str());
  };
  if (code == SQLITE_OK && !log_salt(path_)) code = set_cookie(cookie_of(file_.get()) ^ 1);
  const auto salt = log_salt(path_);
  if (code == SQLITE_OK && !salt) code = SQLITE_CANTOPEN;
  if (code == SQLITE_OK && !log_belongs(path_, file_.get())) {
    code = set_cookie(cookie_for(*salt));
    if (code == SQLITE_OK) code = run("PRAGMA wal_checkpoint(FULL)");
    if (code == SQLITE_OK && cookie_of(file_.get()) != cookie_for(*salt)) code = SQLITE_BUSY;
  }
  if (code == SQLITE_OK) code = prepare("REPLACE INTO lifetimes VALUES (?, ?)", put_lifetime_);
  if (code == SQLITE_OK) code = prepare("DELETE FROM lifetimes WHERE name = ?", erase_lifetime_);
  if (code == SQLITE_OK) code = prepare("REPLACE INTO operations VALUES (?, ?)", put_operation_);
  if (code == SQLITE_OK) code = prepare("DELETE FROM operations WHERE token = ?", erase_operation_);
  files_.look(path_);
  return code;
}

int Database::wait_for_lock(void* self, int waited) {
  const auto& database = *static_cast<Database*>(self);
  if (waited == kBusySteps || !database.patient_ || database.hurried_) return 0;
  sqlite3_sleep(kBusyStepMillis);
  return 1;
}

// The file is also empty if the process was killed while creating it, because SQLite has rolled
// that back.
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

// --- changing ---

Outcome Database::begin() {
  std::string why = lost();
  if (!why.empty()) return {.status = Outcome::kUnavailable, .why = std::move(why)};
  int code = step(begin_);
  const bool is_busy = (code & 0xff) == SQLITE_BUSY;
  if (has_snapshot_ && is_busy) {  // another process has written, or is writing
    drop_snapshot();
    code = step(begin_);
  }
  if (code != SQLITE_DONE) return failure(code);
  why = files_.cut();
  if (why.empty()) return {};
  rollback();
  return {.status = Outcome::kUnavailable, .why = std::move(why)};
}

Outcome Database::commit(const Changes& changes, const NewOperations& operations) {
  int code = SQLITE_DONE;
  for (const auto& [name, counter] : changes)
    if (code == SQLITE_DONE) code = write(name, counter);
  for (const auto& [token, operation] : operations)
    if (code == SQLITE_DONE) code = write(token, operation);
  if (code == SQLITE_DONE) code = step(commit_);
  if (code == SQLITE_DONE) return {};
  Outcome outcome = failure(code);
  // The transaction is complete in the log until the next commit overwrites it, and a recovery
  // would apply it.
  if (code == SQLITE_IOERR_FSYNC) outcome.why += "; after a restart the change may have been made";
  return outcome;
}

void Database::rollback() {
  if (sqlite3_get_autocommit(connection_.get()) == 0) (void)run("ROLLBACK");  // else already done
}

// A snapshot contains no changes by others that have not been found, and a transaction cannot begin
// on an outdated one.
bool Database::changed_by_others() {
  if (has_snapshot_) return false;
  const bool known = sqlite3_step(version_.get()) == SQLITE_ROW;
  const std::int64_t version = known ? sqlite3_column_int64(version_.get(), 0) : -1;
  sqlite3_reset(version_.get());
  has_snapshot_ = keeps_snapshot_ && sqlite3_step(snapshot_.get()) == SQLITE_ROW;
  return std::exchange(seen_version_, version) != version;
}

void Database::keep_snapshot(bool on) {
  keeps_snapshot_ = on;
  if (!on && has_snapshot_) drop_snapshot();
}

void Database::drop_snapshot() {
  sqlite3_reset(snapshot_.get());
  has_snapshot_ = false;
}

int Database::step(const Statement& statement) {
  const int code = sqlite3_step(statement.get());
  sqlite3_reset(statement.get());
  return code;
}

static void bind_text(sqlite3_stmt* statement, int at, const std::string& text) {
  sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

// A counter without a time to live, as most are, does not touch the table of lifetimes.
int Database::write(const std::string& name, const std::optional<Counter>& counter) {
  const Statement& statement = counter ? put_ : erase_;
  bind_text(statement.get(), 1, name);
  if (counter) {
    sqlite3_bind_int64(statement.get(), 2, counter->value);
    sqlite3_bind_int64(statement.get(), 3, counter->changed.time_since_epoch().count());
    if (counter->expires == kNever)
      sqlite3_bind_null(statement.get(), 4);
    else
      sqlite3_bind_int64(statement.get(), 4, counter->expires.time_since_epoch().count());
  }
  const int code = step(statement);
  if (code != SQLITE_DONE || (counter && counter->ttl == Millis::zero())) return code;
  const Statement& lifetime = counter ? put_lifetime_ : erase_lifetime_;
  bind_text(lifetime.get(), 1, name);
  if (counter) sqlite3_bind_int64(lifetime.get(), 2, counter->ttl.count());
  return step(lifetime);
}

int Database::write(const std::string& token, const std::optional<Operation>& operation) {
  const Statement& statement = operation ? put_operation_ : erase_operation_;
  const std::string answer = operation ? operation->to_string() : "";
  bind_text(statement.get(), 1, token);
  if (operation) bind_text(statement.get(), 2, answer);
  return step(statement);
}

// --- what goes wrong ---

// Returns what has happened to the file if our writes would be lost with the process; otherwise
// empty.
std::string Database::lost() {
  const auto ours = status_of(file_.get());
  const auto theirs = status_of(path_);
  if (!ours || !theirs || !ours->is_same_file(*theirs)) return "its file has been moved or removed";
  // A VACUUM by another process also shortens the file, but updates the header.
  if (ours->size < size_ && is_cut(file_.get())) return "its file has been truncated";
  size_ = ours->size;
  return "";
}

// SQLite reports errno for the database file but not for the log, so that is asked for.
int Database::system_error(int code) const {
  int number = sqlite3_system_errno(connection_.get());
  sqlite3_file* log = nullptr;
  if (number == 0 && code == SQLITE_IOERR_WRITE &&
      sqlite3_file_control(connection_.get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) ==
          SQLITE_OK &&
      log != nullptr && log->pMethods != nullptr)
    (void)log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &number);
  return number;
}

std::string Database::reason(int code) const {
  if (code == SQLITE_ERROR) return "its table of counters has an unknown schema";
  std::string why = sqlite3_errstr(code);
  const int number = system_error(code);
  const bool by_system = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
  if (by_system && number != 0) why += std::string(" (") + net::Error(-number).message() + ")";
  return why;
}

Outcome Database::failure(int code) {
  const int number = system_error(code);
  const bool full =
      (code & 0xff) == SQLITE_FULL ||
      ((code & 0xff) == SQLITE_IOERR && (number == ENOSPC || number == EDQUOT || number == EFBIG));
  Outcome outcome{.status = full ? Outcome::kNoSpace : Outcome::kUnavailable, .why = reason(code)};
  rollback();
  drop_snapshot();
  return outcome;
}

bool Database::reopen(std::string& why) {
  keep_snapshot(false);
  for (Statement* statement :
       {&begin_, &commit_, &put_, &erase_, &version_, &snapshot_, &rows_, &put_lifetime_,
        &erase_lifetime_, &put_operation_, &erase_operation_})
    statement->reset();
  const bool is_foreign = files_.has_foreign_log();
  sqlite3_db_config(connection_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, is_foreign, nullptr);
  connection_.reset();  // unless it is foreign, copies what is left of the log
  files_.close();
  if (is_foreign) remove_log(path_);
  int code = connect();
  if (code == SQLITE_OK) code = claim();
  if (code != SQLITE_OK) why = reason(code);
  return code == SQLITE_OK;
}

bool Database::make_room(std::string& why) {
  hurried_ = true;
  const int code = sqlite3_wal_checkpoint_v2(connection_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE,
                                             nullptr, nullptr);
  hurried_ = false;
  if (code == SQLITE_BUSY) why += "; another process is still reading its log";
  return code == SQLITE_OK;
}

}  // namespace counterd
