// exchange.h - one run of netcat -u: standard input to datagrams, datagrams to standard output.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/net/descriptor.h"
#include "tools/netcat/access.h"
#include "tools/netcat/datagram/ending.h"
#include "tools/netcat/datagram/inbox.h"
#include "tools/netcat/datagram/open.h"
#include "tools/netcat/datagram/output.h"
#include "tools/netcat/datagram/senders.h"
#include "tools/netcat/datagram/slicer.h"
#include "tools/netcat/datagram/turn.h"
#include "tools/netcat/datagram/unanswered.h"
#include "tools/netcat/relay/pace.h"
#include "tools/netcat/relay/rate_limit.h"
#include "tools/netcat/relay/tally.h"
#include "tools/netcat/session.h"

namespace netcat {

class Exchange {
 public:
  Exchange(Session& session, Datagrams& datagrams, const Access& access);
  net::Task<Outcome> run();

 private:
  // receiving: receive.cc
  net::Task<> receive(DatagramSocket& socket);
  net::Task<std::size_t> take_batch(DatagramSocket& socket);
  net::Task<> look(DatagramSocket& socket);
  net::Task<> look_everywhere();
  net::Task<> give_up(DatagramSocket& socket);
  std::size_t receive_batch(DatagramSocket& socket);
  void take(DatagramSocket& socket, const Inbox::Datagram& datagram);
  bool admits(const net::SockAddr& sender) const;
  void take_sender(DatagramSocket& socket, const Inbox::Datagram& datagram);
  void choose_peer(DatagramSocket& socket, const Inbox::Datagram& datagram);
  net::Task<> watch_output();

  // sending: send.cc
  net::Task<> feed();
  net::Task<> send_slices();
  net::Task<> wait_for_limits();
  net::Task<> send(std::span<const std::string_view> datagrams);
  net::Task<> not_now(net::Error e);
  net::Task<> send_failed(net::Error e);

  // ending: exchange.cc
  net::Task<> watch_time();
  void expired(DatagramEnding::Verdict verdict);
  bool try_next_address(net::Error e);
  void failed(net::Error e);
  net::Task<> wait_for_log();
  void moved(Direction direction, std::string_view datagram);
  void end(int status, std::string why);
  std::string peer_name() const;

  net::Loop& loop_;
  const Options& options_;
  Session& session_;
  const Access& access_;
  std::vector<DatagramSocket>& sockets_;
  DatagramSocket* target_ = nullptr;  // the socket to send from; null: no peer yet
  net::SockAddr to_;                  // the destination; empty: target_ is connected
  LocalEnd from_;                     // the source, if the kernel would choose another
  net::SockAddr peer_;                // the first sender, if listening without keep_open
  net::SockAddr last_peer_;           // the sender of the latest datagram
  net::Descriptor in_;
  DatagramOutput out_;
  Inbox inbox_;
  Turn turn_;           // held while receiving and writing to standard output
  net::Timer arrival_;  // woken when there is a peer to send to
  net::Timer timer_;    // woken when there is a new time limit
  bool timer_idle_ = false;
  RateLimit limit_;  // for sending only; the peer cannot be slowed down
  Pace pace_;
  Slicer slicer_;
  Senders senders_;
  DatagramEnding ending_;
  Outcome outcome_;
  Unanswered unanswered_;
  net::Error error_;  // socket error; we exit after writing what has arrived
  bool ended_ = false;
  bool heard_ = false;
  std::uint64_t received_ = 0;  // datagrams
  std::uint64_t sent_ = 0;
  Tally tally_;
};

}  // namespace netcat
