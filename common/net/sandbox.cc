#include "common/net/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ctime>

#include "common/cli/exit_status.h"
#include "common/cli/log.h"
#include "common/net/call_filter.h"
#include "common/net/fd.h"
#include "common/net/result.h"

namespace net {

namespace {

// Sanitizers need what the sandbox takes away: LeakSanitizer uses ptrace(2), and all of them read
// /proc/self/maps.
#ifdef WIREUTILS_SANITIZED
constexpr bool kPossible = false;
#else
constexpr bool kPossible = true;
#endif

// --- Landlock ---

// Definitions that Debian 12's <linux/landlock.h> lacks.
struct Rights {  // landlock_ruleset_attr
  std::uint64_t files;
  std::uint64_t tcp;
  std::uint64_t outside;  // the field `scoped`
};
constexpr std::uint64_t kTruncate = 1 << 14;
constexpr std::uint64_t kBindTcp = 1 << 0, kConnectTcp = 1 << 1;
constexpr std::uint64_t kAbstractSockets = 1 << 0, kSignals = 1 << 1;

constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr std::uint64_t kRemove = LANDLOCK_ACCESS_FS_REMOVE_FILE;
constexpr std::uint64_t kWrite = kRead | kRemove | kTruncate | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                 LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_REG;

// All rights that this version of Landlock can restrict.
Rights rights_of(long version, bool dials) {
  const int file_rights = version < 2 ? 13 : version < 3 ? 14 : version < 5 ? 15 : 16;
  Rights rights{.files = (std::uint64_t{1} << file_rights) - 1, .tcp = 0, .outside = 0};
  if (version >= 4) rights.tcp = dials ? kBindTcp : kBindTcp | kConnectTcp;
  if (version >= 6) rights.outside = dials ? kSignals : kSignals | kAbstractSockets;
  return rights;
}

class Landlock {
 public:
  explicit Landlock(bool dials) {
    const long version = syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0},
                                 LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) return;
    rights_ = rights_of(version, dials);
    rules_.reset(
        static_cast<int>(syscall(SYS_landlock_create_ruleset, &rights_, sizeof rights_, 0)));
  }
  explicit operator bool() const { return static_cast<bool>(rules_); }

  // Allows access to a file, or to everything in a directory.  A path that does not exist needs no
  // rule.  On failure logs the reason and returns false.
  bool allow(const std::string& path, std::uint64_t rights) {
    const Fd fd(open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!fd && errno == ENOENT) return true;
    const landlock_path_beneath_attr rule{.allowed_access = rights & rights_.files,
                                          .parent_fd = fd.get()};
    if (fd &&
        syscall(SYS_landlock_add_rule, rules_.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0)
      return true;
    log::error("sandbox: %s: %s", path.c_str(), Error::from_errno().message());
    return false;
  }
  bool allow_each(const std::vector<std::string>& paths, std::uint64_t rights) {
    return std::ranges::all_of(paths, [&](const auto& path) { return allow(path, rights); });
  }
  bool enter() {
    if (syscall(SYS_landlock_restrict_self, rules_.get(), 0) == 0) return true;
    log::error("sandbox: %s", Error::from_errno().message());
    return false;
  }

 private:
  Rights rights_{};
  Fd rules_;
};

// --- what a daemon needs ---

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

// The directories of the files and, for symbolic links, those of their targets.
std::vector<std::string> directories_of(const std::vector<std::string>& files) {
  std::vector<std::string> found;
  for (const std::string& file : files) {
    found.push_back(directory_of(file));
    char* const real = realpath(file.c_str(), nullptr);
    if (real != nullptr) found.push_back(directory_of(real));
    std::free(real);
  }
  return found;
}

// What the resolver reads when a name is looked up again after a lost connection: its files, files
// that replace them, and the libraries that nsswitch.conf names.
std::vector<std::string> resolver_places() {
  std::vector<std::string> places = directories_of({"/etc/resolv.conf"});
  places.insert(places.end(), {"/usr", "/lib", "/lib64"});
  return places;
}

bool restrict_files(const Sandbox& sandbox) {
  Landlock landlock(sandbox.dials);
  if (!landlock) {
    log::details("sandbox: this kernel has no Landlock");
    return true;
  }
  return landlock.allow("/dev/null", kRead | LANDLOCK_ACCESS_FS_WRITE_FILE) &&  // libuv needs it
         landlock.allow_each(directories_of(sandbox.reads), kRead) &&
         landlock.allow_each(directories_of(sandbox.writes), kWrite) &&
         landlock.allow_each(directories_of(sandbox.removes), kRemove) &&
         (!sandbox.dials || landlock.allow_each(resolver_places(), kRead)) && landlock.enter();
}

}  // namespace

int enter(const Sandbox& sandbox) {
  if (!sandbox.on || !kPossible) return kOk;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0) return kOk;  // fails before Linux 3.5
  if (!restrict_files(sandbox)) return kLocalIo;
  if (const Error e = filter_calls(sandbox.dials))
    log::details("sandbox: this kernel filters no system calls: %s", e.message());
  return kOk;
}

void read_time_zone() {
  constexpr int kUnlessSet = 0;
  setenv("TZ", ":/etc/localtime", kUnlessSet);
  tzset();
}

}  // namespace net
