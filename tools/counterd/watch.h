// watch.h - counters as they change: a stream of server-sent events (/watch).
#pragma once

#include "common/http/message.h"
#include "tools/counterd/store.h"

namespace counterd {

// First the counters, then `event: ready`, then each change: `data: {"name":"x","value":1,...}`, or
// `event: gone`.  A client that does not read gets only the last state.  If there are more counters
// than query.limit, only the first ones are watched.
net::Task<net::Error> watch(net::Loop& loop, Store& store, ListQuery query, net::http::Body& body);

}  // namespace counterd
