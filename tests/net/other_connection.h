// other_connection.h - another program's connection to an SQLite database.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>
#include <thread>

namespace counterd {

class OtherConnection {
 public:
  explicit OtherConnection(const std::string& path) {
    EXPECT_EQ(sqlite3_open(path.c_str(), &connection_), SQLITE_OK);
    run("PRAGMA busy_timeout = 20000");
  }
  OtherConnection(const OtherConnection&) = delete;
  OtherConnection& operator=(const OtherConnection&) = delete;
  ~OtherConnection() { sqlite3_close(connection_); }

  // From now on, tries without pauses to get a lock that another connection has.
  void be_eager() {
    const auto try_again = [](void*, int) {
      std::this_thread::yield();
      return 1;
    };
    sqlite3_busy_handler(connection_, try_again, nullptr);
  }

  // Returns the rows as "x|1 y|2".
  std::string run(const std::string& sql) {
    std::string rows;
    const auto add = [](void* out, int columns, char** values, char**) {
      std::string& text = *static_cast<std::string*>(out);
      if (!text.empty()) text += " ";
      for (int i = 0; i < columns; ++i) {
        if (i > 0) text += "|";
        text += values[i] == nullptr ? "" : values[i];
      }
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(connection_, sql.c_str(), add, &rows, nullptr), SQLITE_OK)
        << sqlite3_errmsg(connection_);
    return rows;
  }

 private:
  sqlite3* connection_ = nullptr;
};

}  // namespace counterd
