// charset.h - the characters that passwords are made of.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace passwordd {

// Classes that a password can be required to contain, as bits of a mask.
enum Class : unsigned { kLower = 1, kUpper = 2, kDigit = 4, kSymbol = 8 };
unsigned class_of(char32_t c);
// Parses "lower,upper,digit,symbol" or some of these.  Returns an error, or an empty string.
std::string parse_classes(std::string_view text, unsigned& mask);

// False for control, invisible, combining and private-use characters, and for blanks other than the
// space.
bool is_readable(char32_t c);

class Charset {
 public:
  // Parses the name of a set, ignoring case: alnum, alpha, digits, hex, safe.  Returns an error, or
  // an empty string.
  static std::string parse_name(std::string_view text, Charset& out);
  // Parses the characters themselves, in UTF-8, each only once.
  static std::string parse_characters(std::string_view text, Charset& out);

  // The character for a random byte; 0: none, take another byte.  Each character has the same
  // number of byte values, so the choice is uniform.
  char32_t of(unsigned char byte) const { return of_byte_[byte]; }
  std::size_t size() const { return characters_.size(); }
  const std::u32string& characters() const { return characters_; }
  // The share of passwords of that length that contain all of the classes.
  double share_with(unsigned classes, std::size_t length) const;
  // The entropy of a password of that length, if all of the classes are required.
  double bits(std::size_t length, unsigned classes = 0) const;

 private:
  std::u32string characters_;
  std::array<char32_t, 256> of_byte_{};
};

}  // namespace passwordd
