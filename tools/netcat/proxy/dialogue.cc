#include "tools/netcat/proxy/dialogue.h"

#include <algorithm>

#include "common/cli/exit_status.h"
#include "common/cli/log.h"
#include "tools/netcat/proxy/http_connect.h"
#include "tools/netcat/proxy/socks.h"

namespace netcat {

constexpr std::size_t kQuoteBytes = 32;

std::size_t Dialogue::take(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && state_ == State::kTalking) {
    unread_ = bytes.substr(taken);
    on_byte(bytes[taken++]);
  }
  unread_ = {};
  return taken;
}

void Dialogue::end() {
  if (state_ == State::kTalking) on_end();
  if (state_ == State::kTalking) fail_proxy("closed the connection without an answer");
}

void Dialogue::fail(ProxyFailure failure) {
  state_ = State::kFailed;
  failure_ = std::move(failure);
}

void Dialogue::fail_proxy(std::string why) { fail({.status = net::kProxy, .why = std::move(why)}); }

void Dialogue::fail_protocol(const char* protocol) {
  const std::string_view line = unread_.substr(0, unread_.find_first_of("\r\n"));
  const std::string quoted = net::log::escaped(line.substr(0, kQuoteBytes));
  fail_proxy(std::string("does not speak ") + protocol + " (it sent \"" + quoted + "\")");
}

std::unique_ptr<Dialogue> make_dialogue(const Proxy& proxy, const Destination& destination) {
  if (proxy.type == Proxy::kSocks5) return std::make_unique<Socks5>(proxy, destination);
  if (proxy.type == Proxy::kSocks4 || proxy.type == Proxy::kSocks4a)
    return std::make_unique<Socks4>(proxy, destination);
  return std::make_unique<HttpConnect>(proxy, destination);
}

std::string unsayable(const Proxy& proxy, const Destination& destination) {
  const auto is_blank = [](unsigned char c) { return c <= ' ' || c == 0x7f; };
  if (destination.host.empty() || destination.host.size() > 255 ||
      std::ranges::any_of(destination.host, is_blank))
    return "invalid host name '" + destination.host + "'";
  const bool v6 = destination.host.find(':') != std::string::npos;
  if (proxy.type == Proxy::kSocks4 && v6) return "SOCKS4 cannot connect to an IPv6 address";
  const bool is_http = proxy.type == Proxy::kHttp || proxy.type == Proxy::kHttps;
  if (is_http && proxy.user && proxy.user->find(':') != std::string::npos)
    return "an HTTP proxy's user name cannot contain a colon";
  const auto too_long = [](const std::optional<std::string>& text) {
    return text && (text->empty() || text->size() > 255);
  };
  if (too_long(proxy.user)) return "the proxy's user name must have 1 to 255 bytes";
  if (proxy.type == Proxy::kSocks5 && too_long(proxy.password))
    return "a SOCKS5 password must have 1 to 255 bytes";
  return "";
}

}  // namespace netcat
