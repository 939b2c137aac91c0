// first_byte: how long a client takes from its start until its first byte has arrived.
//
//   first_byte RUNS PROGRAM ARGUMENT...   PORT among the arguments stands for the server's port
//
// Starts the program so many times, one after another, with one byte as its standard input, and
// prints the median, the mean and the least of the times in nanoseconds, as JSON.

#include <netinet/in.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

int listen_anywhere(int& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* sa = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (bind(fd, sa, size) < 0 || listen(fd, 16) < 0) die("listen");
  getsockname(fd, sa, &size);
  port = ntohs(address.sin_port);
  return fd;
}

// Nanoseconds of one run.
double run(int listener, int input, char** argv) {
  lseek(input, 0, SEEK_SET);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, 0);
  pid_t child = 0;
  char byte = 0;
  const auto start = Clock::now();
  if (posix_spawnp(&child, argv[0], &actions, nullptr, argv, environ) != 0) die(argv[0]);
  const int conn = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (conn < 0 || recv(conn, &byte, 1, 0) != 1) die("recv");
  const std::chrono::duration<double, std::nano> time = Clock::now() - start;
  posix_spawn_file_actions_destroy(&actions);
  close(conn);
  int status = 0;
  if (waitpid(child, &status, 0) < 0 || status != 0) die("the client failed");
  return time.count();
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 2 ? std::atoi(argv[1]) : 0;
  if (runs < 1) return 2;
  alarm(120);  // a client that never comes
  int port = 0;
  const int listener = listen_anywhere(port);
  std::string number = std::to_string(port);
  for (int i = 2; i < argc; ++i)
    if (std::string(argv[i]) == "PORT") argv[i] = number.data();
  const int input = memfd_create("input", MFD_CLOEXEC);
  if (write(input, "x", 1) != 1) die("write");
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) times.push_back(run(listener, input, argv + 2));
  std::ranges::sort(times);
  const double sum = std::accumulate(times.begin(), times.end(), 0.0);
  std::printf("{\"median\": %.0f, \"mean\": %.0f, \"least\": %.0f}\n", times[times.size() / 2],
              sum / runs, times.front());
}
