// options.h - statusd's command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/http/site.h"
#include "tools/statusd/check.h"
#include "tools/statusd/page.h"
#include "tools/statusd/trouble.h"

namespace statusd {

struct Options {
  net::http::SiteOptions site;
  net::Millis delay{0};
  std::vector<Route> routes;
  std::optional<Page> elsewhere;  // the answer at all other paths; nothing: 404
  std::string fields;             // header lines of every answer
  Trouble trouble;
  std::string ready_file;       // empty: ready from the start
  std::string body_file;        // body of `elsewhere`, read again on SIGHUP; empty: none
  bool echo = false;            // answer at /echo
  bool allow_override = false;  // the query may override status and delay
};

inline constexpr std::size_t kBodyFileMax = 16 << 20;  // each answer in progress holds a copy

// The page for a status if no body is given.
Page default_page(int status);
// Parses the command line.  Ends the process if it is wrong or names a file that cannot be read.
Options parse_options(int argc, char** argv, Checks& checks);

}  // namespace statusd
