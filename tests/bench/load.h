// What the load clients share: their options, the connecting, the server's CPU time, and the
// pieces of the JSON object that each of them prints.
#pragma once

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

namespace load {

struct Options {
  std::string host, port, mode;
  int clients = 16000;
  double seconds = 5;
  int lines = 10000;
  int pid = 0;
};

[[noreturn]] inline void die(const std::string& what) {
  std::fprintf(stderr, "crowd: %s\n", what.c_str());
  std::exit(1);
}

[[noreturn]] inline void die_errno(const std::string& what) {
  die(what + ": " + std::strerror(errno));
}

inline double now() {
  using Seconds = std::chrono::duration<double>;
  return Seconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// CPU time of all threads of a process in nanoseconds; -1 where the kernel does not say.
inline long long cpu_ns(int pid) {
  if (pid <= 0) return -1;
  long long sum = -1;
  std::error_code ignored;  // a process that has ended has no folder: -1
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks, ignored)) {
    std::ifstream in(task.path() / "schedstat");
    long long ns = 0;
    if (in >> ns) sum = std::max(sum, 0LL) + ns;
  }
  return sum;
}

inline long long cpu_since(int pid, long long before) {
  const long long after = cpu_ns(pid);
  return before < 0 || after < 0 ? -1 : after - before;
}

// Where the server is: the first address of the name.
class Address {
 public:
  Address(const std::string& host, const std::string& port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    const int status = getaddrinfo(host.c_str(), port.c_str(), &hints, &list_);
    if (status != 0) die(host + ":" + port + ": " + gai_strerror(status));
  }
  ~Address() { freeaddrinfo(list_); }
  Address(const Address&) = delete;
  Address& operator=(const Address&) = delete;

  // Waits for the server's backlog: that paces the crowd. The descriptor is non-blocking after.
  int connect() const {
    const int fd = socket(list_->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) die_errno("socket");
    if (::connect(fd, list_->ai_addr, list_->ai_addrlen) < 0) die_errno("connect");
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
  }

 private:
  addrinfo* list_ = nullptr;
};

inline std::string number(std::string_view name, double value) {
  char text[64];
  std::snprintf(text, sizeof text, ",\"%.*s\":%.17g", static_cast<int>(name.size()), name.data(),
                value);
  return text;
}

inline std::string truth(std::string_view name, bool value) {
  return ",\"" + std::string(name) + (value ? "\":true" : "\":false");
}

// One connection: sends options.lines lines at once, half-closes, and counts the echoes until EOF.
void run_burst(const Options& options);

}  // namespace load
