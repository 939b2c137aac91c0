#include "common/cli/cli.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>

#include "common/cli/exit_status.h"
#include "common/cli/log.h"
#include "common/cli/version.h"
#include "common/net/address.h"

namespace net {

// --- values ---

bool take_decimal(std::string_view& text, double& out) {
  double value = 0, scale = 1;
  std::size_t at = 0, digits = 0;
  bool fraction = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !fraction) {
      fraction = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    if (++digits > 300) return false;  // more digits could overflow a double
    value = value * 10 + (c - '0');
    if (fraction) scale *= 10;
  }
  if (digits == 0) return false;
  text.remove_prefix(at);
  out = value / scale;
  return true;
}

bool parse_duration(std::string_view text, Millis& out) {
  double value = 0;
  std::string_view suffix = text;
  if (!take_decimal(suffix, value)) return false;
  double unit = 0;
  if (suffix == "ms") unit = 1;
  if (suffix == "s" || suffix.empty()) unit = 1000;
  if (suffix == "m") unit = 60'000;
  if (suffix == "h") unit = 3'600'000;
  constexpr double kMaxMillis = 3'600'000'000;
  if (unit == 0 || !(value * unit <= kMaxMillis)) return false;
  out = Millis(round_up(value * unit - 1e-6));
  return true;
}

static std::string in_quotes(std::string_view value) { return "'" + std::string(value) + "'"; }

std::string parse_duration_range(std::string_view text, MillisRange& out) {
  const std::size_t dots = text.find("..");
  const bool range = dots != std::string_view::npos;
  MillisRange given;
  if (!parse_duration(text.substr(0, dots), given.min) ||
      !parse_duration(range ? text.substr(dots + 2) : text, given.max))
    return in_quotes(text) + " is not a time or a range of times (try 100ms or 10ms..1s)";
  if (given.min > given.max) return in_quotes(text) + ": the range ends before it begins";
  out = given;
  return "";
}

Setter duration(Millis& out) {
  return [&out](std::string_view value) {
    return parse_duration(value, out) ? ""
                                      : in_quotes(value) + " is not a time (try 500ms, 10s or 1m)";
  };
}

Setter duration_over_zero(Millis& out) {
  return [set = duration(out), &out](std::string_view value) {
    const std::string wrong = set(value);
    return wrong.empty() && out == Millis::zero() ? "must be greater than 0" : wrong;
  };
}

// Rejects an empty text, because the rest of the code takes it for an option that was not given.
Setter text(std::string& out) {
  return [&out](std::string_view value) {
    out = value;
    return std::string(value.empty() ? "must not be empty" : "");
  };
}

Setter each(std::vector<std::string>& out) {
  return [&out](std::string_view value) { return out.emplace_back(value), ""; };
}

Setter number(std::uint64_t min, std::uint64_t max, const std::function<void(std::uint64_t)>& set) {
  return [=](std::string_view value) -> std::string {
    std::uint64_t n = 0;
    if (!parse_number(value, min, max, n))
      return in_quotes(value) + " is not a number from " + std::to_string(min) + " to " +
             std::to_string(max);
    set(n);
    return "";
  };
}

// --- the table ---

// Installed before main(), because building the table of options allocates memory, too.
[[maybe_unused]] static const std::new_handler no_handler = std::set_new_handler([] {
  log::out_of_memory();
  std::_Exit(kLocalIo);
});

Cli::Cli(std::string tool, std::string synopsis, std::string summary)
    : tool_(std::move(tool)), synopsis_(std::move(synopsis)), summary_(std::move(summary)) {
  log::open(tool_);
  options_.reserve(128);  // more options than any tool has
}

void Cli::option(const char* names, const char* argument, const char* help, Setter set) {
  const std::string_view both = names;
  const std::size_t comma = both.find(',');
  const bool has_letter = comma != std::string_view::npos;
  options_.push_back({has_letter ? both.substr(0, comma) : "",
                      has_letter ? both.substr(comma + 1) : both, argument, help, std::move(set)});
}

void Cli::secret(const char* names, const char* argument, const char* help, Setter set) {
  option(names, argument, help, std::move(set));
  options_.back().is_secret = true;
}

void Cli::flag(const char* names, const char* help, std::function<void()> set) {
  option(names, "", help, [set = std::move(set)](std::string_view) { return set(), ""; });
}

void Cli::flag(const char* names, const char* help, bool& out) {
  option(names, "", help, [&out](std::string_view) { return out = true, ""; });
}

const Cli::Option* Cli::find(std::string_view name) const {
  for (const Option& option : options_)
    if (name == option.long_name || name == option.letter) return &option;
  return nullptr;
}

std::string Cli::help() const {
  constexpr std::size_t kColumn = 30;
  std::string text;
  text.reserve(16384);
  text.append("usage: ").append(tool_).append(" ").append(synopsis_).append("\n");
  text.append(summary_).append("\n\n");
  for (const Option& option : options_) {
    const std::size_t begin = text.size();
    if (option.letter.empty())
      text.append("      ");
    else
      text.append("  -").append(option.letter).append(", ");
    text.append("--").append(option.long_name);
    if (!option.argument.empty()) text.append(" ").append(option.argument);
    text.resize(begin + std::max(kColumn, text.size() - begin + 2), ' ');
    text.append(option.help).append("\n");
  }
  return text;
}

