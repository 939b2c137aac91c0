// session.h - what all connections of one run share.
#pragma once

#include "tools/netcat/options.h"
#include "tools/netcat/port_file.h"
#include "tools/netcat/relay/meter.h"
#include "tools/netcat/relay/outcome.h"
#include "tools/netcat/relay/session_log.h"
#include "tools/netcat/relay/transfer.h"
#include "tools/netcat/security.h"

namespace netcat {

struct Session {
  Session(net::Loop& on, const Options& with)
      : loop(on), options(with), log(on), meter(on, with.json) {}

  // Opens --output and --hex-dump.
  Outcome open_log() {
    const bool reads_input = !options.recv_only && !options.program.given();
    for (const std::string* log_path : {&options.output, &options.hex_dump})
      if (reads_input && !log_path->empty() && is_file_of_standard_input(*log_path))
        return {net::kUsage, *log_path + ": cannot be the log and standard input at once"};
    std::string path;
    const net::Error e = log.open(options.output, options.hex_dump, options.append_output, path);
    return e ? Outcome{net::kLocalIo, path + ": " + e.message()} : Outcome();
  }

  // Writes --port-file, once the port is known.
  Outcome write_port_file() {
    if (options.port_file.empty()) return {};
    const net::Error e = port_file.write(
        options.port_file, options.unix_domain ? options.path : std::to_string(options.port));
    return e ? Outcome{net::kLocalIo, options.port_file + ": " + e.message()} : Outcome();
  }

  // Called when the reader of standard output has left; before there is a connection, this ends
  // netcat.
  void output_gone() {
    is_output_gone = true;
    if (on_output_gone)
      on_output_gone();
    else
      loop.cancel_all();
  }

  // Loads what --tls and https proxies need.
  Outcome load_tls() {
    Outcome outcome;
    if (options.tls.on) outcome = Security::load(options, security);
    if (outcome.status == net::kOk && options.proxy.uses_tls())
      outcome = Security::load_for_proxies(options, proxy_security);
    return outcome;
  }

  net::Loop& loop;
  Options options;  // port 0 is replaced by the port that the kernel picked
  PortFile port_file;
  SessionLog log;
  Meter meter;
  Buffers buffers;
  std::unique_ptr<Security> security;        // null without --tls
  std::unique_ptr<Security> proxy_security;  // null without an https proxy
  std::function<void()> on_output_gone;
  bool is_output_gone = false;
};

}  // namespace netcat
