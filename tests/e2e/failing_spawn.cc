// Preloaded into netcat: no process can be started while the file named by FAILING_SPAWN exists.
#include <dlfcn.h>
#include <spawn.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

extern "C" int posix_spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* files,
                           const posix_spawnattr_t* how, char* const argv[], char* const env[]) {
  const char* file = std::getenv("FAILING_SPAWN");
  if (file != nullptr && access(file, F_OK) == 0) return EAGAIN;
  const auto next = reinterpret_cast<decltype(&posix_spawn)>(dlsym(RTLD_NEXT, "posix_spawn"));
  return next(pid, path, files, how, argv, env);
}
