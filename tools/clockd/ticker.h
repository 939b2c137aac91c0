// ticker.h - sends the wall clock's ticks to every task that waits for the next one.
#pragma once

#include <string>
#include <string_view>

#include "common/net/loop.h"
#include "common/net/stream.h"
#include "tools/clockd/schedule.h"

namespace clockd {

class Ticker {
 public:
  using Clock = Time (*)();
  static Time system_time() { return std::chrono::system_clock::now(); }

  Ticker(net::Loop& loop, net::Millis interval, TimeFormat format, Clock now = system_time)
      : loop_(loop), now_(now), schedule_(interval, now()), format_(std::move(format)) {}
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  // Ticks on the boundaries of the interval until the loop is cancelled.
  net::Task<> run();
  // Ends every wait, now and later.
  void stop();

  // The last tick that a client was sent.
  using Index = Schedule::Index;
  static constexpr Index kNone = INT64_MIN;

 private:
  // Waits for the next line, which is valid until the task waits again; a new client gets the
  // current time at once.  Empty when the connection has closed or the ticker has stopped.
  class Next final : net::CloseHook {
   public:
    Next(Ticker& ticker, net::Stream& conn, Index& seen)
        : ticker_(ticker), conn_(conn), seen_(seen) {}
    bool await_ready();
    void await_suspend(std::coroutine_handle<> waiter);
    std::string_view await_resume() const;

   private:
    friend class Ticker;
    void stream_closed(net::Error why) override;
    void resume(bool ended);

    Ticker& ticker_;
    net::Stream& conn_;
    Index& seen_;
    bool ended_ = false;
    std::coroutine_handle<> waiter_;
    Next* next_ = nullptr;
    Next* previous_ = nullptr;
  };

 public:
  auto next(net::Stream& conn, Index& seen) { return Next(*this, conn, seen); }

 private:
  void tick(Index index);
  void add(Next& wait);
  void remove(Next& wait);

  net::Loop& loop_;
  const Clock now_;
  Schedule schedule_;
  TimeFormat format_;
  std::string line_;  // formatted once per tick, not once per client
  Next* first_ = nullptr;
  bool stopped_ = false;
};

}  // namespace clockd
