#include "tools/netcat/options/other_netcats.h"

namespace netcat {

void add_other_netcats(net::Cli& cli) {
  struct Letter {
    char letter;
    const char* instead;
  };
  constexpr const char* kProxy = "connect through a proxy with ssh -W or a tunnel of its own";
  constexpr const char* kProgram = "connect a program with two pipes or fifos, or use socat";
  constexpr const char* kRoute = "source routes are dropped by routers";
  constexpr Letter kLetters[] = {
      {'c', kProgram},
      {'D', "-v reports what happens; strace shows the calls"},
      {'e', kProgram},
      {'F', kProgram},
      {'g', kRoute},
      {'G', kRoute},
      {'H', "use --tls-pin to trust one certificate"},
      {'K', "use --tls-key"},
      {'L', "to forward a port use two netcats and a fifo, or socat"},
      {'P', kProxy},
      {'R', "use --tls-ca"},
      {'S', "TCP MD5 signatures are not available"},
      {'V', "use --version for the version, ip-vrf(8) for a routing table"},
      {'x', "use -o FILE for a hex dump, ssh -W for a proxy"},
      {'X', kProxy},
      {'Z', "use openssl s_client to save a certificate"},
  };
  for (const auto& [letter, instead] : kLetters) cli.not_supported(letter, instead);
}

}  // namespace netcat
