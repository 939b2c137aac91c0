#include "tools/netcat/proxy/socks.h"

#include <arpa/inet.h>

#include <array>

#include "common/cli/exit_status.h"

namespace netcat {

static std::string port_bytes(std::uint16_t port) {
  return {static_cast<char>(port >> 8), static_cast<char>(port)};
}

// The bytes of a numeric address; empty for a name.
static std::string address_bytes(int family, const std::string& host) {
  std::array<char, 16> bytes{};
  if (inet_pton(family, host.c_str(), bytes.data()) != 1) return "";
  return {bytes.data(), family == AF_INET ? std::size_t{4} : std::size_t{16}};
}

static std::string with_length(const std::string& text) {
  return static_cast<char>(text.size()) + text;
}

// --- SOCKS4 ---

constexpr char kGranted = 90;

Socks4::Socks4(const Proxy& proxy, const Destination& destination) {
  const std::string address = address_bytes(AF_INET, destination.host);
  const std::string user = proxy.user.value_or("") + '\0';
  say("\x04\x01" + port_bytes(destination.port));
  if (!address.empty())
    say(address + user);
  else  // 4a: an invalid address, and the name at the end
    say(std::string("\0\0\0\x01", 4) + user + destination.host + '\0');
}

static std::string refusal_of_socks4(char code) {
  if (code == 91) return "request rejected or failed";
  if (code == 92) return "request rejected: the proxy cannot reach identd on this host";
  if (code == 93) return "request rejected: identd reports another user";
  return "request rejected (code " + std::to_string(static_cast<unsigned char>(code)) + ")";
}

void Socks4::on_byte(char byte) {
  answer_ += byte;
  if (answer_[0] != 0) return fail_protocol("SOCKS4");
  if (answer_.size() < 2) return;
  if (answer_[1] != kGranted) return fail({net::kProxy, refusal_of_socks4(answer_[1]), true});
  if (answer_.size() == 8) open();
}

// --- SOCKS5 ---

constexpr unsigned kNoLogin = 0;
constexpr unsigned kPassword = 2;
constexpr unsigned kNoMethod = 0xff;

Socks5::Socks5(const Proxy& proxy, Destination destination)
    : proxy_(proxy), destination_(std::move(destination)) {
  say(proxy_.user ? std::string("\x05\x02\x00\x02", 4) : std::string("\x05\x01\x00", 3));
}

void Socks5::on_byte(char byte) {
  answer_ += byte;
  const char version = stage_ == Stage::kLogin ? 1 : 5;
  if (answer_[0] != version) return fail_protocol("SOCKS5");
  if (answer_.size() < 2) return;
  if (stage_ == Stage::kMethod)
    on_method();
  else if (stage_ == Stage::kLogin)
    on_login();
  else
    on_reply();
}

void Socks5::on_method() {
  const unsigned method = at(1);
  answer_.clear();
  if (method == kNoLogin) return request();
  if (method == kPassword && proxy_.user) return log_in();
  if (method == kNoMethod && !proxy_.user) return fail_proxy("authentication required (see -P)");
  if (method == kNoMethod) return fail_proxy("no authentication method in common");
  fail_proxy("chose authentication method " + std::to_string(method) + ", which was not offered");
}

void Socks5::log_in() {
  stage_ = Stage::kLogin;
  say("\x01" + with_length(*proxy_.user) + with_length(proxy_.password.value_or("")));
}

void Socks5::on_login() {
  if (at(1) != 0) return fail_proxy("authentication failed");
  answer_.clear();
  request();
}

void Socks5::request() {
  stage_ = Stage::kReply;
  const std::string v4 = address_bytes(AF_INET, destination_.host);
  const std::string v6 = address_bytes(AF_INET6, destination_.host);
  say(std::string("\x05\x01\x00", 3));
  if (!v4.empty())
    say('\x01' + v4);
  else if (!v6.empty())
    say('\x04' + v6);
  else
    say('\x03' + with_length(destination_.host));
  say(port_bytes(destination_.port));
}

static ProxyFailure refusal_of_socks5(unsigned code) {
  const auto target = [](int status, const char* why) {
    return ProxyFailure{status, why, true, status != net::kProxy};
  };
  switch (code) {
    case 1:
      return target(net::kProxy, "general SOCKS server failure");
    case 2:
      return target(net::kProxy, "not allowed by the proxy's rules");
    case 3:
      return target(net::kUnreachable, "network is unreachable");
    case 4:
      return target(net::kUnreachable, "host is unreachable");
    case 5:
      return target(net::kRefused, "connection refused");
    case 6:
      return target(net::kUnreachable, "TTL expired");
    case 7:
      return target(net::kProxy, "the proxy does not support CONNECT");
    case 8:
      return target(net::kProxy, "the proxy does not support this type of address");
    default:
      return target(net::kProxy, ("SOCKS5 error " + std::to_string(code)).c_str());
  }
}

void Socks5::on_reply() {
  if (at(1) != 0) return fail(refusal_of_socks5(at(1)));
  if (answer_.size() < 5) return;
  const unsigned type = at(3);
  const std::size_t bound = type == 1 ? 4 : type == 4 ? 16 : type == 3 ? 1 + at(4) : 0;
  if (bound == 0)
    return fail_proxy("bound address of an unknown type (" + std::to_string(type) + ")");
  if (answer_.size() == 4 + bound + 2) open();
}

}  // namespace netcat
