// store.h - where the counters are kept: a command in, its outcome out.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "common/net/fd.h"
#include "common/net/loop.h"
#include "common/net/task.h"
#include "tools/counterd/counter.h"

namespace counterd {

// An Outcome avoids the coroutine frame if there is nothing to wait for.
using Reply = std::variant<Outcome, net::Task<Outcome>>;

struct Entry {
  std::string name;
  Counter counter;
};

// Selects the counters of a list: those whose names begin with `prefix`, after `after`.
struct ListQuery {
  std::string prefix = {};
  std::string after = {};
  std::uint64_t limit = 0;  // the most that are needed; 0: all
};

// A piece of a list, of bounded size.
struct Page {
  Outcome::Status status = Outcome::kDone;  // else kUnavailable, with the reason in `why`
  std::string why = {};
  std::vector<Entry> entries = {};
  std::string next = {};  // where the next piece starts; empty: this is the last
};

// A copy of all counters: an SQLite file.
struct Backup {
  Outcome::Status status = Outcome::kDone;  // kNotFound: not supported; otherwise see `why`
  std::string why = {};
  net::Fd file = {};
  std::size_t bytes = 0;
};

// One event loop's access to the counters, which all loops share.  Every command is atomic, and
// what was acknowledged (kDone) is as durable as the store promises.
class Store {
 public:
  virtual ~Store() = default;
  // A task copies what it needs of the command.
  virtual Reply apply(const Command& command) = 0;
  // Lists the counters in the order of their names, piece by piece: the first call has an empty
  // `from`, the next ones a page's `next`.  A counter that exists throughout is listed exactly
  // once.
  virtual net::Task<Page> list(ListQuery query, std::string from) = 0;
  // Checks whether a change could be made now: returns kDone, or why not.
  virtual net::Task<Outcome> check() { co_return Outcome{}; }
  virtual net::Task<Backup> backup() { co_return Backup{.status = Outcome::kNotFound}; }
  // A number that changes whenever a counter may have changed.
  virtual std::uint64_t version() = 0;
  // How often it is worthwhile to ask for the version.
  virtual Millis version_period() const { return Millis(200); }
  // Runs beside the connections until the loop is cancelled.
  virtual net::Task<> run() { co_return; }
};

// Executes `command` and waits for its outcome.
inline net::Task<Outcome> ask(Store& store, Command command) {
  Reply reply = store.apply(command);
  if (auto* outcome = std::get_if<Outcome>(&reply)) co_return std::move(*outcome);
  auto& task = std::get<net::Task<Outcome>>(reply);
  Outcome outcome = co_await std::move(task);
  co_return outcome;
}

using MakeStore = std::function<std::unique_ptr<Store>(net::Loop&)>;

struct Limits {
  std::uint64_t max_counters = 0;  // also the limit on tokens
  Millis op_window = std::chrono::minutes(10);
};

struct StoreOptions {
  std::string place;  // the value of --store: FILE.db, redis://HOST:PORT[/DB]
  Limits limits = {};
  std::string redis_password = {};  // if `place` does not contain one
  bool creates = true;              // FILE.db, if it does not exist
  Time (*clock)() = now;            // not used by Redis, which has its own
};

// An open store, or the reason why it could not be opened.  One store serves all loops.
struct Opened {
  MakeStore make;        // makes one per loop; this object must outlive them
  std::string why = {};  // a sentence: "counters.db: locked by another counterd"
  // Called before the first command and after the sandbox was entered, because only threads that
  // are started later are inside it.  Returns an error, or an empty string.
  std::function<std::string()> start = [] { return std::string(); };
  // Whether the store has logged why it cannot make changes.
  std::function<bool()> has_logged = [] { return false; };
};

Opened open_memory_store(const StoreOptions& options);
Opened open_sqlite_store(const StoreOptions& options);
Opened open_redis_store(const StoreOptions& options);

}  // namespace counterd
