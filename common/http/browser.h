// browser.h - which requests a web page may make a browser send: Host, Origin, Sec-Fetch-Site.
//
// Any page can make a browser connect to servers on the browser's own host.  Two rules limit that:
// on loopback the Host must be a name that an attacker cannot point at this host (DNS rebinding),
// and pages of other origins can read answers only with --allow-origin (CORS).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/http/message.h"

namespace net::http {

struct BrowserOptions {
  std::vector<std::string> hosts = {};    // our names; "*": any
  std::vector<std::string> origins = {};  // origins whose pages may read answers; "*": all
  bool any_host = false;                  // accept any Host, unless there are `hosts`
};

// Parse a HOST without a port, or "*"; an ORIGIN as a browser sends it, or "*".  Return an error,
// or an empty string.
std::string parse_allowed_host(std::string_view text, BrowserOptions& options);
std::string parse_allowed_origin(std::string_view text, BrowserOptions& options);

// Whether the host is an IP address, localhost, empty, or one of options.hosts; with or without a
// port.
bool is_our_host(std::string_view host, const BrowserOptions& options);
// Whether a page of that origin may read our answers.
bool is_allowed_origin(std::string_view origin, const BrowserOptions& options);
// Whether a page of another site sent the request without permission.
bool is_cross_site(const Request& request, const BrowserOptions& options);

// CORS: appends the header lines that let the requesting page read the answer.
void append_cors(std::string& head, const Request& request, const BrowserOptions& options);
// Whether it is a preflight request; append_preflight() adds the further lines of its answer.
bool is_preflight(const Request& request);
void append_preflight(std::string& fields, const Request& request, std::string_view methods);

}  // namespace net::http
