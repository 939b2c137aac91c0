// Preloaded into a tool: counts its fallible calls of libc, and lets one of them fail.
//
//   TORTURE_COUNTS=FILE         shared memory: a Row for each function that was called
//   TORTURE_FAIL=CALL.KIND:N:E  the Nth such call fails with errno E; -1: it moves a single byte
//   TORTURE_LIBUV=FIRST-END     in hex, where the program has a libuv of its own
//
// KIND is what the call's descriptor is.  CALL begins with "uv:", "hiredis:" or "libc:" if that
// library makes it.  Of libc's own calls only those of malloc are seen, and syscall(2) is not;
// programs that the tool runs are not counted.
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>  // NOLINT: environ's
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace {

enum Kind { kNone, kFile, kPipe, kStream, kDatagram, kOther, kKinds };
constexpr const char* kKindNames[] = {"none", "file", "pipe", "stream", "datagram", "other"};

// Who makes a call; the tool, or another library of it.
enum Maker { kTool, kLibuv, kLibc, kHiredis, kMakers };
constexpr const char* kPrefixes[] = {"", "uv:", "libc:", "hiredis:"};

struct Row {
  char name[32];
  std::atomic<std::uint64_t> counts[kKinds];
};
constexpr int kRows = 384;

// What the environment asks for.
class Plan {
 public:
  Plan() {
    if (const char* text = getenv("TORTURE_FAIL")) parse(text);
    const char* const file = getenv("TORTURE_COUNTS");
    constexpr std::size_t kSize = kRows * sizeof(Row);
    int fd = -1;
    if (file != nullptr) fd = static_cast<int>(syscall(SYS_openat, AT_FDCWD, file, O_RDWR));
    const int flags = fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
    void* const rows = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (rows == MAP_FAILED) _exit(99);
    rows_ = static_cast<Row*>(rows);
    if (fd >= 0) close(fd);
    unsetenv("LD_PRELOAD");
    dl_iterate_phdr(find_libraries, this);
    const char* const libuv = getenv("TORTURE_LIBUV");
    if (libuv == nullptr || *libuv == '\0') return;
    char* dash = nullptr;
    begins_[kLibuv] = program_ + strtoull(libuv, &dash, 16);
    ends_[kLibuv] = program_ + strtoull(dash + 1, nullptr, 16);
  }
  Row* new_row(const char* prefix, const char* name) {
    const int i = used_++;
    if (i >= kRows) _exit(99);
    std::strcpy(rows_[i].name, prefix);
    std::strcat(rows_[i].name, name);
    return &rows_[i];
  }
  bool concerns(const Row& row) const { return std::strcmp(row.name, call_) == 0; }
  Maker maker_of(const void* caller) const {
    const auto address = reinterpret_cast<std::uintptr_t>(caller);
    for (int maker = kLibuv; maker < kMakers; ++maker)
      if (address >= begins_[maker] && address < ends_[maker]) return static_cast<Maker>(maker);
    return kTool;
  }
  int error_for(Kind kind, std::uint64_t number) const {
    return kind == kind_ && number == number_ ? error_ : 0;
  }

 private:
  void parse(const char* text) {
    const char* const dot = std::strchr(text, '.');
    std::memcpy(call_, text, static_cast<std::size_t>(dot - text));
    const char* const colon = std::strchr(dot, ':');
    for (int i = 0; i < kKinds; ++i)
      if (std::strncmp(dot + 1, kKindNames[i], std::strlen(kKindNames[i])) == 0)
        kind_ = static_cast<Kind>(i);
    char* end = nullptr;
    number_ = strtoull(colon + 1, &end, 10);
    error_ = atoi(std::strchr(end, ':') + 1);
  }
  static int find_libraries(dl_phdr_info* info, std::size_t, void* plan) {
    auto* const self = static_cast<Plan*>(plan);
    Maker maker = kTool;
    if (info->dlpi_name[0] == '\0') self->program_ = info->dlpi_addr;
    if (std::strstr(info->dlpi_name, "/libuv") != nullptr) maker = kLibuv;
    if (std::strstr(info->dlpi_name, "/libc.so") != nullptr) maker = kLibc;
    if (std::strstr(info->dlpi_name, "/libhiredis") != nullptr) maker = kHiredis;
    self->begins_[maker] = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; ++i)
      if (info->dlpi_phdr[i].p_type == PT_LOAD)
        self->ends_[maker] =
            info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
    return 0;
  }
  std::uintptr_t program_ = 0;  // where it is loaded
  std::uintptr_t begins_[kMakers] = {};
  std::uintptr_t ends_[kMakers] = {};
  Row* rows_ = nullptr;
  std::atomic<int> used_{0};
  char call_[32] = "";
  Kind kind_ = kNone;
  std::uint64_t number_ = 0;
  int error_ = 0;
};

