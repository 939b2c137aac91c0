// Counters in memory, lost when the process ends: one map and one mutex, which all loops share.

#include <mutex>

#include "tools/counterd/transaction.h"

namespace counterd {

namespace {

struct Shared {
  explicit Shared(const StoreOptions& options) : limits(options.limits), clock(options.clock) {}
  const Limits limits;
  Time (*const clock)();
  std::mutex mutex;
  Counters counters;      // guarded by mutex
  Operations operations;  // guarded by mutex
  std::uint64_t version = 0;
};

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Reply apply(const Command& command) override {
    const std::lock_guard lock(shared_->mutex);
    if (command.kind != Command::kGet) ++shared_->version;
    if (!command.others.empty() || !command.op.empty()) return execute_together(command);
    return shared_->counters.execute(command, shared_->clock(), shared_->limits.max_counters);
  }

  net::Task<Page> list(ListQuery query, std::string from) override {
    co_return page(query.prefix, from.empty() ? query.after : from);
  }

  std::uint64_t version() override {
    const std::lock_guard lock(shared_->mutex);
    return shared_->version;
  }

 private:
  Page page(std::string_view prefix, std::string_view after) const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->counters.page(prefix, after, shared_->clock());
  }

  // For several names, or with a token: all changes are made together.
  Outcome execute_together(const Command& command) {
    constexpr int kForgottenAtOnce = 8;
    const Time at = shared_->clock();
    for (int i = 0; i < kForgottenAtOnce; ++i)
      (void)shared_->operations.take_older(at - shared_->limits.op_window);
    Transaction transaction(shared_->counters, shared_->operations, shared_->limits, at);
    Outcome outcome = transaction.execute(command);
    publish(transaction.changes(), shared_->counters);
    publish(transaction.operations(), shared_->operations);
    return outcome;
  }

  std::shared_ptr<Shared> shared_;
};

}  // namespace

Opened open_memory_store(const StoreOptions& options) {
  auto shared = std::make_shared<Shared>(options);
  return {[shared](net::Loop&) { return std::make_unique<MemoryStore>(shared); }};
}

}  // namespace counterd
