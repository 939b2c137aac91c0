#include "tools/netcat/datagram/datagram.h"

#include "tools/netcat/datagram/exchange.h"
#include "tools/netcat/fatal_signals.h"
#include "tools/netcat/scan.h"

namespace netcat {

using net::Task;

static Task<Outcome> exchange(Session& session, Datagrams& datagrams) {
  Access access;
  const net::Deadline deadline(session.options.timeout);
  Outcome outcome = co_await access.load(session.loop, session.options, deadline);
  if (outcome.status == net::kOk)
    outcome = co_await open_datagrams(session.loop, session.options, datagrams);
  if (outcome.status != net::kOk) co_return outcome;
  if (session.options.listen && !session.options.unix_domain)
    session.options.port = datagrams.sockets.front().address().port();
  outcome = session.write_port_file();
  if (outcome.status != net::kOk) co_return outcome;
  Exchange exchange(session, datagrams, access);
  outcome = co_await exchange.run();
  co_return outcome;
}

Task<Outcome> exchange_datagrams(Session& session) {
  Outcome outcome;
  if (session.options.scan) {
    outcome = co_await scan(session);
    co_return outcome;
  }
  Datagrams datagrams;
  FatalSignals signals(session.loop, [&session, &datagrams] {
    for (DatagramSocket& socket : datagrams.sockets) socket.close();
    session.port_file.remove();
  });
  outcome = co_await exchange(session, datagrams);
  co_await signals.release();
  co_return outcome;
}

}  // namespace netcat
