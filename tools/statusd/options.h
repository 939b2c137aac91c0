// options.h - statusd's command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/net/server.h"
#include "tools/statusd/page.h"
#include "tools/statusd/trouble.h"

namespace statusd {

struct Options {
  net::ServerOptions server;
  net::Millis delay{0};
  std::vector<Route> routes;
  std::optional<Page> elsewhere;  // at every other path; nothing: 404
  std::string fields;             // of every answer, as they are sent
  Trouble trouble;
  std::string ready_file;  // empty: ready from the start
  bool access_log = false;
};

// Ends the process where the command line is wrong, or a file in it cannot be read.
Options parse_options(int argc, char** argv);

}  // namespace statusd
