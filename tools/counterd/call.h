// call.h - parses requests into calls: the table of URLs and their parameters.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "common/http/message.h"
#include "tools/counterd/counter.h"

namespace counterd {

using net::http::Request;
using net::http::Response;

struct Call {
  enum Kind { kCommand, kList, kMetrics, kWatch, kBackup };
  enum Show { kOk, kNew, kOld };  // what the answer to a command shows
  Kind kind = kCommand;
  Show show = kOk;
  bool json = false;
  Command command = {};
  std::string prefix = {};  // of kList, kMetrics and kWatch
  std::string after = {};   // of kList: start after this name
  std::uint64_t limit = 0;  // the most counters to list; 0: all

  bool changes() const { return kind == kCommand && command.kind != Command::kGet; }
};

// A URL, for the table of routes and for the page that lists the URLs.
struct UrlHelp {
  std::string_view path;
  std::string_view usage;
  std::string_view summary;
  bool changes;
};
std::span<const UrlHelp> urls();

// Whether answers and refusals are in JSON, from `format` or the field Accept.
bool wants_json(const Request& request);

// Fills a new `call`, or returns the answer to an invalid one: 400, 403, 415.  The path must be one
// of urls().
std::optional<Response> understand(const Request& request, Call& call);

}  // namespace counterd