// --- parsing ---

void Cli::fail(const std::string& sentence) {
  log::error("%s", sentence.c_str());
  std::exit(kUsage);
}

void Cli::fail_usage() const {
  fail("usage: " + tool_ + " " + synopsis_.substr(0, synopsis_.find('\n')) + " (see --help)");
}

std::string Cli::typed(std::string_view long_name) const {
  const auto found = typed_.find(long_name);
  return found == typed_.end() ? "--" + std::string(long_name) : found->second;
}

static std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

// Returns how far `name` is from the option's name, or SIZE_MAX if it is too far to be a typo.
static std::size_t unlikeness(std::string_view name, std::string_view long_name) {
  if (name.size() < 2) return SIZE_MAX;
  if (long_name.starts_with(name)) return 0;
  const std::size_t longer = std::max(name.size(), long_name.size());
  const std::size_t distance = edit_distance(name, long_name);
  const bool like = name.starts_with(long_name) || distance <= (longer < 4 ? 1 : longer / 2);
  return like ? distance : SIZE_MAX;
}

void Cli::fail_unknown(const std::string& argument) const {
  for (const auto& [typed, instead] : not_supported_)
    if (argument == typed) fail(argument + ": not supported; " + instead);
  const std::size_t dashes = std::min(argument.find_first_not_of('-'), argument.size());
  const std::string_view name = std::string_view(argument).substr(dashes);
  const Option* nearest = nullptr;
  std::size_t least = SIZE_MAX;
  for (const Option& option : options_) {
    const std::size_t unlike = unlikeness(name, option.long_name);
    if (unlike >= least) continue;
    least = unlike;
    nearest = &option;
  }
  fail("unknown option " + argument +
       (nearest != nullptr ? " (did you mean " + nearest->spelled() + "?)" : " (see --help)"));
}

const Cli::Option& Cli::find_long(std::string_view spelled) const {
  const Option* option = spelled.size() > 3 ? find(spelled.substr(2)) : nullptr;
  if (option == nullptr) fail_unknown(std::string(spelled));
  return *option;
}

// Returns the operands.
std::vector<std::string> Cli::split(int argc, char** argv, std::vector<Given>& given) {
  std::vector<std::string> operands;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    // The value is the text attached to the option or, without one, the next argument.
    const auto take = [&](const Option& option, const std::string& typed, char* attached) {
      typed_[option.long_name] = typed;
      given.push_back({&option, ""});
      if (option.argument.empty()) return;
      if (attached == nullptr && ++i == argc)
        fail(std::string(argument).append(": a value is missing: ").append(option.argument));
      char* const value = attached != nullptr ? attached : argv[i];
      given.back().value = value;
      if (option.is_secret) std::fill_n(value, std::strlen(value), '*');
    };
    if (argument == "--") {
      operands.insert(operands.end(), argv + i + 1, argv + argc);
      break;
    }
    if (argument.starts_with("--")) {
      const std::size_t equals = argument.find('=');
      const Option& option = find_long(argument.substr(0, equals));
      const bool attached = equals != std::string_view::npos;
      if (attached && option.argument.empty()) fail(option.spelled() + " takes no value");
      take(option, option.spelled(), attached ? argv[i] + equals + 1 : nullptr);
    } else if (argument.size() > 1 && argument[0] == '-') {
      for (std::size_t at = 1; at < argument.size(); ++at) {
        const std::string letter = {'-', argument[at]};
        const Option* option = find(argument.substr(at, 1));
        if (option == nullptr) fail_unknown(letter);
        take(*option, letter, at + 1 < argument.size() ? argv[i] + at + 1 : nullptr);
        if (!option->argument.empty()) break;
      }
    } else {
      operands.emplace_back(argument);
    }
  }
  return operands;
}

// Exits with _Exit(): there is nothing to clean up, and the exit handlers' pages are not loaded.
[[noreturn]] static void print_and_exit(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0) {
      log::error("stdout: %s", Error::from_errno().message());
      std::_Exit(kLocalIo);
    }
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  std::_Exit(kOk);
}

std::vector<std::string> Cli::parse(int argc, char** argv) {
  flag("h,help", "show this help and exit", [this] { print_and_exit(help()); });
  flag("version", "show the version and exit",
       [this] { print_and_exit(tool_ + " (wireutils) " WIREUTILS_VERSION "\n"); });
  std::vector<Given> given;
  std::vector<std::string> operands = split(argc, argv, given);
  for (const auto& [option, value] : given) {
    const std::string wrong = option->set(value);
    if (!wrong.empty()) fail(option->spelled() + ": " + wrong);
  }
  return operands;
}

// Occupies the lowest free descriptor, which is the closed one: as an input it reads end of file,
// as standard output it fails every write.
static bool hold_lowest(int fd) {
  if (::open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) >= 0) return true;
  int ends[2];
  if (pipe(ends) != 0) return false;
  close(ends[1]);
  return true;
}

void hold_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(fd, F_GETFD) < 0 && !hold_lowest(fd)) std::_Exit(kLocalIo);
}

}  // namespace net
