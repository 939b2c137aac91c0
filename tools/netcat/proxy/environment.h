// environment.h - the proxy that the environment sets for a host, by curl's rules.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace netcat {

// Returns the value of a variable; empty if it is not set.
using Variables = std::function<std::string(const char* name)>;

// Returns all_proxy, or else ALL_PROXY; empty (connect directly) if no_proxy, or else NO_PROXY,
// lists the host.
std::string proxy_of_environment(const Variables& variables, std::string_view host);

// Whether a list of domains, addresses and ADDRESS/BITS, separated by commas or blanks, contains
// the host; `*` alone contains every host.
bool is_listed(std::string_view list, std::string_view host);

}  // namespace netcat
