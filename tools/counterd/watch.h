// watch.h - counters as they change: a stream of server-sent events (/watch).
#pragma once

#include "common/http/message.h"
#include "tools/counterd/store.h"

namespace counterd {

// First the counters, then `event: ready`, then each change: `data: {"name":"x","value":1,...}`, or
// `event: gone`.  A client that does not read is told of the last state alone.  Of more counters
// than query.limit the first ones are watched.
net::Task<net::Error> watch(net::Loop& loop, Store& store, ListQuery query, net::http::Body& body);

}  // namespace counterd
