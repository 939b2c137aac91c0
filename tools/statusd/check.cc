#include "tools/statusd/check.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "common/cli/json.h"
#include "common/cli/log.h"
#include "tools/statusd/command.h"

namespace statusd {

std::string Check::detail() const {
  const int result = outcome;
  if (result == kPending) return "no result yet";
  if (result == kLate) return "timed out";
  if (result >= kFailed) return net::Error(kFailed - result).message();
  if (result >= kKilled) return "killed by signal " + std::to_string(result - kKilled);
  return "exit status " + std::to_string(result);
}

// A leading WORD= is a name, so `X=1 ./probe` sets a variable only if a name precedes it.
std::string Checks::add(std::string_view text) {
  constexpr std::string_view kNameBytes =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
  const std::size_t size = std::min(text.find_first_not_of(kNameBytes), text.size());
  const bool named = size > 0 && size < text.size() && text[size] == '=';
  const std::string command(named ? text.substr(size + 1) : text);
  const std::string given(named ? text.substr(0, size) : text);
  const std::string name = net::log::escaped(given);  // two commands may differ in this only
  if (command.find_first_not_of(" \t\n") == command.npos) return "the command is empty";
  for (const Check& check : all)
    if (check.name == name) return "'" + given + "' is given twice (use NAME=COMMAND)";
  Check& check = all.emplace_back();
  check.name = name;
  check.command = command;
  return "";
}

bool Checks::ok() const {
  return std::ranges::all_of(all, [](const Check& check) { return check.ok(); });
}

std::string Checks::lines() const {
  std::string out;
  for (const Check& check : all)
    out += check.ok() ? "ok " + check.name + "\n"
                      : "failed " + check.name + ": " + check.detail() + "\n";
  return out;
}

std::string Checks::json() const {
  std::string out = "[";
  for (const Check& check : all) {
    if (out.size() > 1) out += ',';
    out += "{\"name\":";
    net::append_json_string(out, check.name);
    out += std::string(",\"ok\":") + (check.ok() ? "true" : "false") + ",\"detail\":";
    net::append_json_string(out, check.detail());
    out += '}';
  }
  return out + "]";
}

// Logs a result only when it changes.
static void set(Check& check, int outcome) {
  const int before = check.outcome.exchange(outcome);
  if (before == outcome || (before == Check::kPending && outcome == 0)) return;
  net::log::info("check %s: %s", check.name.c_str(),
                 outcome == 0 ? "ok again" : check.detail().c_str());
}

void Checks::stop() {
  stopped = true;
  for (const Check& check : all)
    if (check.pid > 0) kill(-check.pid, SIGKILL);
}

// Process 1 of a container inherits the processes that commands leave behind.  A command that has
// ended is left to its own task, which then calls this again.
static void reap_orphans(const Checks& checks) {
  for (;;) {
    siginfo_t ended = {};
    if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0) return;
    if (std::ranges::find(checks.all, ended.si_pid, &Check::pid) != checks.all.end()) return;
    (void)waitpid(ended.si_pid, nullptr, WNOHANG);
  }
}

static net::Task<> keep_checking(net::Loop& loop, Check& check, const Checks& checks) {
  while (!checks.stopped) {
    const int outcome = co_await run_command(loop, check.command, checks.timeout, check.pid);
    if (loop.canceled() || checks.stopped) co_return;
    reap_orphans(checks);
    set(check, outcome);
    net::Error e = co_await net::sleep(loop, checks.every);
    if (e) co_return;
  }
}

net::Task<> run_checks(net::Loop& loop, Checks& checks) {
  net::WaitGroup group;
  for (Check& check : checks.all) group.go(keep_checking(loop, check, checks));
  co_await group.wait();
}

}  // namespace statusd
