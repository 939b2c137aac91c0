// terminal.h - a pseudo-terminal: the test types and reads the screen.
#pragma once

#include <termios.h>

#include "channel.h"

namespace e2e {

class Terminal {
 public:
  Terminal();
  // Writes what is typed, reads what is shown.
  Channel keyboard;
  // The side for programs.
  const Fd& tty() const { return tty_; }
  termios modes() const;

 private:
  Fd tty_;
};

bool same_modes(const termios& a, const termios& b);

}  // namespace e2e
