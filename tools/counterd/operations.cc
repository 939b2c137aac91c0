#include "tools/counterd/operations.h"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace counterd {

static constexpr std::string_view kDigits = "0123456789abcdef";

// FNV-1a over everything but the token.
std::string mark_of(const Command& command) {
  std::uint64_t hash = 14695981039346656037U;
  const auto add = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    hash = (hash ^ 0xffU) * 1099511628211U;  // no name contains this byte
  };
  add(command.name);
  for (const std::string& name : command.others) add(name);
  for (const std::int64_t number :
       {std::int64_t{command.kind}, command.value, command.expected, command.min, command.max,
        command.ttl.count(), std::int64_t{command.renews}, std::int64_t{command.saturates},
        std::int64_t{command.may_create}})
    add(std::to_string(number));
  std::string text(16, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, hash >>= 4)
    *digit = kDigits[hash & 0xf];
  return text;
}

bool is_final(Outcome::Status status) {
  return status == Outcome::kDone || status == Outcome::kNotFound || status == Outcome::kMismatch ||
         status == Outcome::kOverflow;
}

// --- as text ---

static void append_numbers(std::string& text, const Outcome& outcome) {
  const Counter& counter = outcome.counter;
  for (const std::int64_t number :
       {outcome.before, counter.value, std::int64_t{counter.changed.time_since_epoch().count()},
        std::int64_t{counter.expires.time_since_epoch().count()}})
    text.append(" ").append(std::to_string(number));
}

std::string Operation::to_string() const {
  std::string text = std::to_string(at.time_since_epoch().count()) + " " + mark + " " +
                     std::to_string(outcome.status) + " " + std::to_string(outcome.failed);
  append_numbers(text, outcome);
  for (const Outcome& other : outcome.others) append_numbers(text, other);
  return text;
}

static std::optional<std::int64_t> take_number(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return parse_value(word);
}

static std::optional<Outcome> take_outcome(std::string_view& text) {
  const auto before = take_number(text);
  const auto value = take_number(text);
  const auto changed = take_number(text);
  const auto expires = take_number(text);
  if (!before || !value || !changed || !expires) return std::nullopt;
  Outcome outcome;
  outcome.before = *before;
  outcome.counter = {*value, Time(Millis(*changed)), Time(Millis(*expires)), Millis(0)};
  return outcome;
}

std::optional<Operation> Operation::parse(std::string_view text) {
  const auto at = take_number(text);
  std::string mark(text.substr(0, text.find(' ')));
  text.remove_prefix(std::min(mark.size() + 1, text.size()));
  const auto status = take_number(text);
  const auto failed = take_number(text);
  auto outcome = take_outcome(text);
  if (!at || !status || !failed || !outcome || *failed < 0) return std::nullopt;
  if (*status < 0 || *status > Outcome::kUnknown) return std::nullopt;
  outcome->status = static_cast<Outcome::Status>(*status);
  if (!is_final(outcome->status)) return std::nullopt;
  outcome->failed = static_cast<std::size_t>(*failed);
  while (!text.empty()) {
    auto other = take_outcome(text);
    if (!other) return std::nullopt;
    outcome->others.push_back(std::move(*other));
  }
  return Operation{Time(Millis(*at)), std::move(mark), std::move(*outcome)};
}

// --- the map ---

const Operation* Operations::find(std::string_view token) const {
  const auto at = map_.find(token);
  return at != map_.end() ? &at->second : nullptr;
}

void Operations::put(std::string token, Operation operation) {
  order_.emplace_back(operation.at, token);
  map_.insert_or_assign(std::move(token), std::move(operation));
}

std::optional<std::string> Operations::take_older(Time before) {
  while (!order_.empty() && order_.front().first < before) {
    auto [at, token] = std::move(order_.front());
    order_.pop_front();
    const auto known = map_.find(token);
    if (known == map_.end() || known->second.at != at) continue;  // it was used again later
    map_.erase(known);
    return std::move(token);
  }
  return std::nullopt;
}

}  // namespace counterd
