#include "common/net/fd_limit.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "common/net/fd.h"

namespace net {

static std::optional<rlim_t> original_limit;  // the soft limit before it was raised

static void set_soft_limit(rlim_t soft) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min(soft, limit.rlim_max);
  (void)setrlimit(RLIMIT_NOFILE, &limit);  // on failure the limit stays as it was
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  if (!original_limit) original_limit = limit.rlim_cur;
  set_soft_limit(limit.rlim_max);
}

OriginalDescriptorLimit::OriginalDescriptorLimit() {
  if (original_limit) set_soft_limit(*original_limit);
}

OriginalDescriptorLimit::~OriginalDescriptorLimit() {
  if (original_limit) set_soft_limit(RLIM_INFINITY);
}

Error can_open(std::size_t n) {
  std::vector<Fd> opened;
  for (; n > 0; --n) {
    opened.emplace_back(eventfd(0, EFD_CLOEXEC));
    if (!opened.back()) return Error::from_errno();
  }
  return {};
}

std::uint64_t clients_possible() {
  constexpr std::uint64_t kSpare = 8;        // for short-lived descriptors: look-ups, time zones
  constexpr std::uint64_t kUnknown = 1'000;  // nearly every system's soft limit allows this many
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kUnknown;
  const Fd lowest_free(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!lowest_free) return 1;
  const std::uint64_t used = static_cast<std::uint64_t>(lowest_free.get()) + kSpare;
  return limit.rlim_cur > used ? limit.rlim_cur - used : 1;
}

}  // namespace net
