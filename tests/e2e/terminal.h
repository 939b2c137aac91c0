// terminal.h - a pseudo-terminal: the test holds the keyboard and the screen.
#pragma once

#include <termios.h>

#include "channel.h"

namespace e2e {

class Terminal {
 public:
  Terminal();
  // What is typed and what is shown.
  Channel keyboard;
  // The side that programs get.
  const Fd& tty() const { return tty_; }
  termios modes() const;

 private:
  Fd tty_;
};

bool same_modes(const termios& a, const termios& b);

}  // namespace e2e
