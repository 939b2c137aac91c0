// relay.h - one connection: moves data between the local and the remote end until the rules of
// ending.h are met.
#pragma once

#include <memory>

#include "common/net/address.h"
#include "tools/netcat/channel/channel.h"
#include "tools/netcat/relay/ending.h"
#include "tools/netcat/relay/pace.h"
#include "tools/netcat/relay/rate_limit.h"
#include "tools/netcat/relay/tally.h"
#include "tools/netcat/relay/transfer.h"
#include "tools/netcat/session.h"

namespace netcat {

struct RelayOptions {
  Terms terms;
  bool discards = false;  // discard what arrives
  bool paced = true;      // -i, --rate and -C are applied to the input here
  // The name of the peer in the session log, if there are several peers; must outlive the relay.
  const net::SockAddr* peer = nullptr;
  // A lost connection ends the relay even if the local end does not take what arrived before.
  bool ends_when_lost = false;
};

class Relay final : Observer {
 public:
  // The channels must outlive the relay.
  Relay(Session& session, Channel& local, Channel& remote, const RelayOptions& options);

  // One connection, from its first byte to its last.
  net::Task<Verdict> run();
  const Tally& tally() const { return tally_; }

  // The reader of standard output has left.
  void output_gone();
  // Call it if the connection was reset before it was used; what the peer has sent can still be
  // read.
  void peer_reset() { stop_sending(net::Error(UV_ECONNRESET)); }
  void end(Verdict::Reason reason, net::Error e = {});

 private:
  enum class Next { kGoOn, kAwaitInput, kAwaitOutput, kOver };
  // One of the two directions.
  struct Way {
    Way(Session& session, Channel& source, Channel& sink, std::uint64_t rate,
        const TransferOptions& how);
    Channel& from;
    Channel& to;
    std::unique_ptr<RateLimit> limit;  // null: no limit
    Transfer transfer;
    std::uint64_t logged = 0;  // bytes
    bool drained = false;      // the end of its input has been read
    bool ended = false;
    bool held = false;  // it waits for our own consumer or for a time limit
    Next next = Next::kGoOn;
    bool is_busy() const;  // whether it has data to move and waits for its turn
  };

  net::Task<> move(Way& way);
  net::Task<> wait_for_turn(Way& way);
  net::Task<net::Error> ready(Way& way);
  Next pump(Way& way);
  Next at_end(Way& way);
  void failed(Way& way, const Step& step);
  void moved(Way& way, const Step& step);
  void stop_sending(net::Error e);
  void look_for_traffic();
  bool waits_for_log() const { return session_.log.is_blocked() && !verdict_; }
  void saw(const Transfer& transfer, std::string_view data) override;
  TransferOptions how_up(const RelayOptions& options);
  TransferOptions how_down(const RelayOptions& options);
  net::Task<> watch_time();
  net::Task<> watch_peer();
  net::Task<> look();
  void leave(const Verdict& verdict);

  Session& session_;
  net::Loop& loop_;
  Channel& local_;
  Channel& remote_;
  const net::SockAddr* peer_;
  const bool ends_when_lost_;
  net::Error lost_;  // with ends_when_lost_
  Ending ending_;
  std::unique_ptr<Pace> pace_;  // of the input; null without -i
  Way up_;
  Way down_;
  net::Timer look_;  // woken when the end may be nearer
  net::WaitGroup tasks_;
  Tally tally_;
  std::uint64_t traffic_;  // bytes, at the last check
  std::optional<Verdict> verdict_;
};

}  // namespace netcat
