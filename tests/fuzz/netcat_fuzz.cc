// netcat_fuzz: any bytes as ports, access rules and what passes through -C and -t: the first one
// chooses. The encoder is compared with a model; how the bytes are cut must not matter.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tools/netcat/access.h"
#include "tools/netcat/channel/telnet.h"
#include "tools/netcat/ports.h"
#include "tools/netcat/relay/crlf.h"

namespace {

using namespace netcat;

void require(bool condition) {
  if (!condition) std::abort();
}

void try_ports(std::string_view text) {
  std::vector<std::uint16_t> ports{7};
  if (!add_ports(std::string(text), ports)) return require(ports.size() == 1);
  require(ports.size() > 1 && ports[0] == 7 && std::ranges::find(ports, 0) == ports.end());
  sort_ports(ports);
  require(std::ranges::adjacent_find(ports, std::greater_equal()) == ports.end());
}

void try_rule(std::string_view text) {
  std::string host;
  int bits = 0;
  if (!split_prefix(text, host, bits)) return;
  require(bits <= 128 && (text.starts_with(host) || text.starts_with("[" + host + "]")));
  const auto address = net::SockAddr::numeric(host, 0);
  if (address) require(has_prefix(*address, *address, bits));
}

void try_crlf(std::string_view text) {
  std::string model;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) model += '\r';
    model += text[i];
  }
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, text.size() + 1}) {
    CrlfEncoder encoder;
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += step)
      out += encoder.encode(std::string(text.substr(at, step)));
    require(out == model);
  }
}

void try_telnet(std::string_view text) {
  std::string whole, whole_replies;
  for (const std::size_t step : {text.size() + 1, std::size_t{1}, std::size_t{3}}) {
    TelnetParser parser;
    std::string data, replies;
    for (std::size_t at = 0; at < text.size(); at += step) {
      std::string piece(text.substr(at, step));
      piece.resize(parser.take(piece, replies));
      data += piece;
    }
    require(replies.size() % 3 == 0 && data.size() <= text.size());
    if (text.find('\xff') == text.npos) require(replies.empty());
    if (step > text.size()) whole = data, whole_replies = replies;
    require(data == whole && replies == whole_replies);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr void (*kParsers[])(std::string_view) = {try_ports, try_rule, try_crlf, try_telnet};
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  kParsers[data[0] % std::size(kParsers)](text);
  return 0;
}
