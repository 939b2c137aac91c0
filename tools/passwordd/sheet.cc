#include "tools/passwordd/sheet.h"

#include <cstdio>

#include "common/cli/utf8.h"

namespace passwordd {

static std::string entropy_text(const Order& order) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", order.charset.bits(order.length));
  return text;
}

Sheet::Sheet(const Order& order, Source source) : order_(order), randomness_(source) {
  if (!order.entropy) return;
  const std::string bits = entropy_text(order);
  tail_ = order.json ? ", \"bits\": " + bits + "}" : "\t" + bits + " bits";
}

void Sheet::append_password(std::string& out) {
  const std::size_t left = std::size_t{order_.count - written_} * order_.length;
  for (std::uint32_t i = 0; i < order_.length; ++i) {
    const char32_t c = randomness_.next(order_.charset, left - i);
    if (order_.json && (c == '"' || c == '\\')) out += '\\';
    net::append_utf8(out, c);
  }
}

void Sheet::append_one(std::string& out) {
  if (order_.json) out += written_ == 0 ? "[\n  " : ",\n  ";
  if (order_.json) out += order_.entropy ? "{\"password\": \"" : "\"";
  append_password(out);
  if (order_.json) out += '"';
  out += tail_;
  ++written_;
  if (!order_.json)
    out += '\n';
  else if (done())
    out += "\n]\n";
}

net::Error Sheet::append(std::string& out, std::size_t enough) {
  while (!done() && out.size() < enough && !randomness_.error()) append_one(out);
  return randomness_.error();
}

}  // namespace passwordd
