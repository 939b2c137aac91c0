// A getrandom(2) that fails while the file $GETRANDOM_FAILS exists, for LD_PRELOAD: so it is the
// program itself that is tested, not one that was built to fail.
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>

extern "C" ssize_t getrandom(void* buffer, size_t size, unsigned flags) {
  const char* file = std::getenv("GETRANDOM_FAILS");
  if (file && access(file, F_OK) == 0) {
    errno = ENOSYS;
    return -1;
  }
  return syscall(SYS_getrandom, buffer, size, flags);
}
