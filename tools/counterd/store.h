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

// Without a coroutine frame if there is nothing to wait for.
using Reply = std::variant<Outcome, net::Task<Outcome>>;

struct Entry {
  std::string name;
  Counter counter;
};

// Selects the counters of a list: those whose names begin with `prefix`, after `after`.
struct ListQuery {
  std::string prefix = {};
  std::string after = {};
  std::uint64_t limit = 0;  // no more are asked for; 0: all
};

// A bounded piece of a list.
struct Page {
  Outcome::Status status = Outcome::kDone;  // else kUnavailable, with the reason in `why`
  std::string why = {};
  std::vector<Entry> entries = {};
  std::string next = {};  // where the next piece begins; empty: there is none
};

// A copy of all counters: an SQLite file.
struct Backup {
  Outcome::Status status = Outcome::kDone;  // kNotFound: this store has none; else `why` tells
  std::string why = {};
  net::Fd file = {};
  std::size_t bytes = 0;
};

// One event loop's access to the counters, which all loops share.  Every command is atomic, and
// what was acknowledged (kDone) is as durable as the store promises.
class Store {
 public:
  virtual ~Store() = default;
  virtual Reply apply(Command command) = 0;
  // The counters in the order of their names, piece by piece: first with `from` empty, then with a
  // page's `next`.  One that exists throughout is listed once.
  virtual net::Task<Page> list(ListQuery query, std::string from) = 0;
  // Whether a change could be made now: kDone, or why not.
  virtual net::Task<Outcome> check() { co_return Outcome{}; }
  virtual net::Task<Backup> backup() { co_return Backup{.status = Outcome::kNotFound}; }
  // A number that changes whenever a counter may have changed.
  virtual std::uint64_t version() = 0;
  // How often it is worth to ask for the version.
  virtual Millis version_period() const { return Millis(200); }
  // Runs beside the connections until the loop is cancelled.
  virtual net::Task<> run() { co_return; }
};

// Does `command` and waits for its outcome.
inline net::Task<Outcome> ask(Store& store, Command command) {
  Reply reply = store.apply(std::move(command));
  if (auto* outcome = std::get_if<Outcome>(&reply)) co_return std::move(*outcome);
  auto& task = std::get<net::Task<Outcome>>(reply);
  Outcome outcome = co_await std::move(task);
  co_return outcome;
}

using MakeStore = std::function<std::unique_ptr<Store>(net::Loop&)>;

struct Limits {
  std::uint64_t max_counters = 0;  // as many tokens, too
  Millis op_window = std::chrono::minutes(10);
};

struct StoreOptions {
  std::string place;  // the value of --store: FILE.db, redis://HOST:PORT[/DB]
  Limits limits = {};
  std::string redis_password = {};  // unless the place has one
  Time (*clock)() = now;            // Redis has its own
};

// A store that is open, or the reason why not.  One store for all loops.
struct Opened {
  MakeStore make;        // one for each loop; all of them go before this does
  std::string why = {};  // a sentence: "counters.db: locked by another counterd"
  // Before the first command, and inside the sandbox, which only later threads are in.  Returns
  // what went wrong, or nothing.
  std::function<std::string()> start = [] { return std::string(); };
};

Opened open_memory_store(const StoreOptions& options);
Opened open_sqlite_store(const StoreOptions& options);
Opened open_redis_store(const StoreOptions& options);

}  // namespace counterd
