// charset.h - the characters that passwords are made of.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace passwordd {

// The classes of which a password can be required to have a character, as bits of a mask.
enum Class : unsigned { kLower = 1, kUpper = 2, kDigit = 4, kSymbol = 8 };
unsigned class_of(char32_t c);
// "lower,upper,digit,symbol", or some of them.  Returns what is wrong with it, or nothing.
std::string parse_classes(std::string_view text, unsigned& mask);

// Whether a person can read it: not a control, invisible, combining or private-use character, and
// no blank but the space.
bool is_readable(char32_t c);

class Charset {
 public:
  // A named set, in any letter case: alnum, alpha, digits, hex, safe.  Returns what is wrong with
  // it, or nothing.
  static std::string parse_name(std::string_view text, Charset& out);
  // The characters themselves, in UTF-8, each once.
  static std::string parse_characters(std::string_view text, Charset& out);

  // The character for a random byte; 0: none, so take another byte.  Each character has the same
  // number of bytes, so the choice is uniform.
  char32_t of(unsigned char byte) const { return of_byte_[byte]; }
  std::size_t size() const { return characters_.size(); }
  const std::u32string& characters() const { return characters_; }
  // The share of passwords of that length that have a character of each of the classes.
  double share_with(unsigned classes, std::size_t length) const;
  // The entropy of a password of that length, chosen among those that have all of the classes.
  double bits(std::size_t length, unsigned classes = 0) const;

 private:
  std::u32string characters_;
  std::array<char32_t, 256> of_byte_{};
};

}  // namespace passwordd
