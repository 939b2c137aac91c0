// log_file.h - the write-ahead log beside an SQLite file: whether it belongs to the file, and
// whether it still exists.
//
// SQLite replays any log that lies beside a file.  A log left by another file, for example the one
// that a backup has replaced, would bring old counters back.  So the file records which log is its
// own: the schema cookie in its header is the salt that its log began with.  A log's salt starts at
// random and grows by one each time the log begins again; a copy that SQLite makes (.backup, VACUUM
// INTO) has another cookie.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/net/fd.h"
#include "tools/counterd/stores/sqlite/identity.h"

namespace counterd {

// The salt of the log beside `path`; nothing if there is no log or it is empty.
std::optional<std::uint32_t> log_salt(const std::string& path);
// The cookie for a file whose log began with this salt.
std::uint32_t cookie_for(std::uint32_t salt);
// The cookie in the header of an SQLite file.
std::uint32_t cookie_of(int file);

// Whether the log beside the file belongs to it, or does not exist.
bool log_belongs(const std::string& path, int file);
// Whether another process has both file and log open; then they belong together, too.
bool log_is_in_use(const std::string& path);
void remove_log(const std::string& path);
// Removes a log that contains nothing but the cookie.
void remove_unused_log(const std::string& path);

// The log and its index, on which durability depends: checks that they are still the same files
// and have the sizes that they claim.
class OpenFiles {
 public:
  // Call it after the first transaction.  This object must outlive SQLite's connection, because
  // closing the index would drop SQLite's locks on it.
  void look(const std::string& path);
  void close() { open_log_ = {}, open_index_ = {}; }
  // What has happened to the files; empty: nothing.  Call cut() before a transaction, which would
  // make a truncated log longer again, and gone() after it.
  std::string cut() const;
  std::string gone() const;
  // Whether the log has been overwritten with something else.
  bool has_foreign_log() const;

 private:
  struct Part {
    std::string path;
    FileStatus status;
  };

  struct Index;
  bool read(Index& index) const;
  bool is_foreign(const Index& index) const;

  Part log_, index_;
  net::Fd open_log_, open_index_;
};

}  // namespace counterd
