#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>

#include "peer.h"

namespace e2e {

std::string bin_dir() {
  const char* sanitized = std::getenv("WIREUTILS_SANITIZED_BIN_DIR");
  return sanitized ? sanitized : WIREUTILS_BIN_DIR;
}

bool is_sanitized() { return std::getenv("WIREUTILS_SANITIZED_BIN_DIR") != nullptr; }

namespace {

// Descriptor `target` of the child is our `source`, or nothing at all when that is -1.
struct Placement {
  int target;
  int source;
};

struct Prepared {
  std::vector<Placement> placements;
  std::vector<Fd> ours_to_close;
};

Fd place(Stdio stdio, int target, Prepared& prepared) {
  Fd ours;
  int source = stdio.given;
  if (stdio.kind == Stdio::Kind::kNull) stdio = Stdio::file("/dev/null");
  if (stdio.kind == Stdio::Kind::kFile) {
    const int flags = target == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
    source = prepared.ours_to_close.emplace_back(open_file(stdio.path, flags)).get();
  } else if (stdio.kind == Stdio::Kind::kPipe) {
    auto [reading, writing] = pipe_pair();
    if (target != 0) std::swap(reading, writing);
    source = prepared.ours_to_close.emplace_back(std::move(reading)).get();
    ours = std::move(writing);
  }
  prepared.placements.push_back({target, source});
  return ours;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (auto& s : strings) out.push_back(s.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment(const std::vector<std::string>& extra) {
  std::vector<std::string> env;
  const char* path = std::getenv("PATH");
  env.push_back("PATH=" + bin_dir() + ":" + (path ? path : "/usr/bin:/bin") + ":/usr/sbin:/sbin");
  env.push_back("BIN=" + bin_dir());
  env.insert(env.end(), extra.begin(), extra.end());
  for (char** e = environ; *e; ++e) {
    const std::string_view name(*e, std::string_view(*e).find('=') + 1);
    const bool given = std::any_of(env.begin(), env.end(),
                                   [&](const std::string& own) { return own.starts_with(name); });
    if (!given) env.emplace_back(*e);
  }
  return env;
}

std::string look_up(const std::string& program) {
  if (program.find('/') != std::string::npos) return program;
  const std::string own = bin_dir() + "/" + program;
  return access(own.c_str(), X_OK) == 0 ? own : program;
}

// In the child, between fork and exec: async-signal-safe calls only.
void become(const Prepared& prepared, const Spawn& spawn) {
  if (spawn.terminal) {
    setsid();
  } else {
    setpgid(0, 0);
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGPIPE, SIG_DFL);
  int high[16];  // out of the way of every target
  std::size_t n = 0;
  for (const auto& p : prepared.placements) {
    high[n++] = p.source < 0 ? -1 : fcntl(p.source, F_DUPFD_CLOEXEC, 40);
  }
  n = 0;
  for (const auto& p : prepared.placements) {
    if (const int source = high[n++]; source >= 0) {
      dup2(source, p.target);
    } else {
      ::close(p.target);
    }
  }
  if (spawn.terminal) ioctl(0, TIOCSCTTY, 0);
  const rlimit limit{spawn.descriptors, spawn.descriptors};
  if (spawn.descriptors) setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Process::Process(std::vector<std::string> argv, Spawn spawn) {
  Prepared prepared;
  prepared.ours_to_close.reserve(3);
  Fd ends[] = {place(spawn.in, 0, prepared), place(spawn.out, 1, prepared),
               place(spawn.err, 2, prepared)};
  for (const auto& [target, source] : spawn.inherited) {
    prepared.placements.push_back({target, source});
  }
  auto env = environment(spawn.env);
  const std::string program = look_up(argv.at(0));
  const auto argv_pointers = pointers(argv);
  const auto env_pointers = pointers(env);
  pid_ = fork();
  if (pid_ < 0) fail_errno("fork");
  if (pid_ == 0) {
    become(prepared, spawn);
    execvpe(program.c_str(), argv_pointers.data(), env_pointers.data());
    _exit(127);
  }
  if (!spawn.terminal) setpgid(pid_, pid_);
  pidfd_ = Fd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  if (!pidfd_) fail_errno("pidfd_open");
  Channel* channels[] = {&in, &out, &err};
  for (int i = 0; i < 3; ++i) {
    if (ends[i]) *channels[i] = Channel(std::move(ends[i]));
  }
}

Process::~Process() {
  if (pid_ > 0) reap();
}

// Reads the output meanwhile: a full pipe must not keep the process from ending.
bool Process::ended_by(Clock::time_point deadline) {
  while (pid_ > 0) {
    pollfd polled[3] = {{pidfd_.get(), POLLIN, 0},
                        {out.at_end() ? -1 : out.fd(), POLLIN, 0},
                        {err.at_end() ? -1 : err.fd(), POLLIN, 0}};
    const auto left = std::chrono::ceil<Millis>(deadline - Clock::now()).count();
    const int n = poll(polled, 3, static_cast<int>(std::max<decltype(left)>(left, 0)));
    if (n == 0) return false;
    if (polled[1].revents) out.absorb();
    if (polled[2].revents) err.absorb();
    if (polled[0].revents) status_ = reap();
  }
  return true;
}

// Kills what is left of the group, reaps the leader.
int Process::reap() {
  kill(-pid_, SIGKILL);
  kill(pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  out.absorb();
  err.absorb();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int Process::wait(Millis patience) {
  if (!ended_by(Clock::now() + patience)) fail("the process did not end in time");
  return status_;
}

bool Process::lives_for(Millis time) { return !ended_by(Clock::now() + time); }

void Process::signal(int number) const {
  if (pid_ <= 0 || kill(pid_, number) != 0) fail_errno("kill");
}

int Process::stop() {
  signal(SIGTERM);
  return wait();
}

Millis Process::cpu_time() const {
  const std::string stat = read_file("/proc/" + std::to_string(pid_) + "/stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  const std::vector<std::string> field{std::istream_iterator<std::string>(fields), {}};
  const long ticks = std::stol(field.at(11)) + std::stol(field.at(12));  // utime, stime
  return Millis(ticks * 1000 / sysconf(_SC_CLK_TCK));
}

std::string Process::descriptor(int number) const {
  std::error_code absent;
  const auto link = "/proc/" + std::to_string(pid_) + "/fd/" + std::to_string(number);
  return std::filesystem::read_symlink(link, absent).string();
}

Outcome finish(Process& process, Millis patience) {
  const int status = process.wait(patience);
  return {status, process.out.available(), process.err.available()};
}

Outcome run(std::vector<std::string> argv, const std::string& input, Spawn spawn) {
  if (!input.empty()) spawn.in = Stdio::pipe();
  Process process(std::move(argv), std::move(spawn));
  if (!input.empty()) process.in.send(input);
  process.in.close();
  return finish(process);
}

Outcome shell(const std::string& script, Spawn spawn) {
  return run({"bash", "-c", script}, {}, std::move(spawn));
}

bool installed(const std::string& program) {
  return shell("command -v " + program + " >/dev/null").status == 0;
}

TempDir::TempDir() {
  char name[] = "/tmp/wireutils.XXXXXX";
  if (!mkdtemp(name)) fail_errno("mkdtemp");
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;  // nothing to be done about it in a destructor
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::file(const std::string& name, const std::string& content) const {
  std::ofstream(path(name), std::ios::binary) << content;
  return path(name);
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) fail_errno(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string noise(std::size_t size) {
  std::minstd_rand random(42);
  std::string bytes(size, '\0');
  for (char& b : bytes) b = static_cast<char>(random() >> 8);
  return bytes;
}

}  // namespace e2e
