#include "tools/netcat/program/environment.h"

#include <algorithm>
#include <string_view>

#include "common/cli/log.h"

namespace netcat {

ConnectionFacts ConnectionFacts::of(const net::SockAddr& remote, const net::SockAddr& local) {
  if (local.family() == AF_UNIX) return {"UNIX", remote.host(), "", local.host(), "", {}};
  return {"TCP",
          remote.host(),
          std::to_string(remote.port()),
          local.host(),
          std::to_string(local.port()),
          {}};
}

// Includes variables that an outer netcat or tcpserver may have set, and the proxy password.
static bool is_ours(std::string_view variable) {
  const std::string_view name = variable.substr(0, variable.find('='));
  for (const std::string_view known : {"PROTO", "TCPREMOTEIP", "TCPREMOTEPORT", "TCPLOCALIP",
                                       "TCPLOCALPORT", "NETCAT_PROXY_PASSWORD"})
    if (name == known) return true;
  for (const std::string_view rest :
       {"_PROTO", "_REMOTE_ADDR", "_REMOTE_PORT", "_LOCAL_ADDR", "_LOCAL_PORT"})
    if (name.ends_with(rest) &&
        (name == "NETCAT" + std::string(rest) || name == "NCAT" + std::string(rest)))
      return true;
  return name.starts_with("NETCAT_TLS_");
}

std::vector<std::string> environment_of(const char* const* base, const ConnectionFacts& facts) {
  std::vector<std::string> environment;
  for (; *base != nullptr; ++base)
    if (!is_ours(*base)) environment.emplace_back(*base);
  const auto add = [&environment](const std::string& name, const std::string& value) {
    if (!value.empty()) environment.push_back(name + "=" + net::log::escaped(value));
  };
  for (const std::string prefix : {"NETCAT", "NCAT"}) {
    add(prefix + "_PROTO", facts.protocol);
    add(prefix + "_REMOTE_ADDR", facts.remote_addr);
    add(prefix + "_REMOTE_PORT", facts.remote_port);
    add(prefix + "_LOCAL_ADDR", facts.local_addr);
    add(prefix + "_LOCAL_PORT", facts.local_port);
  }
  add("PROTO", facts.protocol);
  if (!facts.remote_port.empty()) {
    add("TCPREMOTEIP", facts.remote_addr);
    add("TCPREMOTEPORT", facts.remote_port);
    add("TCPLOCALIP", facts.local_addr);
    add("TCPLOCALPORT", facts.local_port);
  }
  for (const auto& [name, value] : facts.more) add("NETCAT_" + name, value);
  return environment;
}

}  // namespace netcat
