// import.h - the JSON of /list, read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tools/counterd/store.h"

namespace counterd {

// An array of objects with "name" and "value", and perhaps "changed" and "expires", one at a time:
// a million of them need no memory of their own.
class ListReader {
 public:
  // The text outlives the reader.
  explicit ListReader(std::string_view json) : text_(json), left_(json) {}

  // Nothing behind the last, and where something is wrong.
  std::optional<Entry> next();
  // "line 3: what is wrong"; empty: nothing so far.
  std::string why() const;

 private:
  // Each takes what it is named after off the front, and is false where something else is there.
  bool fail(std::string what);
  void skip_blanks();
  bool take(char c);
  bool expect(char c);
  bool object(Entry& entry);
  bool member(Entry& entry, bool& has_name, bool& has_value);
  bool string(std::string& out);
  bool escape(std::string& out);
  bool code_unit(char32_t& unit);
  std::string_view number();
  bool value(std::int64_t& out);
  bool time(Time& out);

  std::string_view text_;
  std::string_view left_;
  std::string what_;
  bool begun_ = false;
};

}  // namespace counterd
