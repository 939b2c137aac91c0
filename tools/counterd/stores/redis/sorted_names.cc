#include "tools/counterd/stores/redis/sorted_names.h"

#include <algorithm>

namespace counterd {

std::string_view SortedNames::Run::front() const {
  return std::string_view(text).substr(at, text.find('\n', at) - at);
}

void SortedNames::add(std::vector<std::string> names) {
  if (names.empty()) return;
  std::ranges::sort(names);
  Run run;
  for (const std::string& name : names) run.text.append(name).push_back('\n');
  run.text.shrink_to_fit();
  runs_.push_back(std::move(run));
  std::ranges::push_heap(runs_, later);
}

std::optional<std::string> SortedNames::next() {
  while (!runs_.empty()) {
    std::ranges::pop_heap(runs_, later);
    Run& run = runs_.back();
    std::string name(run.front());
    run.at += name.size() + 1;
    if (run.at < run.text.size())
      std::ranges::push_heap(runs_, later);
    else
      runs_.pop_back();
    if (name != last_) return last_ = std::move(name);
  }
  return std::nullopt;
}

}  // namespace counterd
