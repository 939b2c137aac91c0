// The FILE.db store while changes follow each other without a pause.
#include <atomic>
#include <filesystem>
#include <thread>

#include "counterd_store_test.h"
#include "other_connection.h"

namespace counterd {
namespace {

using net::Task;
using net::WaitGroup;

constexpr int kChanges = 3000;  // without copying, the log would contain as many pages
std::atomic<bool> others_write;
std::atomic<int> changes;

Task<> increment_repeatedly(Store& store) {
  while (changes < kChanges || others_write) {
    ++changes;
    const Outcome outcome = co_await ask(store, inc("x"));
    EXPECT_EQ(outcome.status, Outcome::kDone) << outcome.why;
  }
}

// While the change of one client is committed, the other's is already waiting.
Task<> keep_busy(Store& store) {
  changes = 0;
  WaitGroup clients;
  for (int i = 0; i < 2; ++i) clients.go(increment_repeatedly(store));
  co_await clients.wait();
}

class BusyFile : public testing::Test {
 protected:
  std::string path() const { return dir_.file("counters.db"); }
  const net::TempDir dir_;
  const Opened opened_ =
      started(open_sqlite_store({.place = path(), .limits = {.max_counters = 9}}));
};

TEST_F(BusyFile, CopiesItsLogMeanwhile) {
  with_store(opened_, keep_busy);
  constexpr std::uintmax_t kFrames = 1500, kFrameBytes = 24 + 4096;
  EXPECT_LT(std::filesystem::file_size(path() + "-wal"), kFrames * kFrameBytes);
}

TEST_F(BusyFile, AddsToWhatAnotherProcessWrites) {
  constexpr int kWrites = 10;
  constexpr std::int64_t kMuch = 1'000'000'000;
  with_store(opened_, [](Store& store) { return set_quietly(store, "x", 0); });
  others_write = true;
  std::thread other([this] {
    OtherConnection connection(path());
    connection.be_eager();
    for (int i = 0; i < kWrites; ++i) {
      for (const int before = changes; changes < before + 20;) std::this_thread::yield();
      connection.run("UPDATE counters SET value = value + " + std::to_string(kMuch));
    }
    others_write = false;
  });
  with_store(opened_, keep_busy);
  other.join();
  EXPECT_EQ(OtherConnection(path()).run("SELECT value FROM counters"),
            std::to_string(kWrites * kMuch + changes));
}

TEST_F(BusyFile, LetsOthersTruncateTheLogAfterwards) {
  with_store(opened_, keep_busy);
  EXPECT_EQ(OtherConnection(path()).run("PRAGMA wal_checkpoint(TRUNCATE)"), "0|0|0");
}

}  // namespace
}  // namespace counterd
