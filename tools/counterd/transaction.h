// transaction.h - computes the changes of commands, all or none, without touching the map.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "tools/counterd/counters.h"
#include "tools/counterd/operations.h"
#include "tools/counterd/store.h"

namespace counterd {

// The new states by name; an empty one means that the counter is deleted.
using Changes = std::map<std::string, std::optional<Counter>, std::less<>>;
// Operations by token; an empty one is to be forgotten.
using NewOperations = std::map<std::string, std::optional<Operation>, std::less<>>;

class Transaction {
 public:
  // The maps must not change while the transaction exists.
  Transaction(const Counters& counters, const Operations& operations, const Limits& limits,
              Time at);

  // Executes the command on the map and the changes made so far.
  Outcome execute(const Command& command);
  bool empty() const { return changes_.empty() && operations_.empty(); }
  const Changes& changes() const { return changes_; }
  const NewOperations& operations() const { return operations_; }

 private:
  Outcome execute_all(const Command& command);
  Outcome execute_one(const Command& command, const std::string& name);
  const Counter* find(const std::string& name) const;
  const Operation* find_operation(const std::string& token) const;

  const Counters& counters_;
  const Operations& known_;
  const Limits& limits_;
  const Time at_;
  Changes changes_;
  NewOperations operations_;
  std::uint64_t count_;  // the number of counters after the changes
};

// Applies the changes of a transaction to the maps.
void publish(const Changes& changes, Counters& counters);
void publish(const NewOperations& operations, Operations& known);

}  // namespace counterd
