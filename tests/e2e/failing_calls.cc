// System calls that fail, for LD_PRELOAD: FAIL_ACCEPT4=ERRNO, FAIL_PTHREAD_CREATE=ERRNO.
#include <dlfcn.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>

namespace {

int error_for(const char* variable) {
  const char* value = std::getenv(variable);
  return value ? std::atoi(value) : 0;
}

}  // namespace

extern "C" int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  const int error = error_for("FAIL_ACCEPT4");
  if (error == 0) return static_cast<int>(syscall(SYS_accept4, fd, address, size, flags));
  errno = error;
  return -1;
}

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) {
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto create = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  const int error = error_for("FAIL_PTHREAD_CREATE");
  return error == 0 ? create(thread, attributes, start, argument) : error;
}
