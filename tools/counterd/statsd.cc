#include "tools/counterd/statsd.h"

#include <sys/socket.h>

#include <array>
#include <charconv>
#include <cmath>
#include <map>

#include "common/cli/exit_status.h"
#include "common/cli/log.h"
#include "common/net/address.h"
#include "common/net/socket_option.h"
#include "common/net/watch.h"

namespace counterd {

using net::Error;
using net::Task;

namespace {

constexpr std::size_t kDatagramMax = 65536;
constexpr unsigned kAtOnce = 16;  // datagrams in one batch

// What a batch adds to one counter.
struct Sum {
  std::int64_t by = 0;
  std::uint64_t increments = 0;
};
using Sums = std::map<std::string, Sum, std::less<>>;

bool parse_number(std::string_view text, double& number) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  return error == std::errc() && rest == end;
}

// The buffers for one batch; each socket has its own.
struct Batch {
  Batch() : memory(kAtOnce * kDatagramMax) {
    for (unsigned i = 0; i < kAtOnce; ++i) {
      parts[i] = {memory.data() + i * kDatagramMax, kDatagramMax};
      messages[i] = {};
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
  }
  std::string_view operator[](unsigned i) const {
    return {static_cast<const char*>(parts[i].iov_base), messages[i].msg_len};
  }
  std::vector<char> memory;
  std::array<iovec, kAtOnce> parts;
  std::array<mmsghdr, kAtOnce> messages;
};

void add_lines(std::string_view datagram, StatsdFigures& figures, Sums& sums) {
  while (!datagram.empty()) {
    std::string_view line = datagram.substr(0, datagram.find('\n'));
    datagram.remove_prefix(std::min(line.size() + 1, datagram.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    ++figures.lines;
    const auto increment = parse_statsd(line);
    auto sum = increment ? sums.try_emplace(std::string(increment->name)).first : sums.end();
    std::int64_t total = 0;
    if (!increment || __builtin_add_overflow(sum->second.by, increment->by, &total))
      ++figures.bad;
    else
      sum->second = {total, sum->second.increments + 1};
  }
}

Task<> add(Store& store, std::string name, Sum sum, StatsdFigures& figures) {
  Command command{.kind = Command::kInc, .name = std::move(name), .value = sum.by};
  const Outcome outcome = co_await ask(store, std::move(command));
  if (outcome.status != Outcome::kDone) figures.lost += sum.increments;
}

net::Result<net::Fd> bind_datagram(const net::SockAddr& address) {
  net::Fd socket(::socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return Error::from_errno();
  const int on = 1;
  const int bytes = 4 << 20;  // as much as the kernel allows, for bursts
  (void)net::set_option(socket.get(), SOL_SOCKET, SO_RCVBUF, bytes);
  if (address.family() == AF_INET6)
    (void)net::set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, on);
  if (bind(socket.get(), address.get(), address.size()) != 0) return Error::from_errno();
  return socket;
}

}  // namespace

std::optional<Increment> parse_statsd(std::string_view line) {
  constexpr double kSumMax = 9e15;  // what a double can represent exactly
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  Increment increment{.name = line.substr(0, colon)};
  if (wrong_with_name(increment.name) != nullptr) return std::nullopt;
  line.remove_prefix(colon + 1);
  const std::string_view value = line.substr(0, line.find('|'));
  line.remove_prefix(value.size());
  double number = 0, rate = 1;
  if (!line.starts_with("|c")) return std::nullopt;
  line.remove_prefix(2);
  if (!line.empty() && (!line.starts_with("|@") || !parse_number(line.substr(2), rate)))
    return std::nullopt;
  if (!(rate > 0 && rate <= 1) || !parse_number(value, number)) return std::nullopt;
  if (const auto whole = parse_value(value); whole && rate == 1) {
    increment.by = *whole;
    return increment;
  }
  if (!(std::abs(number / rate) <= kSumMax)) return std::nullopt;
  increment.by = std::llround(number / rate);
  return increment;
}

void StatsdFigures::append_to(std::string& metrics) const {
  const auto add = [&metrics](std::string_view name, std::string_view help, std::uint64_t value) {
    metrics.append("# HELP ").append(name).append(" ").append(help);
    metrics.append("\n# TYPE ").append(name).append(" counter\n");
    metrics.append(name).append(" ").append(std::to_string(value)).append("\n");
  };
  add("counterd_statsd_lines_total", "Lines received over UDP.", lines);
  add("counterd_statsd_bad_lines_total", "Lines that are not increments.", bad);
  add("counterd_statsd_lost_total", "Increments that the store did not make.", lost);
}

int Statsd::listen(const std::string& text) {
  net::Address address;
  std::string why;
  const bool understood = net::Address::parse(text, address, why);
  if (!understood || address.kind != net::Address::kTcp) {
    if (understood) why = "requires a UDP port (HOST:PORT)";
    net::log::error("--statsd: '%s': %s", text.c_str(), why.c_str());
    return net::kUsage;
  }
  const auto port = net::parse_port(address.port, "udp");
  const auto found = port ? net::passive_addresses(address.host, *port, AF_UNSPEC, false)
                          : net::Result<std::vector<net::SockAddr>>(port.error());
  if (!found) {
    net::log::error("--statsd %s: %s", text.c_str(), found.error().message());
    return net::kNoName;
  }
  std::uint16_t chosen = 0;
  for (net::SockAddr one : *found) {
    if (one.port() == 0) one.set_port(chosen);
    auto socket = bind_datagram(one);
    if (!socket && socket.error() == Error(UV_EADDRNOTAVAIL) && found->size() > 1) continue;
    if (!socket) {
      net::log::error("--statsd %s: %s", one.to_string().c_str(), socket.error().message());
      return net::kNoListen;
    }
    const net::SockAddr bound = net::SockAddr::local(socket->get());
    chosen = bound.port();
    net::log::info("receiving StatsD on %s", bound.to_string().c_str());
    sockets_.push_back(std::move(*socket));
  }
  return net::kOk;
}

Task<> Statsd::run(net::Loop& loop, Store& store) {
  net::WaitGroup receiving;
  for (const net::Fd& socket : sockets_) receiving.go(receive(loop, store, socket.get()));
  co_await receiving.wait();
}

// Adds up the increments of a batch, so that each counter is changed once.
Task<> Statsd::receive(net::Loop& loop, Store& store, int socket) {
  constexpr std::size_t kChangesAtOnce = 1000;
  Batch batch;
  net::Watch watch(loop, socket);
  for (;;) {
    Error e = co_await watch.readable();
    if (e && e != Error(UV_ECANCELED)) net::log::error("--statsd: %s", e.message());
    if (e) co_return;
    const int count = recvmmsg(socket, batch.messages.data(), kAtOnce, MSG_DONTWAIT, nullptr);
    Sums sums;
    for (int i = 0; i < count; ++i) add_lines(batch[static_cast<unsigned>(i)], figures_, sums);
    net::WaitGroup changes;
    for (const auto& [name, sum] : sums) {
      if (sum.by != 0) changes.go(add(store, name, sum, figures_));
      co_await changes.wait(kChangesAtOnce - 1);
    }
    co_await changes.wait();
    co_await net::yield(loop);
  }
}

}  // namespace counterd