Plan& plan() {
  static Plan one;
  return one;
}

// One of libc's functions.
class Call {
 public:
  explicit Call(const char* name) {
    for (int i = 0; i < kMakers; ++i) {
      rows_[i] = plan().new_row(kPrefixes[i], name);
      concerned_[i] = plan().concerns(*rows_[i]);
    }
  }
  // Counts it; the error that it has to fail with, or 0.
  int count(Kind kind, const void* caller) {
    const Maker maker = plan().maker_of(caller);
    const std::uint64_t number = ++rows_[maker]->counts[kind];
    return concerned_[maker] ? plan().error_for(kind, number) : 0;
  }

 private:
  Row* rows_[kMakers] = {};
  bool concerned_[kMakers] = {};
};

Kind kind_of(int fd) {
  const int before = errno;
  struct statx status = {};
  const bool known = statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &status) == 0;
  int type = 0;
  socklen_t size = sizeof type;
  using Getsockopt = int (*)(int, int, int, void*, socklen_t*);
  static const auto getsockopt = reinterpret_cast<Getsockopt>(dlsym(RTLD_NEXT, "getsockopt"));
  if (known && S_ISSOCK(status.stx_mode)) getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
  errno = before;
  if (type != 0) return type == SOCK_STREAM ? kStream : kDatagram;
  if (!known) return kNone;
  return S_ISREG(status.stx_mode) ? kFile : S_ISFIFO(status.stx_mode) ? kPipe : kOther;
}

// A lost connection is lost for both, and for all calls to come; getpeername(2) only reports it.
void lose(int fd, int error) {
  using Shutdown = int (*)(int, int);
  static const auto shutdown = reinterpret_cast<Shutdown>(dlsym(RTLD_NEXT, "shutdown"));
  const bool cut = error == ECONNRESET || error == EPIPE || error == ETIMEDOUT || error == ENOTCONN;
  if (cut && kind_of(fd) == kStream) shutdown(fd, SHUT_RDWR);
}

}  // namespace

#define DEFINE(R, name, parameters)                                                              \
  extern "C" R tortured_##name parameters __asm__(#name) __attribute__((visibility("default"))); \
  extern "C" R tortured_##name parameters

