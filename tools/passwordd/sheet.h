// sheet.h - the answer to a request: passwords as text or JSON.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "tools/passwordd/order.h"
#include "tools/passwordd/randomness.h"

namespace passwordd {

// Generates the answer in pieces: one password per line, with its entropy after a tab; or a JSON
// array of strings, or with the entropy of objects.
class Sheet {
 public:
  Sheet(const Order& order, Source source);
  Sheet(const Sheet&) = delete;
  Sheet& operator=(const Sheet&) = delete;
  ~Sheet();

  // Appends the next part: up to the end, until `out` has `enough` bytes, or for a bounded time,
  // because with --classes most passwords may have to be drawn again.  After an error the sheet
  // must not be used.
  net::Error append(std::string& out, std::size_t enough);
  bool done() const { return written_ == order_.count; }

 private:
  void append_one(std::string& out);
  void append_password(std::string& out);
  void append_words(std::string& out);
  void append_text(std::string& out, std::string_view text);
  void draw_with_classes(std::size_t left);

  const Order& order_;
  std::string tail_;  // what follows each password: its entropy
  Randomness randomness_;
  std::uint32_t written_ = 0;
  std::size_t drawn_ = 0;                      // characters drawn in this call of append()
  std::array<char32_t, kLengthMax> password_;  // with classes; wiped with the sheet
};

}  // namespace passwordd
