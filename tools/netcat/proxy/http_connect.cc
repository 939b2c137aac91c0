#include "tools/netcat/proxy/http_connect.h"

#include <algorithm>
#include <cctype>

#include "common/cli/exit_status.h"
#include "common/http/message.h"

namespace netcat {

constexpr std::string_view kVersion = "HTTP/1.";
constexpr int kLoginRequired = 407;

static std::string base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(3, bytes.size()))) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i)
      text += i <= bytes.size() ? kDigits[group >> (18 - 6 * i) & 0x3f] : '=';
  }
  return text;
}

HttpConnect::HttpConnect(const Proxy& proxy, const Destination& destination)
    : has_user_(proxy.user.has_value()) {
  const std::string where = host_and_port(destination.host, destination.port);
  say("CONNECT " + where + " HTTP/1.1\r\nHost: " + where + "\r\n");
  if (has_user_)
    say("Proxy-Authorization: Basic " + base64(*proxy.user + ":" + proxy.password.value_or("")) +
        "\r\n");
  say("\r\n");
}

// A line ends in CRLF or LF, and contains no control character but the tab.
void HttpConnect::on_byte(char byte) {
  if (++bytes_ > kAnswerBytesMax) return fail_proxy("the answer is longer than 16 KiB");
  if (byte == '\n') {
    if (line_.ends_with('\r')) line_.pop_back();
    const std::string line = std::exchange(line_, {});
    return on_line(line);
  }
  const bool is_control = static_cast<unsigned char>(byte) < ' ' || byte == 0x7f;
  const bool wrong = line_.ends_with('\r') || (is_control && byte != '\t' && byte != '\r');
  line_ += byte;
  const std::size_t known = std::min(line_.size(), kVersion.size());
  const bool other = status_ == 0 && line_.substr(0, known) != kVersion.substr(0, known);
  if (wrong || other) fail_protocol("HTTP");
}

void HttpConnect::on_line(std::string_view line) {
  if (status_ == 0)
    on_status_line(line);
  else if (line.empty())
    on_head();
  else if (++fields_ > kFieldsMax)
    fail_proxy("the answer has more than 100 fields");
  else
    on_field(line);
}

// Expects HTTP/1.x, a space, three digits, then a blank or the end of the line.
void HttpConnect::on_status_line(std::string_view line) {
  const auto is_digit = [line](std::size_t at) { return line[at] >= '0' && line[at] <= '9'; };
  const bool sound = line.size() >= 12 && line.starts_with(kVersion) && is_digit(7) &&
                     line[8] == ' ' && line[9] >= '1' && is_digit(9) && is_digit(10) &&
                     is_digit(11) && (line.size() == 12 || line[12] == ' ');
  if (!sound) return fail_proxy("invalid HTTP status line '" + std::string(line) + "'");
  status_ = std::stoi(std::string(line.substr(9, 3)));
  fields_ = 0;
  if (status_ < 300 || status_ == kLoginRequired) return;
  while (line.ends_with(' ')) line.remove_suffix(1);
  fail({net::kProxy, "HTTP " + std::string(line.substr(9)), true});
}

void HttpConnect::on_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (status_ != kLoginRequired || colon == std::string_view::npos ||
      !net::http::equal_ignoring_case(name, "Proxy-Authenticate"))
    return;
  line.remove_prefix(colon + 1);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  const std::string scheme(line.substr(0, line.find_first_of(" \t,")));
  if (!scheme.empty()) schemes_ += (schemes_.empty() ? "" : ", ") + scheme;
}

void HttpConnect::on_head() {
  if (status_ == kLoginRequired) return fail_login();
  if (status_ >= 200) return open();
  status_ = 0;  // 1xx: the final answer follows
}

void HttpConnect::on_end() {
  if (status_ == kLoginRequired) fail_login();
}

void HttpConnect::fail_login() {
  fail_proxy(std::string(has_user_ ? "authentication failed" : "authentication required") +
             " (HTTP 407; schemes: " + (schemes_.empty() ? "none" : schemes_) + ")");
}

}  // namespace netcat
