// environment.h - the proxy that the environment sets for a host, by curl's rules.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace netcat {

// The value of a variable; empty where it is not set.
using Variables = std::function<std::string(const char* name)>;

// all_proxy, else ALL_PROXY, unless no_proxy, else NO_PROXY, lists the host; empty: connect
// directly.
std::string proxy_of_environment(const Variables& variables, std::string_view host);

// A list of domains, addresses and ADDRESS/BITS, separated by commas or blanks; `*` alone: all.
bool is_listed(std::string_view list, std::string_view host);

}  // namespace netcat
