// service.h - counterd's URLs: access, meaning and answers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/http/site.h"
#include "tools/counterd/statsd.h"
#include "tools/counterd/store.h"
#include "tools/counterd/token.h"

namespace counterd {

struct ServiceOptions {
  net::http::SiteOptions site;
  bool strict_methods = false;
  std::string token_file;
};

// What the services of all loops share.
struct Shared {
  Token& token;
  Statsd& statsd;
  net::http::Figures& figures;
  std::vector<Entry>& start;  // still to be created; for the first loop only
  std::atomic<int> loops = 0;
};

std::unique_ptr<net::Service> make_service(net::Loop& loop, const ServiceOptions& options,
                                           Shared& shared, std::unique_ptr<Store> store);

}  // namespace counterd
