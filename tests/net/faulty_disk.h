// faulty_disk.h - puts SQLite's files on a simulated disk that counts operations and fails on
// request.
#pragma once

#include <sqlite3.h>

#include <atomic>

// While it exists, every database that is opened is on this disk.  One object at a time.
class FaultyDisk {
 public:
  FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;
  ~FaultyDisk();

  static inline std::atomic<int> write_error = SQLITE_OK;  // the result of each write
  static inline std::atomic<int> sync_error = SQLITE_OK;
  static inline std::atomic<int> syncs = 0;
  // The number of the write, sync or deletion before which the process is killed; 0: never.
  static inline std::atomic<int> killed_at = 0;

 private:
  sqlite3_vfs disk_;
};
