#include "tools/counterd/prepare.h"

#include <csignal>

#include "common/cli/exit_status.h"
#include "common/cli/log.h"
#include "common/net/descriptor.h"
#include "common/net/timer.h"
#include "tools/counterd/import.h"
#include "tools/counterd/listing.h"

namespace counterd {

using net::Error;
using net::Task;

namespace {

Task<> set(Store& store, Command command, std::string& why) {
  const std::string name = command.name;
  const Outcome outcome = co_await ask(store, std::move(command));
  if (outcome.status == Outcome::kTooMany) why = name + ": would exceed --max-counters";
  if (outcome.status == Outcome::kForeign) why = name + ": its key in the store is not a counter";
  if (!outcome.why.empty()) why = outcome.why;
}

// Creates the counter unless it exists; kUnavailable: it is not known whether it exists, or it
// could not be created.
Task<Outcome::Status> start(Store& store, Entry entry, std::string& why) {
  Command command{.kind = Command::kGet, .name = entry.name, .value = entry.counter.value};
  const Outcome outcome = co_await ask(store, command);
  if (outcome.status == Outcome::kForeign)
    why = entry.name + ": its key in the store is not a counter";
  if (!outcome.why.empty()) why = outcome.why;
  if (outcome.status != Outcome::kNotFound) co_return outcome.status;
  command.kind = Command::kSet;
  co_await set(store, std::move(command), why);
  co_return Outcome::kDone;
}

Task<> start_all(Store& store, Preparation& preparation, std::string& why) {
  std::vector<Entry> later;
  for (const Entry& entry : preparation.start) {
    if (!why.empty()) break;
    const Outcome::Status status = co_await start(store, entry, why);
    if (status != Outcome::kUnavailable || !preparation.waits) continue;
    later.push_back(entry);
    why.clear();
  }
  preparation.start = std::move(later);
}

// Checks pending signals, because they are blocked until the server serves.
bool is_told_to_stop() {
  sigset_t pending;
  return sigpending(&pending) == 0 &&
         (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1 ||
          sigismember(&pending, SIGQUIT) == 1);
}

Task<> import_all(Store& store, std::string_view json, std::string& why) {
  constexpr std::size_t kAtOnce = 1000;  // the store may combine them
  net::WaitGroup group;
  ListReader reader(json);
  while (std::optional<Entry> entry = reader.next()) {
    const Counter& counter = entry->counter;
    Command command{.kind = Command::kImport, .name = entry->name, .value = counter.value};
    command.changed = counter.changed;
    command.expires = counter.expires;
    group.go(set(store, std::move(command), why));
    co_await group.wait(kAtOnce - 1);
    if (why.empty() && is_told_to_stop())
      why = "--import: stopped by a signal (the counters imported so far stay)";
    if (!why.empty()) break;
  }
  co_await group.wait();
}

// Returns the exit status, with a sentence in `why` unless the reader has left.
Task<int> export_all(net::Loop& loop, Store& store, std::string& why) {
  net::Descriptor out = net::Descriptor::standard_output(loop);
  Listing listing(store, ListFormat::kJson, {});
  while (!listing.done()) {
    std::string text;
    const Outcome outcome = co_await listing.next(text);
    why = outcome.why;
    if (!why.empty()) co_return net::kLocalIo;
    Error e = co_await net::write(out, text);
    if (e == Error(UV_EPIPE)) co_return net::kBrokenPipe;
    if (e) why = std::string("stdout: ") + e.message();
    if (e) co_return net::kLocalIo;
  }
  co_return net::kOk;
}

Task<int> prepare_all(net::Loop& loop, Store& store, Preparation& preparation, std::string& why) {
  net::WaitGroup background;
  background.go(store.run());
  if (!preparation.imported.empty()) co_await import_all(store, preparation.imported, why);
  if (why.empty()) co_await start_all(store, preparation, why);
  int status = why.empty() ? net::kOk : net::kLocalIo;
  if (status == net::kOk && preparation.exports) status = co_await export_all(loop, store, why);
  loop.cancel_all();
  co_await background.wait();
  co_return status;
}

}  // namespace

int prepare(Preparation& preparation, const Opened& opened) {
  std::string why = opened.start();
  if (!why.empty()) return net::log::error("%s", why.c_str()), net::kLocalIo;
  if (!preparation.changes() && !preparation.exports) return net::kOk;
  net::Loop loop;
  const std::unique_ptr<Store> store = opened.make(loop);
  const int status = loop.run(prepare_all(loop, *store, preparation, why));
  if (!why.empty() && !opened.has_logged()) net::log::error("%s", why.c_str());
  preparation.imported.clear();
  preparation.imported.shrink_to_fit();
  return status;
}

Task<> start_later(net::Loop& loop, Store& store, std::vector<Entry> entries) {
  constexpr Millis kPause{1'000};
  for (const Entry& entry : entries) {
    Outcome::Status status = Outcome::kUnavailable;
    while (status == Outcome::kUnavailable) {
      std::string why;
      status = co_await start(store, entry, why);
      if (status != Outcome::kUnavailable && !why.empty()) net::log::error("%s", why.c_str());
      Error e;
      if (status == Outcome::kUnavailable) e = co_await net::sleep(loop, kPause);
      if (e) co_return;
    }
  }
}

}  // namespace counterd
