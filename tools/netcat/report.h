// report.h - events on standard error: with -v in the words of OpenBSD's nc, with --json as one
// object per line; netcat(1) lists its members.
#pragma once

#include "tools/netcat/events.h"

namespace netcat {

void say_resolved(const Options& options, const std::vector<net::SockAddr>& addresses,
                  Elapsed elapsed);
// One address was tried; UV_ECANCELED if another one was faster.  With -v, failures are printed
// after all addresses have been tried, and then no other line reports them.
void say_attempt(const Options& options, const net::SockAddr& peer, net::Error e, Elapsed elapsed);
void say_attempt_failed(const Options& options, const net::SockAddr& peer, net::Error e);
bool tells_failed_attempts(const Options& options);

// A UDP port was probed: "succeeded", "open or filtered", or the error.  With -v, errors are
// printed like those of other attempts to connect.
void say_probed(const Options& options, const net::SockAddr& peer, net::Error e, bool answered,
                Elapsed elapsed);
void say_open_or_filtered(const Options& options, const net::SockAddr& peer);
// With -v: an attempt through a proxy has failed, and another one follows.
void say_try_failed(const Options& options, const std::string& sentence);
// A proxy's answer to the request to connect to `to`.
void say_hop(const Options& options, const Proxy& proxy, const Destination& to,
             const ProxyFailure& failure, Elapsed elapsed);

void say_connected(const Options& options, const net::SockAddr& peer, const net::SockAddr& local);
// The same for a connection through proxies, to `port` of the destination.
void say_tunnelled(const Options& options, std::uint16_t port, const net::SockAddr& peer,
                   const net::SockAddr& local);
// The `name` for the functions below: the name of `address` if -v will print it and it is found
// within a second, else the address.
net::Task<std::string> name_to_say(net::Loop& loop, const Options& options, net::SockAddr address);
// The same for a local address, without asking a name server: only 127.0.0.1 and ::1 have a name.
net::Task<std::string> own_name_to_say(net::Loop& loop, const Options& options,
                                       net::SockAddr address);
void say_listening(const Options& options, const net::SockAddr& address, const std::string& name);
void say_bound(const Options& options, const net::SockAddr& address,  // datagrams
               const std::string& name = "");
void say_received(const Options& options, const net::SockAddr& peer, const net::SockAddr& local,
                  const std::string& name = "");
void say_denied(const Options& options, const net::SockAddr& peer);

// The end of a connection or of a datagram exchange; with -vv, also the totals.
void say_closed(const Options& options, const net::SockAddr& peer, const Tally& tally,
                const Outcome& outcome, const std::string& tls_end = {});

// --- TLS ---
// The digest of a generated certificate; printed without -v, too.
void say_certificate(const Options& options, const std::string& sha256);
void say_tls(const Options& options, const net::SockAddr& peer, const tls::Info& info,
             Elapsed elapsed);
// The same for the connection to an https proxy.
void say_proxy_tls(const Options& options, const Proxy& proxy, const tls::Info& info,
                   Elapsed elapsed);
// A client's handshake has failed; `name` is from name_to_say().
void say_handshake_failed(const Options& options, const net::SockAddr& peer,
                          const std::string& name, const std::string& why);
// A setting that a user may not expect.
void say_note(const Options& options, const std::string& sentence);
// An error that concerns one of several clients.
void say_problem(const Options& options, const net::SockAddr& peer, const std::string& sentence);
// The one line that every exit status but 0 has.
void say_failed(const Options& options, const Outcome& outcome);

}  // namespace netcat
