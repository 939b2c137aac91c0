// bare_copy: the limit that netcat's bulk data is measured against, and the other end of every
// contender. One blocking loop of the kernel's own zero-copy calls for each role, and nothing else.
//
//   bare_copy sink           listens on 127.0.0.1, prints the port, discards one client's data
//   bare_copy source BYTES   listens the same way and sends so many bytes to one client
//   bare_copy write BYTES    so many bytes to standard output, copied as any program's
//   bare_copy read           standard input, copied out and thrown away
//   bare_copy send PORT      the limits: a file to the socket,
//   bare_copy receive PORT   the socket to /dev/null,
//   bare_copy pipe-in PORT   a pipe to the socket,
//   bare_copy pipe-out PORT  the socket to a pipe,
//   bare_copy listen PORT    and the same from a client that is waited for

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "loopback.h"

namespace {

constexpr std::size_t kAtOnce = std::size_t{1} << 20;        // what an unprivileged pipe may hold
constexpr std::size_t kSourceBytes = std::size_t{64} << 20;  // more than any cache
constexpr int kDrainBytes = 256 << 10;
constexpr std::size_t kProgramBytes = std::size_t{64} << 10;  // what programs write and read

std::size_t check(ssize_t n, const char* what) {
  if (n < 0) die(what);
  return static_cast<std::size_t>(n);
}

// Awake only for a good deal of data: to wake it for each segment would be most of what a sender
// does, and in a virtual machine a matter of luck.
std::size_t drain(int conn) {
  setsockopt(conn, SOL_SOCKET, SO_RCVLOWAT, &kDrainBytes, sizeof kDrainBytes);
  char* nowhere = nullptr;  // MSG_TRUNC: TCP throws away as many
  std::size_t sum = 0;
  while (const std::size_t n = check(recv(conn, nowhere, kAtOnce, MSG_TRUNC), "recv")) sum += n;
  return sum;
}

void finish(int conn) {
  shutdown(conn, SHUT_WR);
  drain(conn);
}

// Its pages go out uncopied, so that a reader is never kept waiting.
void source(std::size_t bytes) {
  const int memory = memfd_create("source", MFD_CLOEXEC);
  const std::vector<char> block(kAtOnce, 'x');
  for (std::size_t n = 0; n < kSourceBytes; n += block.size())
    check(write(memory, block.data(), block.size()), "write");
  const int conn = accepted(listening(0));
  while (bytes > 0) {
    off_t start = 0;
    bytes -= check(sendfile(conn, memory, &start, std::min(bytes, kSourceBytes)), "sendfile");
  }
  finish(conn);
}

void write_out(std::size_t bytes) {
  const std::vector<char> block(kProgramBytes, 'x');
  while (bytes > 0) bytes -= check(write(1, block.data(), std::min(bytes, block.size())), "write");
}

std::size_t read_in() {
  std::vector<char> block(kProgramBytes);
  std::size_t sum = 0;
  while (const std::size_t n = check(read(0, block.data(), block.size()), "read")) sum += n;
  return sum;
}

void send_file(int conn) {
  while (check(sendfile(conn, 0, nullptr, std::size_t{1} << 30), "sendfile") > 0) continue;
  finish(conn);
}

void receive(int conn) {
  int ends[2];
  if (pipe(ends) < 0) die("pipe");
  fcntl(ends[1], F_SETPIPE_SZ, kAtOnce);
  for (;;) {
    std::size_t n = check(splice(conn, nullptr, ends[1], nullptr, kAtOnce, 0), "splice");
    if (n == 0) return;
    while (n > 0) n -= check(splice(ends[0], nullptr, 1, nullptr, n, 0), "splice");
  }
}

void pipe_in(int conn) {
  while (check(splice(0, nullptr, conn, nullptr, kAtOnce, 0), "splice") > 0) continue;
  finish(conn);
}

void pipe_out(int conn) {
  while (check(splice(conn, nullptr, 1, nullptr, kAtOnce, 0), "splice") > 0) continue;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  const std::size_t number = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  const int port = static_cast<int>(number);
  if (role == "sink") {
    std::printf("%zu\n", drain(accepted(listening(0))));
  } else if (role == "source") {
    source(number);
  } else if (role == "write") {
    write_out(number);
  } else if (role == "read") {
    std::printf("%zu\n", read_in());
  } else if (role == "send") {
    send_file(connected(port));
  } else if (role == "receive") {
    receive(connected(port));
  } else if (role == "pipe-in") {
    pipe_in(connected(port));
  } else if (role == "pipe-out") {
    pipe_out(connected(port));
  } else if (role == "listen") {
    pipe_out(accepted(listening(port)));
  } else {
    std::fprintf(stderr, "bare_copy: no such role\n");
    return 2;
  }
}
