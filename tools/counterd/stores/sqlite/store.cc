// The counters in a file: one loop's side of the Owner.

#include "common/net/timer.h"
#include "tools/counterd/stores/sqlite/backup.h"
#include "tools/counterd/stores/sqlite/owner.h"

namespace counterd {

namespace {

class SqliteStore final : public Store {
 public:
  SqliteStore(std::shared_ptr<Owner> owner, net::Loop& loop)
      : owner_(std::move(owner)), loop_(loop) {}

  Reply apply(const Command& command) override {
    if (command.kind == Command::kGet) return owner_->get(command);
    return change(command);
  }

  net::Task<Page> list(ListQuery query, std::string from) override {
    co_return owner_->page(query.prefix, from.empty() ? query.after : from);
  }

  std::uint64_t version() override { return owner_->version(); }

  // Executes a transaction that changes nothing.
  net::Task<Outcome> check() override {
    Command look{.kind = Command::kGet, .name = "x"};
    Outcome outcome = co_await change(std::move(look));
    if (outcome.status == Outcome::kNotFound) outcome.status = Outcome::kDone;
    co_return outcome;
  }

  net::Task<Backup> backup() override { return back_up(loop_, owner_->place(), owner_->file()); }

  // Counts this loop until it ends; without loops, another process's lock does not delay the exit.
  net::Task<> run() override {
    owner_->count_loops(1);
    net::Timer end(loop_);
    (void)co_await end.wait(net::kForever);
    owner_->count_loops(-1);
  }

 private:
  net::Task<Outcome> change(Command command) {
    Change change{*owner_, loop_, command};
    co_return co_await change;
  }

  std::shared_ptr<Owner> owner_;
  net::Loop& loop_;
};

}  // namespace

Opened open_sqlite_store(const StoreOptions& options) {
  std::string why;
  std::unique_ptr<Database> database = Database::open(options.place, options.creates, why);
  if (!database) return {nullptr, options.place + ": " + why};
  auto owner = std::make_shared<Owner>(options, std::move(database));
  if (!owner->load(why)) return {nullptr, options.place + ": " + why};
  return {.make = [owner](net::Loop& loop) { return std::make_unique<SqliteStore>(owner, loop); },
          .start = [owner] { return owner->start(); },
          .has_logged = [owner] { return owner->has_logged(); }};
}

}  // namespace counterd
