// proxy_options.h - the proxies of netcat's command line, and their passwords.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/cli/cli.h"
#include "tools/netcat/proxy/proxy.h"

namespace netcat {

struct ProxyOptions {
  std::vector<Proxy> chain;  // in the order of the hops; empty: connect directly
  bool local_names = false;  // the destination's name is resolved here

  void add_to(net::Cli& cli);
  bool given() const { return !urls_.empty(); }
  // Fills `chain` for a destination on `host`; asks for passwords.  A usage error ends the process.
  void resolve(const std::string& host);
  std::string names() const;  // a:1080, b:3128
  bool uses_tls() const;      // one of them is an https proxy
  // The last proxy is told an address.
  bool resolves_here() const {
    return local_names || (!chain.empty() && chain.back().type == Proxy::kSocks4);
  }

 private:
  void add_proxy(const std::string& option, const std::string& url, Proxy::Type untyped,
                 bool is_from_environment);
  void add_credentials(Proxy& proxy) const;
  void check(const std::string& host) const;

  std::vector<std::string> urls_;
  std::optional<Proxy::Type> untyped_;
  std::optional<std::string> user_;
  std::optional<std::string> password_;
  std::string password_file_;
};

}  // namespace netcat
