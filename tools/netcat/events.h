// events.h - events as JSON, one object per line on standard error: --json.  netcat(1) lists the
// members.
#pragma once

#include <string>
#include <vector>

#include "common/net/address.h"
#include "tools/netcat/options.h"
#include "tools/netcat/proxy/dialogue.h"
#include "tools/netcat/relay/outcome.h"
#include "tools/netcat/relay/tally.h"

namespace netcat {

namespace tls {
struct Info;
}

using Elapsed = std::chrono::duration<double, std::milli>;

}  // namespace netcat

// Called by report.cc, which chooses between these and plain text.
namespace netcat::events {

void resolved(const Options& options, const std::vector<net::SockAddr>& addresses, Elapsed elapsed);
void attempt(const Options& options, const net::SockAddr& peer, net::Error e, Elapsed elapsed);
void probed(const Options& options, const net::SockAddr& peer, net::Error e, bool answered,
            Elapsed elapsed);
void hop(const Proxy& proxy, const Destination& to, const ProxyFailure& failure, Elapsed elapsed);
void connected(const Options& options, const net::SockAddr& peer, const net::SockAddr& local);
void tunnelled(const Options& options, std::uint16_t port, const net::SockAddr& peer,
               const net::SockAddr& local);
void listening(const Options& options, const net::SockAddr& address);
void received(const Options& options, const net::SockAddr& peer, const net::SockAddr& local);
void denied(const Options& options, const net::SockAddr& peer);
void closed(const Options& options, const net::SockAddr& peer, const Tally& tally,
            const Outcome& outcome, const std::string& tls_end);
void certificate(const std::string& sha256);
void tls(const Options& options, const net::SockAddr& peer, const netcat::tls::Info& info,
         Elapsed elapsed);
void proxy_tls(const Proxy& proxy, const netcat::tls::Info& info, Elapsed elapsed);
void error(const Options& options, const net::SockAddr& peer, const std::string& message);
void failed(const Options& options, const Outcome& outcome);

}  // namespace netcat::events
