// command.h - what --exec and --sh-exec run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/net/result.h"

namespace netcat {

struct Command {
  std::vector<std::string> argv;
  std::string path;  // of the file; empty before find()

  bool given() const { return !argv.empty(); }
  const std::string& name() const { return argv.front(); }

  // PROG [ARG...], split at blanks.
  static Command words(std::string_view text);
  // /bin/sh -c LINE
  static Command shell(std::string_view line);
  // Looks for the program in `search_path`, as the shell does, unless its name has a slash.
  net::Error find(std::string_view search_path);
};

}  // namespace netcat
