// words.h - the list that passphrases are drawn from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace passwordd {

class Words {
 public:
  // Loads one word per line, or the last column of each line, as in word lists for dice; duplicates
  // count once.  On failure returns false and sets `why`.
  static bool load(const std::string& path, Words& words, std::string& why);
  static bool parse(std::string_view text, Words& words, std::string& why);

  std::size_t size() const { return words_.size(); }
  const std::string& operator[](std::size_t i) const { return words_[i]; }
  std::size_t bytes_max() const { return bytes_max_; }  // the length of the longest word

 private:
  std::vector<std::string> words_;
  std::size_t bytes_max_ = 0;
};

// A separator or a word: readable UTF-8 of up to 64 bytes.  Returns an error, or an empty string.
std::string wrong_with_text(std::string_view text);

}  // namespace passwordd
