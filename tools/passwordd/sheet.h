// sheet.h - the answer to a request: many passwords, as text or as JSON.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "tools/passwordd/order.h"
#include "tools/passwordd/randomness.h"

namespace passwordd {

// The sheet of an order, in pieces: one password per line, with its entropy after a tab; or a JSON
// array of strings, with the entropy of objects.
class Sheet {
 public:
  Sheet(const Order& order, Source source);
  Sheet(const Sheet&) = delete;
  Sheet& operator=(const Sheet&) = delete;
  ~Sheet();

  // Appends what comes next, up to the end, until `out` has `enough` bytes, or for a bounded time,
  // because of --classes most passwords may have to be drawn again.  On error the sheet is of no
  // use.
  net::Error append(std::string& out, std::size_t enough);
  bool done() const { return written_ == order_.count; }

 private:
  void append_one(std::string& out);
  void append_password(std::string& out);
  void append_words(std::string& out);
  void append_text(std::string& out, std::string_view text);
  void draw_with_classes(std::size_t left);

  const Order& order_;
  std::string tail_;  // of each password: its entropy
  Randomness randomness_;
  std::uint32_t written_ = 0;
  std::size_t drawn_ = 0;                      // characters, in this call of append()
  std::array<char32_t, kLengthMax> password_;  // with classes; wiped with the sheet
};

}  // namespace passwordd
