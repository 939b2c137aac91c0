// ticker.h - the wall clock's ticks, to every task that waits for the next.
#pragma once

#include <string>
#include <string_view>

#include "common/net/loop.h"
#include "common/net/stream.h"
#include "tools/clockd/time_format.h"

namespace clockd {

class Ticker {
 public:
  Ticker(net::Loop& loop, net::Millis interval, TimeFormat format)
      : loop_(loop), interval_(interval), format_(std::move(format)) {}
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  // Ticks on the boundaries of the interval until the loop is cancelled.
  net::Task<> run();
  // Ends every wait, now and later.
  void stop();

  // Which tick a client has had last.
  using Index = std::int64_t;
  static constexpr Index kNone = -1;

 private:
  // The next line, valid until the task waits again; for a client that has had none, the time now,
  // at once.  Empty when the connection has closed or the ticker has stopped.
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
  Time now() const;
  Index index_of(Time time) const { return time.time_since_epoch() / interval_; }
  void tick(Index index);
  void add(Next& wait);
  void remove(Next& wait);

  net::Loop& loop_;
  net::Millis interval_;
  TimeFormat format_;
  std::string line_;  // formatted once a tick, not once a client
  Next* first_ = nullptr;
  bool stopped_ = false;
};

}  // namespace clockd
