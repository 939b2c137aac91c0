// running_proxy.h - runs real proxies, each on its own port.
#pragma once

#include <memory>
#include <vector>

#include "session.h"

namespace e2e {

// A proxy on its own port, and what belongs to it.
struct RunningProxy {
  TempDir dir;
  int port = free_port();
  std::vector<std::unique_ptr<Process>> processes;

  std::string port_text() const { return std::to_string(port); }
  void start(const Words& argv) {
    processes.push_back(std::make_unique<Process>(argv, Spawn{.out = Stdio::null()}));
  }
  void wait_for(int at) {
    wait_until("the proxy listens", [at] { return can_connect("127.0.0.1", at); });
  }
};

// login: require the user `me` and the password `secret`, if the proxy supports that.
void start_microsocks(RunningProxy& proxy, bool login);
void start_tinyproxy(RunningProxy& proxy, bool login);
void start_squid(RunningProxy& proxy, bool login);
void start_ssh(RunningProxy& proxy, bool login);
void start_dante(RunningProxy& proxy, bool login);

}  // namespace e2e
