#include "terminal.h"

#include <fcntl.h>
#include <pty.h>
#include <algorithm>
#include <iterator>

namespace e2e {

Terminal::Terminal() {
  int master = -1;
  int slave = -1;
  if (openpty(&master, &slave, nullptr, nullptr, nullptr) != 0) fail_errno("openpty");
  fcntl(master, F_SETFD, FD_CLOEXEC);
  fcntl(slave, F_SETFD, FD_CLOEXEC);
  keyboard = Channel(Fd(master));
  tty_ = Fd(slave);
}

termios Terminal::modes() const {
  termios modes{};
  if (tcgetattr(tty_.get(), &modes) != 0) fail_errno("tcgetattr");
  return modes;
}

bool same_modes(const termios& a, const termios& b) {
  return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_cflag == b.c_cflag &&
         a.c_lflag == b.c_lflag && std::equal(std::begin(a.c_cc), std::end(a.c_cc), b.c_cc);
}

}  // namespace e2e
