// call.h - what a URL asks for: the table of URLs and their parameters.
#pragma once

#include <string>
#include <variant>

#include "common/http/message.h"
#include "tools/counterd/counter.h"

namespace counterd {

using net::http::Request;
using net::http::Response;

struct Call {
  enum Kind { kCommand, kList, kMetrics };
  enum Show { kOk, kNew, kOld };  // what the answer to a command says
  Kind kind = kCommand;
  Show show = kOk;
  bool json = false;
  Command command = {};
  std::string prefix = {};  // of kList

  bool changes() const { return kind == kCommand && command.kind != Command::kGet; }
};

// What the form of an answer is, by `format` or the field Accept, even of one that refuses.
bool wants_json(const Request& request);

// The call, or the answer to what is none: 400, 403, 404, 405, 415, or 204 to OPTIONS.
// strict_methods: GET and HEAD cannot change anything.
std::variant<Call, Response> understand(const Request& request, bool strict_methods);

}  // namespace counterd
