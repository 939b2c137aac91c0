// datagrams: UDP datagrams at a fixed rate, for a receiver that is measured.
//
//   datagrams PORT COUNT BYTES RATE   to 127.0.0.1; RATE is datagrams per second
//
// Sends whatever is due at each moment and spins in between: the rate is even, where a sleep would
// make bursts of it. More than 64 are never due at once. The kernel cuts what is sent at
// once into datagrams (UDP_SEGMENT), or the sender would be slower than some receivers. Prints the
// rate that was reached, as JSON.

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kAtOnce = 64;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

int connected_to(int port) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) die("connect");
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const int fd = connected_to(std::atoi(argv[1]));
  const auto count = static_cast<std::size_t>(std::atoll(argv[2]));
  const auto bytes = static_cast<std::size_t>(std::atoi(argv[3]));
  const double rate = std::atof(argv[4]);
  const std::vector<char> data(kAtOnce * bytes, 'x');
  const int segment = static_cast<int>(bytes);
  if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment) < 0) die("UDP_SEGMENT");
  const auto start = Clock::now();
  auto clock = start;  // of the schedule: what an interruption of ours costs is not caught up with
  for (std::size_t sent = 0; sent < count;) {
    const std::chrono::duration<double> elapsed = Clock::now() - clock;
    const auto due = std::min(count, static_cast<std::size_t>(elapsed.count() * rate));
    if (due <= sent) continue;
    const std::size_t n = std::min(kAtOnce, due - sent);
    const std::chrono::duration<double> late(static_cast<double>(due - sent - n) / rate);
    clock += std::chrono::duration_cast<Clock::duration>(late);
    if (send(fd, data.data(), n * bytes, 0) < 0) die("send");
    sent += n;
  }
  const std::chrono::duration<double> elapsed = Clock::now() - start;
  std::printf("{\"rate\": %.0f}\n", static_cast<double>(count) / elapsed.count());
}
