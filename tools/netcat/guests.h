// guests.h - the interface through which the listeners see the clients of -k.
#pragma once

#include <cstddef>
#include <functional>

#include "tools/netcat/relay/ending.h"

namespace netcat {

class Guests {
 public:
  Guests() = default;
  Guests(const Guests&) = delete;
  Guests& operator=(const Guests&) = delete;
  virtual ~Guests() = default;

  virtual std::size_t count() const = 0;
  // Whether no more clients are admitted.
  virtual bool ended() const = 0;
  virtual void end(const Verdict& verdict) = 0;
  // Disconnects a client that no longer needs its place, if there is one.
  virtual void make_room() {}
  // Called whenever a client has left, count() may change soon, or the guests end.
  std::function<void()> on_change;
};

}  // namespace netcat
