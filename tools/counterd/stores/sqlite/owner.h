// owner.h - the thread that owns the file, and the map in memory that answers reads.
//
// Changes are queued as commands.  The thread commits all waiting commands in one transaction, and
// answers them when they are on the disk.
#pragma once

#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/net/loop.h"
#include "tools/counterd/stores/sqlite/database.h"

namespace counterd {

class Owner;

// A queued command; it lives in the frame of the task that awaits it.
struct Change {
  Owner& owner;
  net::Loop& loop;
  const Command& command;
  Outcome outcome{};
  std::coroutine_handle<> waiter{};

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> task);
  Outcome await_resume() {
    loop.release();
    return std::move(outcome);
  }
};

// Each client waits for its change, so there are at most as many changes as clients.
using Group = std::vector<Change*>;

class Owner {
 public:
  Owner(const StoreOptions& options, std::unique_ptr<Database> database)
      : options_(options), database_(std::move(database)) {}
  ~Owner();

  bool load(std::string& why) {
    return database_->load(counters_, operations_, why) && database_->claim(why);
  }
  std::string start();

  // May be called from any thread.
  bool has_logged() const { return last_ != Outcome::kDone; }  // why it cannot make changes
  void count_loops(int more);  // loops that may still need an answer
  void submit(Change& change);
  Outcome get(const Command& command);
  Page page(std::string_view prefix, std::string_view after);
  std::uint64_t version() const { return version_; }
  const std::string& place() const { return options_.place; }
  const std::optional<FileStatus>& file() const { return file_; }

 private:
  void run();
  bool take_waiting(Group& group, bool busy);
  bool tidy();
  Outcome process(const Group& group);
  Outcome try_to_process(const Group& group);
  void doubt(const Group& group);
  Outcome look_for_changes_by_others();
  Outcome read_again();
  bool mend(const std::string& trouble, std::string& why);
  bool write_back(const Counters& found, std::string& why);
  void forget_operations(NewOperations& forgotten);
  void publish(const Changes& changes, const NewOperations& operations);
  void take_over(Counters& found);
  void log_change_of(const Outcome& outcome);
  static void answer(Group group);

  const StoreOptions options_;
  const std::optional<FileStatus> file_ = status_of(options_.place);  // as it was opened
  std::unique_ptr<Database> database_;                  // used only by the thread after start()
  bool stale_ = false;                                  // counters_ differs from the disk
  bool reading_ = false;                                // reading into next_
  Counters next_;                                       // what has been read from the disk so far
  Counters old_;                                        // being deleted, piece by piece
  Operations operations_;                               // on the disk
  NewOperations forgotten_;                             // forgotten, but still on the disk
  std::atomic<Outcome::Status> last_ = Outcome::kDone;  // the result of the last write
  bool wrote_ = false;                                  // something was written for this group

  std::mutex counters_mutex_;
  Counters counters_;  // as on the disk; only the thread writes, with counters_mutex_
  std::atomic<std::uint64_t> version_ = 0;

  std::mutex queue_mutex_;
  std::condition_variable queued_;
  Group queue_;         // guarded by queue_mutex_
  bool ended_ = false;  // guarded by queue_mutex_
  int loops_ = 0;       // guarded by queue_mutex_
  std::thread thread_;
};

}  // namespace counterd
