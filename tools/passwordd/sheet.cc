#include "tools/passwordd/sheet.h"

#include <cstdio>
#include <cstring>

#include "common/cli/utf8.h"

namespace passwordd {

static std::string entropy_text(const Order& order) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", order.bits());
  return text;
}

Sheet::Sheet(const Order& order, Source source) : order_(order), randomness_(source) {
  if (!order.entropy) return;
  const std::string bits = entropy_text(order);
  tail_ = order.json ? ", \"bits\": " + bits + "}" : "\t" + bits + " bits";
}

Sheet::~Sheet() {
  if (order_.classes != 0) explicit_bzero(password_.data(), sizeof password_);
}

// Draws whole passwords until one has all the classes, so that all such passwords are equally
// likely.
void Sheet::draw_with_classes(std::size_t left) {
  unsigned classes = 0;
  do {
    classes = 0;
    drawn_ += order_.length;
    for (std::uint32_t i = 0; i < order_.length; ++i) {
      password_[i] = randomness_.next(order_.charset, left - i);
      classes |= class_of(password_[i]);
    }
  } while ((order_.classes & ~classes) != 0 && !randomness_.error());
}

void Sheet::append_words(std::string& out) {
  const auto size = static_cast<std::uint32_t>(order_.list->size());
  const std::size_t left = std::size_t{order_.count - written_} * order_.words;
  for (std::uint32_t i = 0; i < order_.words; ++i) {
    if (i > 0) append_text(out, order_.separator);
    append_text(out, (*order_.list)[randomness_.below(size, left - i)]);
  }
}

void Sheet::append_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (order_.json && (c == '"' || c == '\\')) out += '\\';
    out += c;
  }
}

void Sheet::append_password(std::string& out) {
  if (order_.words > 0) return append_words(out);
  const std::size_t left = std::size_t{order_.count - written_} * order_.length;
  const bool drawn = order_.classes != 0;
  const bool json = order_.json;
  if (drawn) draw_with_classes(left);
  for (std::uint32_t i = 0; i < order_.length; ++i) {
    const char32_t c = drawn ? password_[i] : randomness_.next(order_.charset, left - i);
    if (json && (c == '"' || c == '\\')) out += '\\';
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
  constexpr std::size_t kDrawnMax = std::size_t{1} << 18;
  drawn_ = 0;
  while (!done() && out.size() < enough && drawn_ < kDrawnMax && !randomness_.error())
    append_one(out);
  return randomness_.error();
}

}  // namespace passwordd
