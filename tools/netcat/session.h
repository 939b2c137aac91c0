// session.h - what all connections of one run share.
#pragma once

#include "tools/netcat/options.h"
#include "tools/netcat/relay/meter.h"
#include "tools/netcat/relay/outcome.h"
#include "tools/netcat/relay/session_log.h"

namespace netcat {

struct Session {
  Session(net::Loop& on, const Options& with) : loop(on), options(with), meter(on, with.json) {}

  // --output and --hex-dump.
  Outcome open_log() {
    std::string path;
    const net::Error e = log.open(options.output, options.hex_dump, options.append_output, path);
    return e ? Outcome{net::kLocalIo, path + ": " + e.message()} : Outcome();
  }

  net::Loop& loop;
  Options options;  // port 0 becomes the one that the kernel has picked
  SessionLog log;
  Meter meter;
};

}  // namespace netcat
