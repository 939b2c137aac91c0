// import.h - reads the JSON of /list.
#pragma once

#include <array>
#include <bitset>
#include <optional>
#include <string>
#include <string_view>

#include "tools/counterd/json_reader.h"
#include "tools/counterd/store.h"

namespace counterd {

// Reads an array of objects with "name" and "value", and optionally "changed" and "expires", one at
// a time, so that a million of them need no extra memory.
class ListReader {
 public:
  // The text must outlive the reader.
  explicit ListReader(std::string_view json) : json_(json) {}

  // Returns the next entry, or nothing after the last one or on an error.
  std::optional<Entry> next();
  // "line 3: what is wrong"; empty if there was no error so far.
  std::string why() const { return json_.why(); }

 private:
  enum Member : std::size_t { kNameAt, kValueAt, kChangedAt, kExpiresAt };
  static constexpr std::array<std::string_view, 4> kMembers{"name", "value", "changed", "expires"};
  using Members = std::bitset<kMembers.size()>;

  bool object(Entry& entry);
  bool member(Entry& entry, Members& taken);
  bool value(std::int64_t& out);
  bool time(Time& out);

  JsonReader json_;
  bool begun_ = false;
};

// Parses seconds since 1970, exact to the millisecond; returns nothing if `text` is not such a
// number.
std::optional<Time> parse_seconds(std::string_view text);

}  // namespace counterd
