// password.h - reads a proxy's password from a place that other users cannot read.
#pragma once

#include <optional>
#include <string>

namespace netcat {

// $NETCAT_PROXY_PASSWORD, else the first line of `file` (empty: none), else what is typed on the
// terminal.  On failure returns nothing and sets `why`.
std::optional<std::string> find_password(const std::string& file, const std::string& user,
                                         const std::string& proxy, std::string& why);

}  // namespace netcat
