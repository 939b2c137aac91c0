// verbose.h - what -v says, in the words of OpenBSD's nc.
#pragma once

#include "common/address.h"
#include "tools/netcat/options.h"

namespace netcat {

void say_connected(const Options& options, const net::SockAddr& peer);
void say_attempt_failed(const net::SockAddr& peer, net::Error e, const char* protocol = "tcp");
void say_listening(const Options& options, const net::SockAddr& address);
void say_bound(const Options& options, const net::SockAddr& address);  // datagrams
void say_received(const Options& options, const net::SockAddr& peer);

}  // namespace netcat
