// faulty_disk.h - SQLite's files on a disk that fails when told to, and counts.
#pragma once

#include <sqlite3.h>

#include <atomic>

// From its construction on every database that is opened is on this disk.  One at a time.
class FaultyDisk {
 public:
  FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;
  ~FaultyDisk();

  static inline std::atomic<int> write_error = SQLITE_OK;  // what each write is answered with
  static inline std::atomic<int> sync_error = SQLITE_OK;
  static inline std::atomic<int> syncs = 0;
  // The process is killed before so many writes, syncs and deletions have been made; 0: never.
  static inline std::atomic<int> killed_at = 0;

 private:
  sqlite3_vfs disk_;
};
