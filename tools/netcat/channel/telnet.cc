#include "tools/netcat/channel/telnet.h"

namespace netcat {

using net::Error;

constexpr unsigned char kSe = 240;
constexpr unsigned char kSb = 250;
constexpr unsigned char kWill = 251;
constexpr unsigned char kWont = 252;
constexpr unsigned char kDo = 253;
constexpr unsigned char kDont = 254;
constexpr unsigned char kIac = 255;

// The limit on unsent replies: a peer that negotiates without reading them gets no more.
constexpr std::size_t kPendingBytes = 4096;

// --- what arrives ---

TelnetParser::State TelnetParser::after_command(unsigned char command) const {
  switch (command) {
    case kDo:
      return State::kDo;
    case kWill:
      return State::kWill;
    case kWont:
    case kDont:
      return State::kIgnoredOption;
    case kSb:
      return State::kSubnegotiation;
    default:
      return State::kData;
  }
}

bool TelnetParser::take(char c, std::string& replies) {
  const auto byte = static_cast<unsigned char>(c);
  const State before = state_;
  switch (before) {
    case State::kData:
      if (byte == kIac) state_ = State::kCommand;
      return byte != kIac;
    case State::kCommand:
      state_ = after_command(byte);
      return byte == kIac;
    case State::kDo:
    case State::kWill:
      replies +=
          {static_cast<char>(kIac), static_cast<char>(before == State::kDo ? kWont : kDont), c};
      [[fallthrough]];
    case State::kIgnoredOption:
      state_ = State::kData;
      return false;
    case State::kSubnegotiation:
      if (byte == kIac) state_ = State::kSubCommand;
      return false;
    case State::kSubCommand:
      state_ = byte == kSe ? State::kData : State::kSubnegotiation;
      return false;
  }
  return false;
}

std::size_t TelnetParser::take(std::span<char> bytes, std::string& replies) {
  std::size_t size = 0;
  for (const char c : bytes)
    if (take(c, replies)) bytes[size++] = c;
  return size;
}

// --- the channel ---

Error Telnet::flush() {
  while (!pending_.empty()) {
    const net::Result<std::size_t> n = inner_.try_write(pending_);
    if (!n) return n.error();
    pending_.erase(0, *n);
  }
  return {};
}

net::Result<std::size_t> Telnet::try_read(std::span<char> buffer) {
  const net::Result<std::size_t> n = inner_.try_read(buffer);
  if (!n || *n == 0) return n;
  std::string replies;
  const std::size_t size = parser_.take(buffer.first(*n), replies);
  if (!finished_ && pending_.size() < kPendingBytes) pending_ += replies;
  if (!finished_) (void)flush();  // a later write reports an error
  return size > 0 ? net::Result<std::size_t>(size) : Error(UV_EAGAIN);
}

// The byte that introduces a command (IAC) is doubled in data.
net::Result<std::size_t> Telnet::try_write(std::string_view data) {
  const Error e = flush();
  if (e) return e;
  constexpr char kEscape = static_cast<char>(kIac);
  if (data.front() != kEscape) return inner_.try_write(data.substr(0, data.find(kEscape)));
  pending_ = {kEscape, kEscape};
  (void)flush();  // a later write reports an error
  return std::size_t{1};
}

net::Result<std::size_t> Telnet::undelivered() {
  const Error e = flush();
  const net::Result<std::size_t> n = inner_.undelivered();
  if (!n || (e && e != Error(UV_EAGAIN))) return n;
  return *n + pending_.size();
}

Error Telnet::finish() {
  const Error e = flush();
  if (e) return e;
  finished_ = true;
  return inner_.finish();
}

}  // namespace netcat
