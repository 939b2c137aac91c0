#include "tools/netcat/program/command.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace netcat {

using net::Error;

constexpr std::string_view kBlanks = " \t\n\r\v\f";

Command Command::words(std::string_view text) {
  Command command;
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    if (text.empty()) return command;
    const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
    command.argv.emplace_back(word);
    text.remove_prefix(word.size());
  }
}

Command Command::shell(std::string_view line) {
  return {.argv = {"sh", "-c", std::string(line)}, .path = "/bin/sh"};
}

static Error executable(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return Error::from_errno();
  if (!S_ISREG(status.st_mode)) return UV_EACCES;
  if (faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) != 0) return Error::from_errno();
  return Error();
}

Error Command::find(std::string_view search_path) {
  if (!path.empty() || name().find('/') != std::string::npos) {
    if (path.empty()) path = name();
    return executable(path);
  }
  Error result = UV_ENOENT;
  for (bool more = true; more;) {
    const std::string_view folder = search_path.substr(0, search_path.find(':'));
    more = folder.size() < search_path.size();
    search_path.remove_prefix(folder.size() + (more ? 1 : 0));
    path = folder.empty() ? name() : std::string(folder) + "/" + name();
    const Error e = executable(path);
    if (!e) return e;
    if (e == Error(UV_EACCES)) result = e;
  }
  return result;
}

}  // namespace netcat
