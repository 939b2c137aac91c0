// crowd: the load client of the benchmarks. It opens many TCP connections to one server, reads
// what comes and prints one JSON object of figures.
//
//   crowd HOST:PORT clock [--clients N] [--seconds S] [--pid P]   count the lines of S seconds
//   crowd HOST:PORT idle  [--clients N]                           connect, then say nothing
//   crowd HOST:PORT burst [--lines N] [--pid P]                   N lines at once, then half-close
//
// clock and idle keep their connections until stdin ends, so that the server can be looked at. A
// byte on stdin makes each idle client say a line; with all echoes in there is one more object.
// --pid names the server: its CPU time is read at both ends of the measured span.

#include <sys/epoll.h>
#include <sys/resource.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "load.h"

namespace {

using namespace load;

constexpr int kQuietMs = 150;      // nothing arrived for so long: we are between two ticks
constexpr double kSettleMax = 15;  // seconds until every client must have had two lines
constexpr double kAlignMax = 2.5;  // seconds to look for a quiet moment
constexpr int kDaySeconds = 86400;

// One connection and what it has heard. Small: there are many.
struct Client {
  int fd = -1;
  std::uint32_t lines_ever = 0;
  std::uint32_t lines_window = 0;
  std::int32_t second = -1;  // of the day, in the line before; -1: none, or not HH:MM:SS
  std::uint8_t part_bytes = 0;
  char part[11] = {};  // a line that has begun, as much of it as matters
};

struct Tally {
  std::uint64_t lost = 0;     // connections that ended though they should not
  std::uint64_t skipped = 0;  // seconds that a client was not told
  std::uint64_t doubled = 0;  // seconds that a client was told twice
};

std::vector<Client> connect_all(const Options& options) {
  const Address address(options.host, options.port);
  std::vector<Client> clients(static_cast<std::size_t>(options.clients));
  for (Client& client : clients) {
    client.fd = address.connect();
    const linger reset{1, 0};  // leave by a reset: no TIME_WAIT keeps the port from the next round
    setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  return clients;
}

int watch_all(const std::vector<Client>& clients) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &event) < 0) die_errno("epoll_ctl");
  }
  return epoll;
}

void print(const std::string& json) {
  std::puts(json.c_str());
  std::fflush(stdout);
}

// Waits for a byte on stdin, the connections staying open; false when stdin has ended.
bool told() {
  char byte;
  return read(0, &byte, 1) > 0;
}

// --- clock ---

// The second of the day in "15:04:05"; -1 when the line is something else.
std::int32_t second_of_day(std::string_view line) {
  if (line.size() != 8 || line[2] != ':' || line[5] != ':') return -1;
  const auto two = [line](std::size_t at) { return (line[at] - '0') * 10 + line[at + 1] - '0'; };
  return two(0) * 3600 + two(3) * 60 + two(6);
}

void take_line(Client& client, Tally& tally) {
  ++client.lines_ever;
  ++client.lines_window;
  const std::int32_t second = second_of_day({client.part, client.part_bytes});
  if (client.second >= 0 && second >= 0) {
    const int step = (second - client.second + kDaySeconds) % kDaySeconds;
    if (step == 0) ++tally.doubled;
    if (step > 1) tally.skipped += static_cast<std::uint64_t>(step - 1);
  }
  client.second = second;
  client.part_bytes = 0;
}

void take_bytes(Client& client, Tally& tally, std::string_view bytes) {
  for (const char byte : bytes) {
    if (byte == '\n') {
      take_line(client, tally);
    } else if (client.part_bytes < sizeof client.part) {
      client.part[client.part_bytes++] = byte;
    }
  }
}

// Reads all clients and counts their lines.
class Listeners {
 public:
  explicit Listeners(std::vector<Client>& clients)
      : clients_(clients), epoll_(watch_all(clients)) {}

  // Reads what arrives within wait_ms; false when nothing did.
  bool read_some(int wait_ms) {
    epoll_event events[512];
    const int count = epoll_wait(epoll_, events, 512, wait_ms);
    for (int i = 0; i < count; ++i) read_one(clients_[events[i].data.u64]);
    return count > 0;
  }

  // Until every client has had so many lines or has been lost; false when that takes too long.
  bool settle(std::uint32_t lines) {
    const auto waiting = [lines](const Client& c) { return c.fd >= 0 && c.lines_ever < lines; };
    const double end = now() + kSettleMax;
    while (std::any_of(clients_.begin(), clients_.end(), waiting)) {
      if (now() > end) return false;
      read_some(kQuietMs);
    }
    return true;
  }

