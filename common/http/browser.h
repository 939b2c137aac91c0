// browser.h - what a page on the web may make a browser ask here: Host, Origin, Sec-Fetch-Site.
//
// A browser reaches what listens on its own host, and any page may tell it to.  Two rules bound
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

// A HOST without a port, or "*"; an ORIGIN as a browser sends it, or "*".  What is wrong with it,
// or nothing.
std::string parse_allowed_host(std::string_view text, BrowserOptions& options);
std::string parse_allowed_origin(std::string_view text, BrowserOptions& options);

// An IP address, localhost, nothing, or one of options.hosts; with or without a port.
bool is_our_host(std::string_view host, const BrowserOptions& options);
// Whether a page of that origin may read our answers.
bool is_allowed_origin(std::string_view origin, const BrowserOptions& options);
// A page of another site asks, and it may not.
bool is_cross_site(const Request& request, const BrowserOptions& options);

// CORS: the header lines that let the page which asks read the answer.
void append_cors(std::string& head, const Request& request, const BrowserOptions& options);
// The further lines of an answer to a preflight request, if it is one.
bool is_preflight(const Request& request);
void append_preflight(std::string& fields, const Request& request, std::string_view methods);

}  // namespace net::http
