// import.h - the JSON of /list, read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tools/counterd/json_reader.h"
#include "tools/counterd/store.h"

namespace counterd {

// An array of objects with "name" and "value", and perhaps "changed" and "expires", one at a time:
// a million of them need no memory of their own.
class ListReader {
 public:
  // The text outlives the reader.
  explicit ListReader(std::string_view json) : json_(json) {}

  // Nothing after the last entry, or on an error.
  std::optional<Entry> next();
  // "line 3: what is wrong"; empty: nothing so far.
  std::string why() const { return json_.why(); }

 private:
  bool object(Entry& entry);
  bool member(Entry& entry, bool& has_name, bool& has_value);
  bool value(std::int64_t& out);
  bool time(Time& out);

  JsonReader json_;
  bool begun_ = false;
};

// Seconds since 1970, exact to the millisecond; nothing where it is not such a number.
std::optional<Time> parse_seconds(std::string_view text);

}  // namespace counterd
