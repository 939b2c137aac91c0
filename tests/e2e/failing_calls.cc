// System calls that fail, for LD_PRELOAD: FAIL_ACCEPT4=ERRNO, FAIL_PTHREAD_CREATE=ERRNO,
// FAIL_OPEN_TO_WRITE=ERRNO (of a database, but for the first time, which is counterd's own),
// FAIL_LANDLOCK=ERRNO, FAIL_SECCOMP=ERRNO.  Or that take time: PAUSE_AFTER_BIND=1, which prints the
// port of a socket and waits for a byte of standard input.
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

int error_for(const char* variable) {
  const char* value = std::getenv(variable);
  return value ? std::atoi(value) : 0;
}

}  // namespace

extern "C" long syscall(long number, ...) noexcept {
  using Call = long (*)(long, ...);
  static const auto call = reinterpret_cast<Call>(dlsym(RTLD_NEXT, "syscall"));
  va_list more;
  va_start(more, number);
  long arguments[6];
  for (long& argument : arguments) argument = va_arg(more, long);
  va_end(more);
  const int error = number == SYS_landlock_create_ruleset ? error_for("FAIL_LANDLOCK")
                    : number == SYS_seccomp               ? error_for("FAIL_SECCOMP")
                                                          : 0;
  if (error == 0)
    return call(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                arguments[5]);
  errno = error;
  return -1;
}

extern "C" int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  const int error = error_for("FAIL_ACCEPT4");
  if (error == 0) return static_cast<int>(syscall(SYS_accept4, fd, address, size, flags));
  errno = error;
  return -1;
}

extern "C" int bind(int fd, const sockaddr* address, socklen_t size) noexcept {
  const auto result = static_cast<int>(syscall(SYS_bind, fd, address, size));
  sockaddr_storage bound{};
  socklen_t bound_size = sizeof bound;
  if (result != 0 || std::getenv("PAUSE_AFTER_BIND") == nullptr ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &bound_size) != 0)
    return result;
  dprintf(STDERR_FILENO, "bound to %d\n", ntohs(reinterpret_cast<sockaddr_in&>(bound).sin_port));
  char byte = 0;
  (void)!read(STDIN_FILENO, &byte, 1);
  return result;
}

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) {
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto create = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  const int error = error_for("FAIL_PTHREAD_CREATE");
  return error == 0 ? create(thread, attributes, start, argument) : error;
}

extern "C" int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  static int opened = 0;
  const bool counts = (flags & O_ACCMODE) == O_RDWR && std::strstr(path, ".db") != nullptr;
  const int error = counts && ++opened > 1 ? error_for("FAIL_OPEN_TO_WRITE") : 0;
  if (error == 0) return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
  errno = error;
  return -1;
}
