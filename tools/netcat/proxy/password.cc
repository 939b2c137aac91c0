#include "tools/netcat/proxy/password.h"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>

#include "common/cli/read_file.h"
#include "common/net/fd.h"

namespace netcat {

constexpr std::size_t kFileBytesMax = std::size_t{64} << 10;
constexpr std::size_t kTypedBytesMax = 1024;

static std::string first_line(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

// --- the terminal ---

static volatile std::sig_atomic_t caught = 0;

namespace {

// While it exists, the terminal does not echo, and a signal only ends wait().  The destructor
// restores the terminal, and then the signal has its usual effect.
class SilentTerminal {
 public:
  explicit SilentTerminal(int fd) : fd_(fd) {
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int number : kSignals) sigaddset(&blocked, number);
    sigprocmask(SIG_BLOCK, &blocked, &mask_);
    struct sigaction action = {};
    action.sa_handler = [](int number) { caught = number; };  // without SA_RESTART
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      sigaction(kSignals[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
    }
    tcgetattr(fd_, &settings_);
    termios silent = settings_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(fd_, TCSAFLUSH, &silent);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;
  ~SilentTerminal() {
    tcsetattr(fd_, TCSAFLUSH, &settings_);
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
    sigprocmask(SIG_SETMASK, &mask_, nullptr);
    if (caught != 0) (void)std::raise(caught);
  }

  // Waits for a line; returns false if a signal arrives.
  bool wait() const {
    pollfd terminal{.fd = fd_, .events = POLLIN, .revents = 0};
    return ppoll(&terminal, 1, nullptr, &mask_) > 0;
  }

 private:
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
  int fd_;
  termios settings_{};
  sigset_t mask_{};
  std::array<struct sigaction, kSignals.size()> before_{};
};

}  // namespace

static void print(const net::Fd& terminal, const std::string& text) {
  [[maybe_unused]] const ssize_t n = write(terminal.get(), text.data(), text.size());
}

static std::optional<std::string> typed(const std::string& prompt) {
  const net::Fd terminal(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal) return std::nullopt;
  std::array<char, kTypedBytesMax> line;
  ssize_t n = -1;
  {
    const SilentTerminal silent(terminal.get());
    print(terminal, prompt);
    if (silent.wait())  // a terminal returns one line at a time
      n = read(terminal.get(), line.data(), line.size());
    print(terminal, "\n");
  }
  if (n <= 0) return std::nullopt;
  return first_line({line.data(), static_cast<std::size_t>(n)});
}

std::optional<std::string> find_password(const std::string& file, const std::string& user,
                                         const std::string& proxy, std::string& why) {
  const char* variable = std::getenv("NETCAT_PROXY_PASSWORD");
  if (variable != nullptr) return variable;
  if (!file.empty()) {
    const auto text = net::read_file(file, kFileBytesMax);
    if (text) return first_line(*text);
    why = "--proxy-password-file: " + net::name_of_file(file) + ": " + text.error().message();
    return std::nullopt;
  }
  auto password = typed("Password of " + user + " for proxy " + proxy + ": ");
  if (!password)
    why =
        "no password for proxy " + proxy + " (use NETCAT_PROXY_PASSWORD or --proxy-password-file)";
  return password;
}

}  // namespace netcat
