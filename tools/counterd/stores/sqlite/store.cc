// The counters in a file: the map in memory answers reads, and changes are commands to the one
// thread that owns the file.  It commits all that wait in one transaction, and they are answered
// when they are on the disk.

#include <condition_variable>
#include <coroutine>
#include <csignal>
#include <map>
#include <mutex>
#include <thread>

#include "common/cli/log.h"
#include "common/net/timer.h"
#include "tools/counterd/counters.h"
#include "tools/counterd/store.h"
#include "tools/counterd/stores/sqlite/database.h"

namespace counterd {

namespace {

class Owner;

// A command on its way through the queue, awaited; in the frame of the task that waits for it.
struct Change {
  Owner& owner;
  net::Loop& loop;
  Command command;
  Outcome outcome{};
  std::coroutine_handle<> waiter{};

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> task);
  Outcome await_resume() {
    loop.release();
    return std::move(outcome);
  }
};

// A client waits for its change, so there are no more of them than clients.
using Group = std::vector<Change*>;

class Owner {
 public:
  Owner(std::string place, std::unique_ptr<Database> database, std::uint64_t max_counters)
      : place_(std::move(place)), max_counters_(max_counters), database_(std::move(database)) {}
  ~Owner();

  bool load(std::string& why) { return database_->load(counters_, why); }
  void start();

  // From any thread.
  void count_loops(int more);  // that may still want what is under way
  void submit(Change& change);
  Outcome get(const Command& command);
  Page page(std::string_view prefix, std::string_view from);

 private:
  void run();
  Outcome process(const Group& group);
  Outcome look_for_changes_by_others();
  Changes execute(const Group& group) const;
  void publish(const Changes& changes);
  void log_change_of(const Outcome& outcome);
  static void answer(const Group& group);

  const std::string place_;
  const std::uint64_t max_counters_;
  std::unique_ptr<Database> database_;  // the thread's alone from start() on
  bool stale_ = false;                  // counters_ is not what is on the disk
  Outcome::Status last_ = Outcome::kDone;

  std::mutex counters_mutex_;
  Counters counters_;  // what is on the disk; written by the thread alone, with counters_mutex_

