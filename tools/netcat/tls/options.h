// options.h - netcat's --tls options.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/cli/cli.h"
#include "tools/netcat/tls/values.h"

namespace netcat::tls {

struct Options {
  bool on = false;
  bool verify = true;
  std::string ca;         // a file or a hashed directory; empty: the system's
  std::vector<Pin> pins;  // one of them must match; they replace ca
  std::string cert;
  std::string key;                  // empty: the key is in the file of cert
  std::optional<std::string> name;  // replaces the destination's; empty: send none
  std::string psk;                  // a file
  std::vector<std::string> alpn;
  Version min = Version::k12;
  Version max = Version::k13;
  std::string ciphers;
  bool allow_truncation = false;
  std::uint64_t days = 0;  // how long the certificate must still be valid
};

void add_options(net::Cli& cli, Options& options);
// Ends the process with a usage error if options contradict each other.
void check(const Options& options);
// Replaces ncat's spellings of these options (--ssl, --ssl-verify, ...) in the command line.
std::vector<std::string> without_aliases(std::vector<std::string> arguments);

}  // namespace netcat::tls
