// cli.h - command lines: the parser, --help and the error messages all come from one table of
// options.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <forward_list>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/duration.h"

namespace net {

// Takes an option's value; returns an error ("is not a time"), or an empty string.
using Setter = std::function<std::string(std::string_view)>;

// Removes a number from the front of `text`: digits, optionally with a fraction; no sign or
// exponent.  A number too large for a double becomes infinity or NaN, so compare it with an upper
// limit.  std::from_chars and std::ceil would link libm, which would slow down every start.
bool take_decimal(std::string_view& text, double& out);
// A number from 0 to 2^53, rounded up.
inline std::int64_t round_up(double number) {
  const auto whole = static_cast<std::int64_t>(number);
  return static_cast<double>(whole) < number ? whole + 1 : whole;
}

// Accepts 500ms, 2s, 1m, 1h; seconds without a suffix; decimals; at most 1000h.
bool parse_duration(std::string_view text, Millis& out);

struct MillisRange {
  Millis min{0};
  Millis max{0};
};
// Accepts T or T..T.  Returns an error, or an empty string.
std::string parse_duration_range(std::string_view text, MillisRange& out);

Setter duration(Millis& out);
Setter duration_over_zero(Millis& out);
Setter text(std::string& out);
Setter each(std::vector<std::string>& out);
Setter number(std::uint64_t min, std::uint64_t max, const std::function<void(std::uint64_t)>& set);
template <std::unsigned_integral T>
Setter number(T& out, std::uint64_t min, std::uint64_t max) {
  return number(min, max, [&out](std::uint64_t n) { out = static_cast<T>(n); });
}

class Cli {
 public:
  // An option of similar tools, such as "-D" or "--chat", and what to use instead.
  struct NotSupported {
    const char* typed;
    const char* instead;
  };

  // synopsis: what follows the tool's name in the usage line.  summary: one sentence.
  Cli(std::string tool, std::string synopsis, std::string summary);

  // names: "w,timeout" or "drain".  argument: what --help calls the value, or "" for a flag.  The
  // texts are not copied, so they must outlive this object; adding options allocates next to
  // nothing.
  void option(const char* names, const char* argument, const char* help, Setter set);
  // Like option(), but also overwrites the value in argv, where ps(1) shows it.
  void secret(const char* names, const char* argument, const char* help, Setter set);
  void flag(const char* names, const char* help, std::function<void()> set);
  void flag(const char* names, const char* help, bool& out);
  // Stores a text that is not a literal for as long as this object lives.
  const char* keep(std::string text) { return kept_.emplace_front(std::move(text)).c_str(); }
  // The table is not copied, so it must outlive this object.
  void not_supported(std::span<const NotSupported> options) { not_supported_ = options; }

  // Applies the options in the order given; returns the operands.  --help and --version end the
  // process with 0 (8 if they cannot be written), a usage error with 2 and one sentence.
  std::vector<std::string> parse(int argc, char** argv);
  [[noreturn]] static void fail(const std::string& sentence);
  // Exits with the usage line as the error message.
  [[noreturn]] void fail_usage() const;
  // Whether the option with this long name was given; valid after parse().
  bool is_given(std::string_view long_name) const { return typed_.contains(long_name); }
  // Returns the option as it was typed, "-w" or "--timeout"; the long form if it was not given.
  std::string typed(std::string_view long_name) const;

  std::string help() const;

 private:
  struct Option {
    std::string_view letter;  // empty if it has none
    std::string_view long_name;
    std::string_view argument;
    const char* help;
    Setter set;
    bool is_secret = false;
    std::string spelled() const { return "--" + std::string(long_name); }
  };
  struct Given {
    const Option* option;
    std::string value;
  };
  const Option* find(std::string_view name) const;
  const Option& find_long(std::string_view spelled) const;
  [[noreturn]] void fail_unknown(const std::string& argument) const;
  std::vector<std::string> split(int argc, char** argv, std::vector<Given>& given);

  std::string tool_;
  std::string synopsis_;
  std::string summary_;
  std::vector<Option> options_;
  std::forward_list<std::string> kept_;
  std::span<const NotSupported> not_supported_;
  std::map<std::string_view, std::string> typed_;  // from the long name to the form that was typed
};

// Called first in every main(): opens those of descriptors 0 to 2 that are closed, so that no other
// file gets their numbers.  Reading a closed standard input then gives end of file; writing to a
// closed standard output fails.
void hold_standard_descriptors();

}  // namespace net
