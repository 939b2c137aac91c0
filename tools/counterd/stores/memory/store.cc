// The counters in memory, gone with the process: one map, and one mutex that all loops share.

#include <mutex>

#include "tools/counterd/counters.h"
#include "tools/counterd/store.h"

namespace counterd {

namespace {

struct Shared {
  explicit Shared(std::uint64_t max) : max_counters(max) {}
  const std::uint64_t max_counters;
  std::mutex mutex;
  Counters counters;  // guarded by mutex
};

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Reply apply(Command command) override {
    const std::lock_guard lock(shared_->mutex);
    return shared_->counters.execute(command, now(), shared_->max_counters);
  }

  net::Task<Page> list(std::string prefix, std::string from) override {
    co_return page(prefix, from);
  }

 private:
  Page page(std::string_view prefix, std::string_view from) const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->counters.page(prefix, from, now());
  }

  std::shared_ptr<Shared> shared_;
};

}  // namespace

Opened open_memory_store(const StoreOptions& options) {
  auto shared = std::make_shared<Shared>(options.max_counters);
  return {[shared](net::Loop&) { return std::make_unique<MemoryStore>(shared); }};
}

}  // namespace counterd
