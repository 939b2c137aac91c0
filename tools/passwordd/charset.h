// charset.h - the characters that passwords are made of.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace passwordd {

class Charset {
 public:
  // A named set (alnum, alpha, digits, hex, safe), or the characters themselves in UTF-8; one that
  // comes twice counts once.  Returns what is wrong with it, or nothing.
  static std::string parse(std::string_view text, Charset& out);

  // The character that a random byte stands for; 0: none, take another byte.  Every character has
  // the same number of bytes, which is what keeps the choice fair.
  char32_t of(unsigned char byte) const { return of_byte_[byte]; }
  std::size_t size() const { return characters_.size(); }
  const std::u32string& characters() const { return characters_; }
  // The entropy of a password of so many characters.
  double bits(std::size_t length) const;

 private:
  std::u32string characters_;
  std::array<char32_t, 256> of_byte_{};
};

}  // namespace passwordd
