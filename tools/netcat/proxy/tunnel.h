// tunnel.h - from a socket that is connected to the first proxy, through all of them, to the
// destination.
#pragma once

#include "common/net/timer.h"
#include "tools/netcat/options.h"
#include "tools/netcat/proxy/dialogue.h"

namespace netcat {

// Reads only the proxies' answers from the socket, nothing that the destination sends.  `fd` is
// non-blocking.  The failure's `why` is the whole sentence.
net::Task<ProxyFailure> open_tunnel(net::Loop& loop, int fd, const Options& options,
                                    const Destination& target, net::Deadline deadline);

// "proxy HOST:PORT", with those before it: "proxy b:1080 by proxy a:1080".
std::string name_of_hop(const std::vector<Proxy>& chain, std::size_t hop);

}  // namespace netcat
