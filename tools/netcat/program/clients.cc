#include "tools/netcat/program/clients.h"

#include "tools/netcat/report.h"

namespace netcat {

ProgramClients::ProgramClients(Session& session, Programs& programs)
    : session_(session), programs_(programs) {
  programs_.on_stop = [this] {
    if (on_change) on_change();
  };
}

void ProgramClients::end(const Verdict& verdict) {
  verdict_ = verdict;
  if (on_change) on_change();
}

net::Task<Verdict> ProgramClients::wait() {
  co_await clients_.wait();
  co_return verdict_.value_or(Verdict{});
}

net::Task<> ProgramClients::serve(std::unique_ptr<Channel> client, net::SockAddr peer) {
  const Outcome outcome = co_await programs_.run(std::move(client), peer);
  const Options& options = session_.options;
  if (!outcome.why.empty() && (options.verbose > 0 || options.json))
    say_problem(options, peer, outcome.why);
}

}  // namespace netcat
