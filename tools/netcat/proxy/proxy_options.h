// proxy_options.h - the proxies of netcat's command line, and their passwords.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/cli/cli.h"
#include "tools/netcat/proxy/proxy.h"

namespace netcat {

struct ProxyOptions {
  std::vector<Proxy> chain;  // in order; empty: connect directly
  bool local_names = false;  // netcat resolves the destination's name

  void add_to(net::Cli& cli);
  bool given() const { return !urls_.empty(); }
  // Fills `chain` for a destination on `host`, and asks for passwords.  A usage error ends the
  // process.
  void resolve(const std::string& host);
  std::string names() const;  // a:1080, b:3128
  bool uses_tls() const;      // one of them is an https proxy
  // Whether netcat resolves the destination's name, so that the last proxy gets an address.
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
