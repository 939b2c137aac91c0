// browser.h - which requests a web page may make a browser send: Host, Origin, Sec-Fetch-Site.
//
// Any page can make a browser connect to servers on the browser's own host.  Two rules limit
// that: on loopback a Host must be a name that cannot be made to point here (DNS rebinding), and
// answers are shown to pages of other origins only if --allow-origin says so (CORS).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/http/message.h"

namespace net::http {

struct BrowserOptions {
  std::vector<std::string> hosts = {};    // names by which we are known; "*": any
  std::vector<std::string> origins = {};  // of pages that may read answers; "*": all
  bool any_host = false;                  // unless there are `hosts`
};

// A HOST without a port, or "*"; an ORIGIN as a browser sends it, or "*".  Returns an error, or
// an empty string.
std::string parse_allowed_host(std::string_view text, BrowserOptions& options);
std::string parse_allowed_origin(std::string_view text, BrowserOptions& options);

// An IP address, localhost, nothing, or one of options.hosts; with or without a port.
bool is_our_host(std::string_view host, const BrowserOptions& options);
// Whether a page of that origin may read our answers.
bool is_allowed_origin(std::string_view origin, const BrowserOptions& options);
// Whether a page of another site sends the request, and may not.
bool is_cross_site(const Request& request, const BrowserOptions& options);

// CORS: the header lines that let the requesting page read the answer.
void append_cors(std::string& head, const Request& request, const BrowserOptions& options);
// Whether it is a preflight request, and the additional lines of the answer to one.
bool is_preflight(const Request& request);
void append_preflight(std::string& fields, const Request& request, std::string_view methods);

}  // namespace net::http