  // Reads up to a moment between two ticks; false when there is none.
  bool align() {
    const double end = now() + kAlignMax;
    while (now() < end) {
      if (!read_some(kQuietMs)) return true;
    }
    return false;
  }

  const Tally& tally() const { return tally_; }

 private:
  void read_one(Client& client) {
    const ssize_t got = read(client.fd, buffer_, sizeof buffer_);
    if (got > 0) {
      take_bytes(client, tally_, {buffer_, static_cast<std::size_t>(got)});
    } else if (got == 0 || errno != EAGAIN) {
      ++tally_.lost;
      close(std::exchange(client.fd, -1));
    }
  }

  std::vector<Client>& clients_;
  int epoll_;
  Tally tally_;
  char buffer_[16384];
};

std::string clock_json(const std::vector<Client>& clients, const Tally& tally, bool aligned) {
  std::uint64_t lines = 0;
  std::uint32_t fewest = UINT32_MAX, most = 0;
  for (const Client& client : clients) {
    lines += client.lines_window;
    fewest = std::min(fewest, client.lines_window);
    most = std::max(most, client.lines_window);
  }
  // Where the ticks of the clients are not in step, a window's edge may fall on either side of one.
  const bool equal = most - fewest <= (aligned ? 0U : 1U);
  const bool told_all = tally.lost + tally.skipped + tally.doubled == 0;
  return number("lines", static_cast<double>(lines)) + number("lines_min", fewest) +
         number("lines_max", most) + number("lost", static_cast<double>(tally.lost)) +
         number("skipped", static_cast<double>(tally.skipped)) +
         number("doubled", static_cast<double>(tally.doubled)) + truth("aligned", aligned) +
         truth("every_tick", equal && told_all && fewest > 0);
}

void run_clock(const Options& options) {
  const double start = now();
  std::vector<Client> clients = connect_all(options);
  const double connected = now();
  Listeners crowd(clients);
  bool aligned = crowd.settle(2);
  aligned = crowd.align() && aligned;

  for (Client& client : clients) client.lines_window = 0;
  const long long cpu_before = cpu_ns(options.pid);
  const double opened = now();
  while (now() < opened + options.seconds) crowd.read_some(10);
  // What is a whole number of ticks later ends between two ticks again.
  aligned = crowd.align() && aligned;
  const double cpu = static_cast<double>(cpu_since(options.pid, cpu_before));
  const double window = now() - opened;

  print("{\"mode\":\"clock\"" + number("clients", options.clients) +
        number("connect_s", connected - start) + number("window_s", window) +
        number("server_cpu_ns", cpu) + clock_json(clients, crowd.tally(), aligned) + "}");
  while (told()) {
  }
}

// --- idle ---

void run_idle(const Options& options) {
  const double start = now();
  std::vector<Client> clients = connect_all(options);
  print("{\"mode\":\"idle\"" + number("clients", options.clients) +
        number("connect_s", now() - start) + "}");
  Listeners crowd(clients);
  for (std::uint32_t said = 1; told(); ++said) {
    for (const Client& client : clients) (void)send(client.fd, "Hello\n", 6, MSG_NOSIGNAL);
    const bool every_echo = crowd.settle(3 * said) && crowd.tally().lost == 0;
    print("{\"mode\":\"idle\"" + number("said", said) + truth("every_echo", every_echo) + "}");
  }
}

Options parse_options(int argc, char** argv) {
  Options options;
  const std::string address = argc > 1 ? argv[1] : "";
  const std::size_t colon = address.rfind(':');
  if (argc < 3 || argc % 2 == 0 || colon == std::string::npos) {
    die("usage: HOST:PORT clock|idle|burst [--clients N] [--seconds S] [--lines N] [--pid P]");
  }
  options.host = address.substr(0, colon);
  options.port = address.substr(colon + 1);
  options.mode = argv[2];
  for (int i = 3; i < argc; i += 2) {
    const std::string_view name = argv[i];
    const double value = std::atof(argv[i + 1]);
    if (name == "--clients") {
      options.clients = static_cast<int>(value);
    } else if (name == "--seconds") {
      options.seconds = value;
    } else if (name == "--lines") {
      options.lines = static_cast<int>(value);
    } else if (name == "--pid") {
      options.pid = static_cast<int>(value);
    } else {
      die("unknown option " + std::string(name));
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse_options(argc, argv);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (options.mode == "clock") {
    run_clock(options);
  } else if (options.mode == "idle") {
    run_idle(options);
  } else if (options.mode == "burst") {
    run_burst(options);
  } else {
    die("unknown mode " + options.mode);
  }
}
