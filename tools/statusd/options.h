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
  std::optional<Page> elsewhere;  // at every other path; nothing: 404
  std::string fields;             // of every answer, as they are sent
  Trouble trouble;
  std::string ready_file;       // empty: ready from the start
  std::string body_file;        // of `elsewhere`, read again on SIGHUP; empty: it has none
  bool echo = false;            // at /echo
  bool allow_override = false;  // of the status and the delay, by the query
};

inline constexpr std::size_t kBodyFileMax = 16 << 20;  // each answer in progress has a copy

// The body that is sent with a status unless another is given.
Page default_page(int status);
// Ends the process where the command line is wrong, or a file in it cannot be read.
Options parse_options(int argc, char** argv, Checks& checks);

}  // namespace statusd
