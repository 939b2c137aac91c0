#include "tools/netcat/options/other_netcats.h"

namespace netcat {

void add_other_netcats(net::Cli& cli) {
  static constexpr const char* kRoute = "source routes are dropped by routers";
  static constexpr net::Cli::NotSupported kOptions[] = {
      {"-D", "use -v to report events, strace to see system calls"},
      {"-g", kRoute},
      {"-G", kRoute},
      {"-H", "use --tls-pin to trust one certificate"},
      {"-K", "use --tls-key"},
      {"-L", "to forward a port use -l -k -e 'netcat HOST PORT' PORT"},
      {"-R", "use --tls-ca"},
      {"-S", "TCP MD5 signatures are not available"},
      {"-V", "use --version for the version, ip-vrf(8) for a routing table"},
      {"-Z", "use openssl s_client to save a certificate"},
      {"--allowfile", "use --allow \"$(paste -sd, FILE)\""},
      {"--chat", "use --broker, which adds no names"},
      {"--delay", "use -i to send a line at a time"},
      {"--denyfile", "use --deny \"$(paste -sd, FILE)\""},
      {"--lua-exec", "use -e to run an interpreter"},
      {"--nodns", "use -n"},
      {"--proxy-auth", "use -P"},
      {"--sctp", "SCTP is not available"},
      {"--unixsock", "use -U"},
      {"--vsock", "VSOCK is not available"},
  };
  cli.not_supported(kOptions);
}

}  // namespace netcat
