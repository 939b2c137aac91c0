// proxy_tunnel.h - a netcat whose HTTP proxy is the test.
#pragma once

#include <string>
#include <utility>

#include "session.h"

namespace e2e {

inline const std::string kOk = "HTTP/1.1 200 OK\r\n\r\n";

// A connection that the proxy has just granted.
struct Tunnel {
  explicit Tunnel(const Words& options = {}, Spawn spawn = all_pipes())
      : netcat(with(with({"netcat", "-x", "http://127.0.0.1:" + proxy.port_text()}, options),
                    {"db.test", "5432"}),
               std::move(spawn)),
        client(proxy.accept()),
        request(client.take_until("\r\n\r\n")) {
    client.send(kOk);
  }
  Listener proxy = Listener::tcp();
  Process netcat;
  Socket client;
  std::string request;
};

}  // namespace e2e
