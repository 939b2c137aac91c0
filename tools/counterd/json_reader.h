// json_reader.h - reads the JSON (RFC 8259) that counterd accepts, from left to right.
#pragma once

#include <string>
#include <string_view>

namespace counterd {

// Each function skips blanks and consumes what it is named after; it returns false if the text
// continues with something else.
class JsonReader {
 public:
  // The text must outlive the reader.
  explicit JsonReader(std::string_view json) : text_(json), left_(json) {}

  bool take(char c);  // no error if it is missing
  bool expect(char c);
  bool string(std::string& out);
  // Returns the characters of a number, or of a word such as `true`; none if there is none, or if
  // the number is malformed, which is an error.
  std::string_view number();
  std::string_view word();
  char peek();  // the next one; 0 at the end
  // Checks that only blanks follow.
  bool end();

  bool fail(std::string what);
  bool failed() const { return !what_.empty(); }
  // "line 3: what is wrong"; empty if there was no error so far.
  std::string why() const;

 private:
  void skip_blanks();
  std::string_view take_all_of(std::string_view characters);
  bool escape(std::string& out);
  bool code_unit(char32_t& unit);

  std::string_view text_;
  std::string_view left_;
  std::string what_;
};

}  // namespace counterd
