#include "faulty_disk.h"

#include <csignal>
#include <map>

// The default disk, with two functions of ours in the tables of its open files.
static sqlite3_vfs* real_disk;
static int (*real_write)(sqlite3_file*, const void*, int, sqlite3_int64);
static int (*real_sync)(sqlite3_file*, int);

static void count_step() {
  if (FaultyDisk::killed_at > 0 && --FaultyDisk::killed_at == 0) (void)raise(SIGKILL);
}

static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  count_step();
  if (FaultyDisk::write_error != SQLITE_OK) return FaultyDisk::write_error;
  return real_write(file, data, size, offset);
}

static int sync(sqlite3_file* file, int flags) {
  count_step();
  ++FaultyDisk::syncs;
  if (FaultyDisk::sync_error != SQLITE_OK) return FaultyDisk::sync_error;
  return real_sync(file, flags);
}

static int remove(sqlite3_vfs*, const char* name, int sync_directory) {
  count_step();
  return real_disk->xDelete(real_disk, name, sync_directory);
}

// Files differ in how they are locked, not in how they are written.
static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
  static std::map<const sqlite3_io_methods*, sqlite3_io_methods> tables;
  const int code = real_disk->xOpen(real_disk, name, file, flags, out);
  if (file->pMethods == nullptr) return code;
  sqlite3_io_methods& table = tables[file->pMethods] = *file->pMethods;
  real_write = table.xWrite;
  real_sync = table.xSync;
  table.xWrite = write;
  table.xSync = sync;
  file->pMethods = &table;
  return code;
}

FaultyDisk::FaultyDisk() {
  real_disk = sqlite3_vfs_find(nullptr);
  disk_ = *real_disk;
  disk_.zName = "faulty";
  disk_.xOpen = open;
  disk_.xDelete = remove;
  write_error = sync_error = SQLITE_OK;
  syncs = killed_at = 0;
  sqlite3_vfs_register(&disk_, 1);
}

FaultyDisk::~FaultyDisk() { sqlite3_vfs_unregister(&disk_); }