#define REAL(R, name, parameters) \
  static const auto real = reinterpret_cast<R(*) parameters>(dlsym(RTLD_NEXT, #name))

#define COUNT(name, kind)  \
  static Call call(#name); \
  const int error = call.count(kind, __builtin_return_address(0))

#define FALLIBLE(R, name, parameters, arguments, kind, failed) \
  DEFINE(R, name, parameters) {                                \
    REAL(R, name, parameters);                                 \
    COUNT(name, kind);                                         \
    if (error == 0) return real arguments;                     \
    errno = error;                                             \
    return failed;                                             \
  }

// On a descriptor that is called fd.
#define ON_FD(R, name, parameters, arguments) \
  DEFINE(R, name, parameters) {               \
    REAL(R, name, parameters);                \
    COUNT(name, kind_of(fd));                 \
    if (error == 0) return real arguments;    \
    lose(fd, error);                          \
    errno = error;                            \
    return -1;                                \
  }

// It can move less than it is asked for.
#define MOVES(name, parameters, arguments, one_byte, kind) \
  DEFINE(ssize_t, name, parameters) {                      \
    REAL(ssize_t, name, parameters);                       \
    COUNT(name, kind);                                     \
    if (error == 0) return real arguments;                 \
    if (error == -1) return real one_byte;                 \
    lose(fd, error);                                       \
    errno = error;                                         \
    return -1;                                             \
  }

#define RETURNS_ERROR(name, parameters, arguments) \
  DEFINE(int, name, parameters) {                  \
    REAL(int, name, parameters);                   \
    COUNT(name, kNone);                            \
    return error == 0 ? real arguments : error;    \
  }

static std::size_t least(std::size_t size) { return size > 0 ? 1 : 0; }

// --- bytes ---

MOVES(read, (int fd, void* to, std::size_t size), (fd, to, size), (fd, to, least(size)),
      kind_of(fd))
MOVES(write, (int fd, const void* from, std::size_t size), (fd, from, size),
      (fd, from, least(size)), kind_of(fd))
MOVES(recv, (int fd, void* to, std::size_t size, int flags), (fd, to, size, flags),
      (fd, to, least(size), flags), kind_of(fd))
MOVES(send, (int fd, const void* from, std::size_t size, int flags), (fd, from, size, flags),
      (fd, from, least(size), flags), kind_of(fd))
MOVES(pread64, (int fd, void* to, std::size_t size, std::int64_t at), (fd, to, size, at),
      (fd, to, least(size), at), kind_of(fd))
MOVES(pwrite64, (int fd, const void* from, std::size_t size, std::int64_t at), (fd, from, size, at),
      (fd, from, least(size), at), kind_of(fd))
// What is not a pipe counts.
static Kind kind_of(int one, int other) {
  const Kind kind = kind_of(one);
  return kind == kPipe ? kind_of(other) : kind;
}

DEFINE(ssize_t, splice,
       (int fd, std::int64_t* at, int to, std::int64_t* to_at, std::size_t size, unsigned flags)) {
  REAL(ssize_t, splice, (int, std::int64_t*, int, std::int64_t*, std::size_t, unsigned));
  COUNT(splice, kind_of(fd, to));
  if (error == 0) return real(fd, at, to, to_at, size, flags);
  if (error == -1) return real(fd, at, to, to_at, least(size), flags);
  lose(kind_of(fd) == kPipe ? to : fd, error);
  errno = error;
  return -1;
}

MOVES(sendfile, (int fd, int from, std::int64_t* at, std::size_t size), (fd, from, at, size),
      (fd, from, at, least(size)), kind_of(fd))

DEFINE(ssize_t, writev, (int fd, const iovec* pieces, int count)) {
  REAL(ssize_t, writev, (int, const iovec*, int));
  COUNT(writev, kind_of(fd));
  if (error == 0) return real(fd, pieces, count);
  iovec first = pieces[0];
  first.iov_len = least(first.iov_len);
  if (error == -1) return real(fd, &first, 1);
  lose(fd, error);
  errno = error;
  return -1;
}

ON_FD(ssize_t, sendto,
      (int fd, const void* from, std::size_t size, int flags, const sockaddr* to, socklen_t length),
      (fd, from, size, flags, to, length))
ON_FD(ssize_t, recvmsg, (int fd, msghdr* message, int flags), (fd, message, flags))
ON_FD(ssize_t, sendmsg, (int fd, const msghdr* message, int flags), (fd, message, flags))
ON_FD(int, recvmmsg, (int fd, void* messages, unsigned count, int flags, void* limit),
      (fd, messages, count, flags, limit))
ON_FD(int, sendmmsg, (int fd, void* messages, unsigned count, int flags),
      (fd, messages, count, flags))

// --- sockets ---

FALLIBLE(int, socket, (int family, int type, int protocol), (family, type, protocol), kNone, -1)
ON_FD(int, bind, (int fd, const sockaddr* address, socklen_t size), (fd, address, size))
ON_FD(int, listen, (int fd, int backlog), (fd, backlog))
ON_FD(int, accept4, (int fd, sockaddr* address, socklen_t* size, int flags),
      (fd, address, size, flags))
ON_FD(int, shutdown, (int fd, int how), (fd, how))
ON_FD(int, getsockopt, (int fd, int level, int name, void* value, socklen_t* size),
      (fd, level, name, value, size))
ON_FD(int, setsockopt, (int fd, int level, int name, const void* value, socklen_t size),
      (fd, level, name, value, size))
ON_FD(int, getsockname, (int fd, sockaddr* address, socklen_t* size), (fd, address, size))
FALLIBLE(int, getpeername, (int fd, sockaddr* address, socklen_t* size), (fd, address, size),
         kind_of(fd), -1)

// After EINTR the kernel goes on connecting.
DEFINE(int, connect, (int fd, const sockaddr* address, socklen_t size)) {
  REAL(int, connect, (int, const sockaddr*, socklen_t));
  COUNT(connect, kind_of(fd));
  if (error == 0 || error == EINTR) {
    const int result = real(fd, address, size);
    if (error == 0 || (result != 0 && errno != EINPROGRESS)) return result;
  }
  errno = error;
  return -1;
}

// --- waiting ---

FALLIBLE(int, epoll_create1, (int flags), (flags), kNone, -1)
// To change and to remove what is there does not fail.
DEFINE(int, epoll_ctl, (int set, int action, int fd, epoll_event* event)) {
  REAL(int, epoll_ctl, (int, int, int, epoll_event*));
  if (action != EPOLL_CTL_ADD) return real(set, action, fd, event);
  COUNT(epoll_ctl, kind_of(fd));
  if (error == 0) return real(set, action, fd, event);
  errno = error;
  return -1;
}

FALLIBLE(int, epoll_wait, (int set, void* events, int size, int limit), (set, events, size, limit),
         kNone, -1)
FALLIBLE(int, epoll_pwait, (int set, void* events, int size, int limit, const void* signals),
         (set, events, size, limit, signals), kNone, -1)
FALLIBLE(int, poll, (void* fds, unsigned long count, int limit), (fds, count, limit), kNone, -1)
FALLIBLE(int, eventfd, (unsigned value, int flags), (value, flags), kNone, -1)
FALLIBLE(int, timerfd_create, (int clock, int flags), (clock, flags), kNone, -1)

// --- descriptors and files ---

#define OPENS(name) \
  FALLIBLE(int, name, (const char* path, int flags, unsigned mode), (path, flags, mode), kNone, -1)
OPENS(open)
OPENS(open64)
FALLIBLE(int, __open64_2, (const char* path, int flags), (path, flags), kNone, -1)
// To ask and to set flags does not fail.
#define CONTROLS(name)                                                 \
  DEFINE(int, name, (int fd, int what, long value)) {                  \
    REAL(int, name, (int, int, long));                                 \
    constexpr int kNeverFail[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL}; \
    for (const int one : kNeverFail)                                   \
      if (what == one) return real(fd, what, value);                   \
    COUNT(name, kind_of(fd));                                          \
    if (error == 0) return real(fd, what, value);                      \
    errno = error;                                                     \
    return -1;                                                         \
  }
CONTROLS(fcntl)
CONTROLS(fcntl64)
ON_FD(int, ioctl, (int fd, unsigned long what, void* value), (fd, what, value))
FALLIBLE(int, pipe, (int* ends), (ends), kNone, -1)
FALLIBLE(int, pipe2, (int* ends, int flags), (ends, flags), kNone, -1)
FALLIBLE(int, dup2, (int from, int to), (from, to), kind_of(from), -1)
ON_FD(int, fstat, (int fd, void* status), (fd, status))
ON_FD(int, fstat64, (int fd, void* status), (fd, status))
FALLIBLE(int, stat, (const char* path, void* status), (path, status), kNone, -1)
FALLIBLE(int, stat64, (const char* path, void* status), (path, status), kNone, -1)
FALLIBLE(int, lstat, (const char* path, void* status), (path, status), kNone, -1)
FALLIBLE(int, lstat64, (const char* path, void* status), (path, status), kNone, -1)
FALLIBLE(int, unlink, (const char* path), (path), kNone, -1)
FALLIBLE(int, rename, (const char* from, const char* to), (from, to), kNone, -1)
ON_FD(int, fsync, (int fd), (fd))
ON_FD(int, fdatasync, (int fd), (fd))
ON_FD(int, ftruncate, (int fd, std::int64_t size), (fd, size))
ON_FD(int, ftruncate64, (int fd, std::int64_t size), (fd, size))
FALLIBLE(void*, mmap64,
         (void* at, std::size_t size, int access, int flags, int fd, std::int64_t from),
         (at, size, access, flags, fd, from), kind_of(fd), MAP_FAILED)

// --- the rest ---

FALLIBLE(ssize_t, getrandom, (void* to, std::size_t size, unsigned flags), (to, size, flags), kNone,
         -1)
RETURNS_ERROR(pthread_create,
              (void* thread, const void* how, void* (*start)(void*), void* argument),
              (thread, how, start, argument))
RETURNS_ERROR(posix_spawn,
              (pid_t * pid, const char* path, const void* files, const void* how,
               char* const argv[], char* const env[]),
              (pid, path, files, how, argv, env))

// dlsym(3) calls these, so they cannot be found with it.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

#define ALLOCATES(name, parameters, result) \
  DEFINE(void*, name, parameters) {         \
    COUNT(name, kNone);                     \
    if (error == 0) return result;          \
    errno = error;                          \
    return nullptr;                         \
  }

ALLOCATES(malloc, (std::size_t size), __libc_malloc(size))
ALLOCATES(calloc, (std::size_t count, std::size_t size), __libc_calloc(count, size))
ALLOCATES(realloc, (void* old, std::size_t size), __libc_realloc(old, size))
ALLOCATES(aligned_alloc, (std::size_t alignment, std::size_t size),
          __libc_memalign(alignment, size))
