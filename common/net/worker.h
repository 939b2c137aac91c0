// worker.h - one event loop of a server: its listeners, its connections, and its end.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "common/net/ebb.h"
#include "common/net/listener.h"
#include "common/net/places.h"
#include "common/net/server.h"
#include "common/net/systemd.h"

namespace net {

class Worker;

// Shared by all loops of a server.
struct Shared {
  Shared(const ServerOptions& with, const systemd::Manager& of);
  ~Shared();
  const ServerOptions& options;
  const systemd::Manager& manager;
  std::uint64_t max_clients = 0;  // set after the server has opened its own descriptors
  Places places;
  std::atomic<std::uint64_t> clients{0};
  std::atomic<std::uint64_t> clients_ever{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<int> short_of_room{0};  // accept loops that wait for a client to leave
  std::atomic<int> full{0};           // workers out of descriptors; the first one logs it
  std::atomic<int> status{0};         // exit status
  std::vector<std::unique_ptr<Worker>> workers;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();

  void set_max_clients();
  bool enter();
  void leave();
  void stop();
  // Stops the server because `what` has failed permanently.
  void fail(const char* what, Error e);
  void log_figures() const;
};

// Signals that a server handles are blocked in all threads but the first worker's.
void set_signals_blocked(bool blocked);

class Worker {
 public:
  Worker(Shared& shared, const MakeService& make_service)
      : shared_(shared), service_(make_service(loop_)) {}

  Loop& loop() { return loop_; }
  Error listen(Fd socket, const ListenOptions& options);
  const std::vector<Listener>& listeners() const { return listeners_; }
  int run(bool with_signals) { return loop_.run(main(with_signals)); }

  void stop() { background_.go(wind_down()); }
  void reload() { (void)service_->reload(false); }  // the first worker's service supports it
  void room();
  // Ends the longest idle connection of this loop or, if it has none, of one of the next `others`.
  void make_room(std::size_t others);
  // The same for the clients of each of these hosts.
  void make_places(std::set<std::string> hosts, std::size_t others);

 private:
  struct Signals;
  enum class Accepted { kSome, kAll, kNoRoom };

  Task<int> main(bool with_signals);
  Task<> accept_all(Listener& listener);
  Task<> accept_rest(Listener& listener);
  Task<> wait_for_room(Listener& listener);
  Accepted accept_some(Listener& listener);
  Accepted accept_failed(Error e);
  Worker& following() const;
  Task<> keep_making_places();
  void begin(Fd socket, const SockAddr& peer);
  void run_beside(Task<> connection);
  Task<> handle_loudly(Stream conn, SockAddr peer);
  Task<> handle_in_turn(Fd socket, SockAddr peer);
  Stream stream_of(Fd socket);
  void end_connection();
  Task<> wind_down();
  [[noreturn]] void die_of(int number);
  Task<> die_on(Signal& signal, int number);
  void stop_for(int number, Signals& all);
  Task<> stop_catching(Signals& all);
  Task<> stop_on(Signal& signal, int number, Signals& all);
  Task<> reload_on(Signal& signal, Signals& all);
  Task<> log_figures_on(Signal& signal);
  void close_listeners();
  bool at_limit() const { return shared_.clients >= shared_.max_clients; }

  Shared& shared_;
  Loop loop_;
  std::unique_ptr<Service> service_;
  std::vector<Listener> listeners_;
  std::vector<Timer*> waiting_for_room_;
  Timer drain_{loop_};
  WaitGroup background_;
  Ebb ebb_;
  WaitGroup conns_{[this] { end_connection(); }};
  bool stopping_ = false;
  std::uint64_t last_arrival_ = 0;  // of a client, in the loop's milliseconds
  bool making_places_ = false;
  bool full_ = false;  // counted in Shared::full
};

}  // namespace net