  std::mutex queue_mutex_;
  std::condition_variable queued_;
  Group queue_;         // guarded by queue_mutex_
  bool ended_ = false;  // guarded by queue_mutex_
  int loops_ = 0;       // guarded by queue_mutex_
  std::thread thread_;
};

void Change::await_suspend(std::coroutine_handle<> task) {
  waiter = task;
  loop.hold();
  owner.submit(*this);
}

// The process's signals are its loops' to catch.
void Owner::start() {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Owner::~Owner() {
  {
    const std::lock_guard lock(queue_mutex_);
    ended_ = true;
  }
  queued_.notify_one();
  if (thread_.joinable()) thread_.join();
}

// --- the loops' side ---

void Owner::count_loops(int more) {
  const std::lock_guard lock(queue_mutex_);
  loops_ += more;
  database_->be_patient(loops_ > 0);
}

void Owner::submit(Change& change) {
  bool first = false;
  {
    const std::lock_guard lock(queue_mutex_);
    first = queue_.empty();
    queue_.push_back(&change);
  }
  if (first) queued_.notify_one();
}

Outcome Owner::get(const Command& command) {
  const std::lock_guard lock(counters_mutex_);
  return apply(command, counters_.find(command.name), now()).outcome;
}

Page Owner::page(std::string_view prefix, std::string_view from) {
  const std::lock_guard lock(counters_mutex_);
  return counters_.page(prefix, from, now());
}

// --- the thread ---

void Owner::run() {
  for (;;) {
    Group group;
    {
      std::unique_lock lock(queue_mutex_);
      queued_.wait(lock, [this] { return !queue_.empty() || ended_; });
      group.swap(queue_);
    }
    if (group.empty()) return;
    const Outcome outcome = process(group);
    log_change_of(outcome);
    if (outcome.status != Outcome::kDone)
      for (Change* change : group) change->outcome = outcome;
    answer(group);
  }
}

// Executes all of `group`, or none of it.
Outcome Owner::process(const Group& group) {
  if (Outcome outcome = database_->begin(); outcome.status != Outcome::kDone) return outcome;
  if (Outcome outcome = look_for_changes_by_others(); outcome.status != Outcome::kDone) {
    database_->rollback();
    return outcome;
  }
  const Changes changes = execute(group);
  if (changes.empty()) return database_->rollback(), Outcome{};
  Outcome outcome = database_->commit(changes);
  if (outcome.status == Outcome::kDone) publish(changes);
  return outcome;
}

// Somebody at the sqlite3 prompt may well mend a counter.
Outcome Owner::look_for_changes_by_others() {
  if (database_->changed_by_others()) stale_ = true;
  if (!stale_) return {};
  Counters found;
  std::string why;
  if (!database_->load(found, why)) return {.status = Outcome::kUnavailable, .why = why};
  const std::lock_guard lock(counters_mutex_);
  std::swap(counters_, found);
  stale_ = false;
  return {};
}

// The changes of the whole group; what readers see is left as it is.
Changes Owner::execute(const Group& group) const {
  constexpr std::size_t kPurgeAtOnce = 1000;
  const Time at = now();
  Changes changes;
  for (const std::string& name : counters_.expired(at, kPurgeAtOnce)) changes[name] = std::nullopt;
  std::uint64_t count = counters_.size() - changes.size();
  for (Change* change : group) {
    const std::string& name = change->command.name;
    const auto pending = changes.find(name);
    const Counter* existing = counters_.find(name);
    if (pending != changes.end()) existing = pending->second ? &*pending->second : nullptr;
    Applied applied = apply(change->command, existing, at);
    const bool created = existing == nullptr && applied.counter;
    if (created && count >= max_counters_) applied.outcome = {.status = Outcome::kTooMany};
    change->outcome = std::move(applied.outcome);
    if (change->outcome.status != Outcome::kDone) continue;
    count += created ? 1 : 0;
    count -= existing != nullptr && !applied.counter ? 1 : 0;
    changes.insert_or_assign(name, applied.counter);
  }
  return changes;
}

void Owner::publish(const Changes& changes) {
  const std::lock_guard lock(counters_mutex_);
  for (const auto& [name, counter] : changes) {
    if (counter)
      counters_.put(name, *counter);
    else
      counters_.erase(name);
  }
}

// Resumes those who wait, each on its loop.  They may be gone as soon as that is posted.
void Owner::answer(const Group& group) {
  std::map<net::Loop*, Group> groups;
  for (Change* change : group) groups[&change->loop].push_back(change);
  for (auto& [loop, changes] : groups)
    loop->post([answered = std::move(changes)] {
      for (Change* change : answered) change->waiter.resume();
    });
}

// Once for each trouble, not for each request.
void Owner::log_change_of(const Outcome& outcome) {
  if (outcome.status == last_) return;
  last_ = outcome.status;
  if (outcome.status != Outcome::kDone)
    net::log::error("%s: %s", place_.c_str(), outcome.why.c_str());
  else
    net::log::info("%s: works again", place_.c_str());
}

// --- one loop ---

class SqliteStore final : public Store {
 public:
  SqliteStore(std::shared_ptr<Owner> owner, net::Loop& loop)
      : owner_(std::move(owner)), loop_(loop) {}

  Reply apply(Command command) override {
    if (command.kind == Command::kGet) return owner_->get(command);
    return change(std::move(command));
  }

  net::Task<Page> list(std::string prefix, std::string from) override {
    co_return owner_->page(prefix, from);
  }

  // A lock of somebody else's does not hold up the end.
  net::Task<> run() override {
    owner_->count_loops(1);
    net::Timer end(loop_);
    (void)co_await end.wait(net::kForever);
    owner_->count_loops(-1);
  }

 private:
  net::Task<Outcome> change(Command command) {
    Change change{*owner_, loop_, std::move(command)};
    Outcome outcome = co_await change;
    co_return outcome;
  }

  std::shared_ptr<Owner> owner_;
  net::Loop& loop_;
};

}  // namespace

Opened open_sqlite_store(const StoreOptions& options) {
  std::string why;
  std::unique_ptr<Database> database = Database::open(options.place, why);
  if (!database) return {nullptr, options.place + ": " + why};
  auto owner = std::make_shared<Owner>(options.place, std::move(database), options.max_counters);
  if (!owner->load(why)) return {nullptr, options.place + ": " + why};
  owner->start();
  return {[owner](net::Loop& loop) { return std::make_unique<SqliteStore>(owner, loop); }};
}

}  // namespace counterd
