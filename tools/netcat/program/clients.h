// clients.h - any number of clients at once (-k), each with a program of its own.
#pragma once

#include <optional>

#include "tools/netcat/guests.h"
#include "tools/netcat/program/programs.h"

namespace netcat {

class ProgramClients final : public Guests {
 public:
  ProgramClients(Session& session, Programs& programs);
  ~ProgramClients() override { programs_.on_stop = nullptr; }

  // Waits for the end; afterwards all programs have ended.
  net::Task<Verdict> wait();
  void admit(std::unique_ptr<Channel> client, const net::SockAddr& peer) {
    clients_.go(serve(std::move(client), peer));
  }
  std::size_t count() const override { return clients_.count(); }
  bool ended() const override { return verdict_ || programs_.stopped_by() != 0; }
  void end(const Verdict& verdict) override;

 private:
  net::Task<> serve(std::unique_ptr<Channel> client, net::SockAddr peer);

  Session& session_;
  Programs& programs_;
  std::optional<Verdict> verdict_;
  net::WaitGroup clients_{[this] {
    if (on_change) on_change();
  }};
};

}  // namespace netcat
