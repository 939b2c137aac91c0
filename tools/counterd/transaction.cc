#include "tools/counterd/transaction.h"

#include <vector>

namespace counterd {

constexpr std::size_t kPurgeAtOnce = 1000;

Transaction::Transaction(const Counters& counters, const Operations& operations,
                         const Limits& limits, Time at)
    : counters_(counters), known_(operations), limits_(limits), at_(at), count_(counters.size()) {
  for (const std::string& name : counters.expired(at, kPurgeAtOnce)) changes_[name] = std::nullopt;
  count_ -= changes_.size();
}

const Counter* Transaction::find(const std::string& name) const {
  const auto found = changes_.find(name);
  if (found == changes_.end()) return counters_.find(name);
  return found->second ? &*found->second : nullptr;
}

const Operation* Transaction::find_operation(const std::string& token) const {
  const auto found = operations_.find(token);
  const Operation* operation = known_.find(token);
  if (found != operations_.end()) operation = found->second ? &*found->second : nullptr;
  const bool over = operation != nullptr && operation->at + limits_.op_window <= at_;
  return over ? nullptr : operation;
}

Outcome Transaction::execute(const Command& command) {
  if (command.op.empty()) return execute_all(command);
  const std::string mark = mark_of(command);
  if (const Operation* done = find_operation(command.op)) {
    if (done->mark == mark) return done->outcome;
    return {.status = Outcome::kReused};
  }
  if (known_.size() + operations_.size() >= limits_.max_counters)
    return {.status = Outcome::kTooMany,
            .why = "op: more tokens than --max-counters within --op-window"};
  Outcome outcome = execute_all(command);
  if (is_final(outcome.status)) operations_[command.op] = Operation{at_, mark, outcome};
  return outcome;
}

// Executes the command for each name in turn, and undoes all of it if one fails.
Outcome Transaction::execute_all(const Command& command) {
  if (command.others.empty()) return execute_one(command, command.name);
  const std::uint64_t count_before = count_;
  Changes before;
  std::vector<std::string> new_names;
  const auto keep = [&](const std::string& name) {
    if (const auto found = changes_.find(name); found != changes_.end())
      before.insert(*found);
    else
      new_names.push_back(name);
  };
  keep(command.name);
  Outcome outcome = execute_one(command, command.name);
  for (const std::string& name : command.others) {
    if (outcome.status != Outcome::kDone) break;
    keep(name);
    Outcome other = execute_one(command, name);
    if (other.status == Outcome::kDone) {
      outcome.others.push_back(std::move(other));
    } else {
      other.failed = outcome.others.size() + 1;
      outcome = std::move(other);
    }
  }
  if (outcome.status == Outcome::kDone) return outcome;
  count_ = count_before;
  for (const std::string& name : new_names) changes_.erase(name);
  for (auto& [name, counter] : before) changes_.insert_or_assign(name, counter);
  return outcome;
}

Outcome Transaction::execute_one(const Command& command, const std::string& name) {
  const Counter* existing = find(name);
  Applied applied = apply(command, existing, at_);
  if (applied.outcome.status != Outcome::kDone || command.kind == Command::kGet)
    return std::move(applied.outcome);
  if (existing == nullptr && applied.counter) {
    if (count_ >= limits_.max_counters) return {.status = Outcome::kTooMany};
    ++count_;
  }
  if (existing != nullptr && !applied.counter) --count_;
  changes_.insert_or_assign(name, applied.counter);
  return std::move(applied.outcome);
}

void publish(const Changes& changes, Counters& counters) {
  for (const auto& [name, counter] : changes) {
    if (counter)
      counters.put(name, *counter);
    else
      counters.erase(name);
  }
}

void publish(const NewOperations& operations, Operations& known) {
  for (const auto& [token, operation] : operations)
    if (operation) known.put(token, *operation);
}

}  // namespace counterd
