// tunnel.h - connects to the destination through all proxies, given a connection to the first one.
#pragma once

#include <memory>

#include "tools/netcat/proxy/dialogue.h"
#include "tools/netcat/session.h"

namespace netcat {

// For an https proxy, replaces `channel` with an encrypted one.  Reads only the proxies' answers,
// nothing that the destination sends.  The failure's `why` is a complete sentence.
net::Task<ProxyFailure> open_tunnel(Session& session, std::unique_ptr<Channel>& channel,
                                    const Destination& target, net::Deadline deadline);

// "proxy HOST:PORT", followed by the proxies before it: "proxy b:1080 by proxy a:1080".
std::string name_of_hop(const std::vector<Proxy>& chain, std::size_t hop);

}  // namespace netcat
