#include "tools/counterd/stores/sqlite/owner.h"

#include <algorithm>
#include <csignal>
#include <system_error>

#include "common/cli/log.h"

namespace counterd {

void Change::await_suspend(std::coroutine_handle<> task) {
  waiter = task;
  loop.hold();
  owner.submit(*this);
}

// Blocks all signals in the new thread, because the loops handle them.
std::string Owner::start() {
  std::string why;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& e) {
    why = options_.place + ": cannot start a thread: " + net::Error(-e.code().value()).message();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return why;
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
  const Time at = options_.clock();
  Outcome all = apply(command, counters_.find(command.name), at).outcome;
  for (const std::string& name : command.others) {
    if (all.status != Outcome::kDone) break;
    Outcome one = apply(command, counters_.find(name), at).outcome;
    one.failed = all.others.size() + 1;
    if (one.status == Outcome::kDone)
      all.others.push_back(std::move(one));
    else
      all = std::move(one);
  }
  return all;
}

Page Owner::page(std::string_view prefix, std::string_view after) {
  const std::lock_guard lock(counters_mutex_);
  return counters_.page(prefix, after, options_.clock());
}

// --- the thread ---

void Owner::run() {
  for (;;) {
    Group group;
    const bool busy = tidy();
    if (!take_waiting(group, busy)) return;
    if (group.empty()) continue;
    wrote_ = false;
    const Outcome outcome = reading_ ? read_again() : process(group);
    const bool done = outcome.status == Outcome::kDone;
    if (!done || wrote_) log_change_of(outcome);
    for (Change* change : group)
      if (!done) change->outcome = outcome;
    if (done && !wrote_ && last_ != Outcome::kDone) doubt(group);
    answer(std::move(group));
  }
}

// Takes all waiting changes.  Unless `busy`, waits until there are some.  Returns false at the end.
bool Owner::take_waiting(Group& group, bool busy) {
  std::unique_lock lock(queue_mutex_);
  const bool at_once = !queue_.empty();
  if (!at_once) lock.unlock();
  database_->keep_snapshot(at_once);
  if (!at_once) lock.lock();
  if (!busy) queued_.wait(lock, [this] { return !queue_.empty() || ended_; });
  group.swap(queue_);
  return !group.empty() || !ended_;
}

// Does a piece of long-running work; returns whether there is more.
bool Owner::tidy() {
  constexpr std::size_t kAtOnce = 5000;
  if (database_->log_is_held())
    net::log::error("%s: another process keeps reading the file, so its log grows",
                    options_.place.c_str());
  if (reading_) {
    std::string why;
    const Database::Reading reading = database_->read_some(next_, why);
    reading_ = reading == Database::Reading::kMore;
    if (reading == Database::Reading::kDone) take_over(next_);
    if (reading == Database::Reading::kFailed)
      std::swap(old_, next_);  // the next change will try again
    if (!reading_) return true;
  }
  return old_.shrink(kAtOnce) || reading_;
}

// Executes all of `group` or none of it; tries again once if that may help.
Outcome Owner::process(const Group& group) {
  Outcome outcome = try_to_process(group);
  const std::string trouble =
      outcome.status == Outcome::kUnavailable ? database_->trouble() : std::string();
  if (!trouble.empty()) {
    std::string why;
    if (mend(trouble, why)) return try_to_process(group);
    return {.status = Outcome::kUnavailable, .why = trouble + ": " + why};
  }
  if (outcome.status == Outcome::kNoSpace && database_->make_room(outcome.why))
    return try_to_process(group);
  return outcome;
}

Outcome Owner::try_to_process(const Group& group) {
  if (Outcome outcome = database_->begin(); outcome.status != Outcome::kDone) return outcome;
  if (Outcome outcome = look_for_changes_by_others(); outcome.status != Outcome::kDone) {
    database_->rollback();
    return outcome;
  }
  forget_operations(forgotten_);
  Transaction transaction(counters_, operations_, options_.limits, options_.clock());
  for (Change* change : group) change->outcome = transaction.execute(change->command);
  if (transaction.empty()) return database_->rollback(), Outcome{};
  NewOperations operations = forgotten_;
  for (const auto& [token, operation] : transaction.operations()) operations[token] = operation;
  Outcome outcome = database_->commit(transaction.changes(), operations);
  if (outcome.status != Outcome::kDone) return outcome;
  wrote_ = true;
  forgotten_.clear();
  publish(transaction.changes(), transaction.operations());
  // Before anything is acknowledged, changes that the disk has lost are written again.
  if (std::string why, trouble = database_->gone(); !trouble.empty() && !mend(trouble, why))
    return {.status = Outcome::kUnknown, .why = trouble + ": " + why};
  return outcome;
}

// After a failed change, a check that writes nothing would not show whether the next change can
// succeed, so this writes a counter again, unchanged.
void Owner::doubt(const Group& group) {
  const Page page = counters_.page("", "", kNever);
  if (page.entries.empty()) return;
  const Entry& any = page.entries.front();
  const auto write = [&] {
    Outcome outcome = database_->begin();
    return outcome.status == Outcome::kDone ? database_->commit({{any.name, any.counter}}, {})
                                            : outcome;
  };
  Outcome outcome = write();
  if (outcome.status == Outcome::kNoSpace && database_->make_room(outcome.why)) outcome = write();
  for (Change* change : group)
    if (outcome.status != Outcome::kDone && change->command.kind == Command::kGet)
      change->outcome = outcome;
}

// --- what other processes do to the file ---

// Finds changes by other processes, such as a user at the sqlite3 prompt.  With many counters this
// takes seconds; meanwhile changes are refused, which is better than letting them wait.
Outcome Owner::look_for_changes_by_others() {
  constexpr std::size_t kFew = 5000;
  if (database_->changed_by_others()) stale_ = true;
  if (!stale_) return {};
  if (counters_.size() > kFew) return read_again();
  Counters found;
  Operations unused;
  std::string why;
  if (!database_->load(found, unused, why)) return {.status = Outcome::kUnavailable, .why = why};
  take_over(found);
  return {};
}

Outcome Owner::read_again() {
  reading_ = true;
  return {.status = Outcome::kUnavailable,
          .why = "another process has changed the file; its " + std::to_string(counters_.size()) +
                 " counters are being reread"};
}

void Owner::take_over(Counters& found) {
  const std::lock_guard lock(counters_mutex_);
  std::swap(counters_, found);
  std::swap(old_, found);
  stale_ = false;
  ++version_;
}

// Called when another process has removed or truncated the log: writes its content again, from the
// map.
bool Owner::mend(const std::string& trouble, std::string& why) {
  if (last_ == Outcome::kDone) net::log::error("%s (reopening it)", trouble.c_str());
  Counters found;
  Operations operations;
  return database_->reopen(why) && database_->load(found, operations, why) &&
         write_back(found, why);
}

bool Owner::write_back(const Counters& found, std::string& why) {
  Changes changes;
  std::string after;
  do {
    const Page page = counters_.page("", after, kNever);
    for (const Entry& entry : page.entries) {
      const Counter* there = found.find(entry.name);
      if (there == nullptr || *there != entry.counter) changes[entry.name] = entry.counter;
    }
    after = page.next;
  } while (!after.empty());
  Outcome outcome = database_->begin();
  if (outcome.status == Outcome::kDone) outcome = database_->commit(changes, operations_.all());
  why = outcome.why;
  return outcome.status == Outcome::kDone;
}

// --- the end of a group ---

void Owner::forget_operations(NewOperations& forgotten) {
  constexpr std::size_t kAtOnce = 1000;
  const Time before = options_.clock() - options_.limits.op_window;
  while (forgotten.size() < kAtOnce) {
    auto token = operations_.take_older(before);
    if (!token) break;
    forgotten[std::move(*token)] = std::nullopt;
  }
}

void Owner::publish(const Changes& changes, const NewOperations& operations) {
  counterd::publish(operations, operations_);
  const std::lock_guard lock(counters_mutex_);
  counterd::publish(changes, counters_);
  ++version_;
}

// Resumes the waiting tasks, each on its loop.  Once posted, a task may end at any time, and its
// Change with it.
void Owner::answer(Group group) {
  for (auto at = group.begin(); at != group.end();) {
    net::Loop& loop = (*at)->loop;
    const auto end =
        std::partition(at, group.end(), [&](Change* one) { return &one->loop == &loop; });
    loop.post([answered = Group(at, end)] {
      for (Change* change : answered) change->waiter.resume();
    });
    at = end;
  }
}

// Logs each problem once, not for each request.
void Owner::log_change_of(const Outcome& outcome) {
  if (outcome.status == last_) return;
  last_ = outcome.status;
  if (outcome.status != Outcome::kDone)
    net::log::error("%s: %s", options_.place.c_str(), outcome.why.c_str());
  else
    net::log::info("%s: available again", options_.place.c_str());
}

}  // namespace counterd
