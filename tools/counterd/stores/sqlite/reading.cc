// Database: from the file into memory.
#include <sqlite3.h>

#include <algorithm>
#include <map>

#include "tools/counterd/stores/sqlite/database.h"

namespace counterd {

constexpr std::size_t kRowsAtOnce = 5000;  // takes a few milliseconds

// Returns false if memory runs out.
static bool read_text(sqlite3_stmt* row, int column, std::string& text) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  text = std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(row, column)));
  return bytes != nullptr || sqlite3_errcode(sqlite3_db_handle(row)) != SQLITE_NOMEM;
}

bool Database::text_of(const char* sql, std::string& text) {
  Statement statement;
  return prepare(sql, statement) == SQLITE_OK && sqlite3_step(statement.get()) == SQLITE_ROW &&
         read_text(statement.get(), 0, text);
}

bool Database::load(Counters& counters, Operations& operations, std::string& why) {
  Reading reading = Reading::kMore;
  while (reading == Reading::kMore) reading = read_some(counters, why);
  return reading == Reading::kDone && load(operations, why);
}

Database::Reading Database::read_some(Counters& counters, std::string& why) {
  constexpr const char* kAll =
      "SELECT name, value, changed, expires, ttl FROM counters LEFT JOIN lifetimes USING (name) "
      "ORDER BY name";
  constexpr const char* kOlder =
      "SELECT name, value, changed, expires, NULL FROM counters ORDER BY name";
  int code = SQLITE_OK;
  if (!rows_ && prepare(kAll, rows_) != SQLITE_OK) code = prepare(kOlder, rows_);
  sqlite3_stmt* const row = rows_.get();
  const auto time = [row](int column) {
    if (sqlite3_column_type(row, column) == SQLITE_NULL) return kNever;
    return Time(Millis(std::max(sqlite3_column_int64(row, column), sqlite3_int64{INT64_MIN + 1})));
  };
  for (std::size_t i = 0; i < kRowsAtOnce && code == SQLITE_OK; ++i) {
    code = sqlite3_step(row);
    if (code != SQLITE_ROW) break;
    const bool is_counter =
        sqlite3_column_type(row, 0) == SQLITE_TEXT && sqlite3_column_type(row, 1) == SQLITE_INTEGER;
    std::string name;
    if (!read_text(row, 0, name)) {
      code = SQLITE_NOMEM;
      break;
    }
    if (!is_counter || wrong_with_name(name) != nullptr) {
      why = "it has a row that is not a counter";
      return rows_.reset(), Reading::kFailed;
    }
    Counter counter{sqlite3_column_int64(row, 1), time(2), time(3), Millis(0)};
    if (counter.expires != kNever)
      counter.ttl = Millis(std::max(sqlite3_column_int64(row, 4), sqlite3_int64{0}));
    counters.append(std::move(name), counter);
    code = SQLITE_OK;
  }
  if (code == SQLITE_OK) return Reading::kMore;
  rows_.reset();
  if (code == SQLITE_DONE) return Reading::kDone;
  why = reason(code);
  return Reading::kFailed;
}

// An older file has no table of operations.
bool Database::load(Operations& operations, std::string& why) {
  Statement rows;
  if (prepare("SELECT token, answer FROM operations", rows) != SQLITE_OK) return true;
  std::multimap<Time, std::pair<std::string, Operation>> by_time;
  std::string token, answer;
  int code = SQLITE_OK;
  while ((code = sqlite3_step(rows.get())) == SQLITE_ROW) {
    if (!read_text(rows.get(), 0, token) || !read_text(rows.get(), 1, answer)) code = SQLITE_NOMEM;
    if (code != SQLITE_ROW) break;
    if (auto operation = Operation::parse(answer))
      by_time.emplace(operation->at, std::pair(token, std::move(*operation)));
  }
  for (auto& [at, entry] : by_time) operations.put(std::move(entry.first), std::move(entry.second));
  if (code != SQLITE_DONE) why = reason(code);
  return code == SQLITE_DONE;
}

}  // namespace counterd
