// hub.h - any number of clients at once (-k): each gets a seat, and a relay of its own.
#pragma once

#include <functional>
#include <list>
#include <memory>

#include "common/net/address.h"
#include "tools/netcat/channel/broker.h"
#include "tools/netcat/channel/seat.h"
#include "tools/netcat/channel/telnet.h"
#include "tools/netcat/guests.h"
#include "tools/netcat/relay/in_hand.h"
#include "tools/netcat/relay/relay.h"

namespace netcat {

// For --broker and --reconnect; a hub of plain -k has neither.
struct HubOptions {
  const Broker* broker = nullptr;  // the local end: what one client sends goes to the others
  InHand* in_hand = nullptr;       // each connection continues where the last one ended
};

class Hub final : public Guests {
 public:
  // Called at the end of each connection.
  using OnClosed =
      std::function<void(const net::SockAddr&, const Channel&, const Tally&, const Verdict&)>;

  // terms: the terms of each client.
  Hub(Session& session, Channel& local, const Terms& terms, OnClosed on_closed,
      HubOptions how = {});

  // Runs until end(), or until standard input or output fails.
  net::Task<Verdict> run();
  // was_reset: see net::Dialed.
  void admit(std::unique_ptr<Channel> remote, const net::SockAddr& peer, bool was_reset = false);
  std::size_t count() const override { return conns_.count(); }
  // Disconnects the oldest client that has finished sending, if there is one.
  void make_room() override;

  void output_gone() { end({.reason = Verdict::kOutputGone}); }
  void end(const Verdict& verdict) override;
  bool ended() const override { return verdict_.has_value(); }
  bool input_ended() const { return seats_.input_ended(); }

 private:
  struct Client {
    Client(Hub& hub, std::unique_ptr<Channel> channel, const net::SockAddr& address);
    net::SockAddr peer;
    std::unique_ptr<Channel> remote;
    std::unique_ptr<Telnet> telnet;
    Seat seat;
    Relay relay;
    std::uint64_t progress = 0;  // bytes sent, plus those of them delivered, at the last check
    net::TimePoint moved_at;     // when that last changed
    bool displaced = false;
  };

  net::Task<> serve(std::list<Client>::iterator client);
  net::Task<> feed();
  net::Task<> watch_room();
  // sender: the seat that sent `data`, which does not get it back; 0: it is from standard input.
  net::Task<> hand_out_lines(std::string_view data, std::uint64_t sender);
  net::Task<> hand_out(std::string_view piece, std::uint64_t sender);
  void drop_stuck();
  void note_acknowledged(const Client& client);

  Session& session_;
  net::Loop& loop_;
  Channel& local_;
  HubOptions how_;
  Terms terms_;
  OnClosed on_closed_;
  Seats seats_;
  std::list<Client> clients_;
  net::WaitGroup conns_{[this] {
    if (on_change) on_change();
  }};
  CrlfEncoder crlf_;
  Pace pace_;
  RateLimit limit_;
  net::Millis patience_;  // limit for a client that delays the others
  net::Timer ended_;
  std::optional<Verdict> verdict_;
};

}  // namespace netcat
