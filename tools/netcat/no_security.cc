// For builds without OpenSSL: --tls is a usage error.

#include "tools/netcat/security.h"
#include "tools/netcat/tls/context.h"
#include "tools/netcat/tls/engine.h"

namespace netcat {

tls::Context::~Context() = default;

Security::~Security() = default;

Outcome Security::load(const Options&, std::unique_ptr<Security>&) { return {net::kTls, "TLS"}; }

Outcome Security::load_for_proxies(const Options&, std::unique_ptr<Security>&) {
  return {net::kTls, "TLS"};
}

std::string name_of_peer(const Options&) { return {}; }

const std::string& Security::certificate() const { return context_->self_signed(); }

net::Task<Secured> Security::shake_hands(net::Loop&, std::unique_ptr<Channel>, const std::string&,
                                         net::Deadline) {
  co_return Secured{};
}

}  // namespace netcat
