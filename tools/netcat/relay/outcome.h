// outcome.h - how it ended: what decides netcat's exit status.
#pragma once

#include <string>

#include "common/cli/exit_status.h"
#include "common/net/result.h"

namespace netcat {

using net::kBrokenPipe;

struct Outcome {
  int status = net::kOk;
  std::string why;     // a sentence for any other status but kBrokenPipe
  bool reset = false;  // by the peer
};

// What a router or the peer's machine says of it (ICMP).
inline bool is_unreachable(net::Error e) {
  for (const int code : {UV_ENETUNREACH, UV_EHOSTUNREACH, UV_ENETDOWN, UV_EHOSTDOWN, UV_EACCES,
                         UV_ENOPROTOOPT, UV_EPROTO})
    if (e == net::Error(code)) return true;
  return false;
}

// What a failed look-up means.
inline Outcome not_found(const std::string& name, net::Error e) {
  return {e == net::Error(UV_ETIMEDOUT) ? net::kTimedOut : net::kNoName, name + ": " + e.message()};
}

// What a failed write to standard output means.
inline Outcome output_failed(net::Error e) {
  const bool reader_gone = e == net::Error(UV_EPIPE) || e == net::Error(UV_ECONNRESET);
  if (reader_gone) return {kBrokenPipe, ""};
  return {net::kLocalIo, std::string("stdout: ") + e.message()};
}

}  // namespace netcat
