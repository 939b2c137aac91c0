#include "tools/counterd/token.h"

#include <algorithm>

#include "common/cli/read_file.h"
#include "tools/counterd/answer.h"

namespace counterd {

void Token::set(std::string secret) {
  secret_ = secret.empty() ? nullptr : std::make_shared<const std::string>(std::move(secret));
}

bool Token::load(const std::string& path, std::string& why) {
  const auto line = first_line_of(path, why);
  if (!line) return false;
  if (line->empty()) return why = "its first line has no token", false;
  const bool sendable =
      line->find_first_not_of(
          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=") ==
      std::string::npos;
  if (!sendable) return why = "a token may contain only letters, digits and -._~+/=", false;
  set(*line);
  return true;
}

std::optional<std::string> first_line_of(const std::string& path, std::string& why) {
  constexpr std::size_t kBytesMax = 64 * 1024;
  const net::Result<std::string> text = net::read_file(path, kBytesMax);
  if (!text) return why = text.error().message(), std::nullopt;
  std::string line = text->substr(0, text->find('\n'));
  while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
  return line;
}

// Several fields are refused: another server in front of us might have looked at another one.
bool Token::admits(const net::http::Request& request) const {
  constexpr std::string_view kField = "Authorization", kScheme = "Bearer ";
  const std::shared_ptr<const std::string> secret = secret_;
  if (secret == nullptr) return true;
  const auto is_ours = [kField](std::string_view name) {
    return net::http::equal_ignoring_case(name, kField);
  };
  if (std::ranges::count_if(request.fields, is_ours, &net::http::Field::name) > 1) return false;
  std::string_view given = request.field(kField);
  if (!net::http::equal_ignoring_case(given.substr(0, kScheme.size()), kScheme)) return false;
  given.remove_prefix(kScheme.size());
  while (given.starts_with(' ')) given.remove_prefix(1);
  return equal_in_constant_time(given, *secret);
}

bool equal_in_constant_time(std::string_view given, std::string_view secret) {
  volatile unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto a = static_cast<unsigned char>(given[i]);
    const auto b = static_cast<unsigned char>(secret[i % secret.size()]);
    difference = difference | static_cast<unsigned>(a ^ b);
  }
  return difference == 0;
}

net::http::Response unauthorized(bool json) {
  net::http::Response response = refusal(401, json, "a token is required");
  response.add("WWW-Authenticate", "Bearer realm=\"counterd\"");
  return response;
}

}  // namespace counterd
