#include "tools/counterd/watch.h"

#include <utility>
#include <vector>

#include "common/net/timer.h"
#include "tools/counterd/answer.h"

namespace counterd {

using net::Error;
using net::Task;

namespace {

using Seen = std::vector<Entry>;

constexpr Millis kTick{200};
constexpr Millis kLookAnyway{1'000};  // to notice what has expired
constexpr int kShare = 10;            // at most a tenth of the time is spent on looking
constexpr Millis kSilence{2'000};     // then a comment tests whether the client is there

struct Look {
  Seen counters;
  bool more = false;  // there are more than the limit
  std::string why;    // why the store cannot answer; empty: it has
};

// Reads in pieces, between which other clients have their turn.
Task<> look_at(net::Loop& loop, Store& store, const ListQuery& query, Look& look) {
  std::string from;
  do {
    Page page = co_await store.list(query, from);
    look.why = page.why;
    if (page.status != Outcome::kDone) co_return;
    for (Entry& entry : page.entries) {
      look.more = look.counters.size() + 1 == query.limit;
      if (look.more) break;
      look.counters.push_back(std::move(entry));
    }
    from = page.next;
    if (!from.empty() && !look.more) co_await net::yield(loop);
  } while (!from.empty() && !look.more);
}

void append_event(std::string& out, std::string_view event, std::string_view data) {
  if (!event.empty()) out.append("event: ").append(event).append("\n");
  out.append("data: ").append(data).append("\n\n");
}

std::string gone(const std::string& name) {
  std::string data = "{\"name\":";
  append_json_string(data, name);
  return data + "}";
}

// Compares two lists, both in the order of the names.
Task<> append_changes(net::Loop& loop, std::string& out, const Seen& before, const Seen& after) {
  constexpr std::size_t kAtOnce = 500;  // then the other clients have their turn
  std::size_t old = 0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (i % kAtOnce == kAtOnce - 1) co_await net::yield(loop);
    const auto& [name, counter] = after[i];
    for (; old < before.size() && before[old].name < name; ++old)
      append_event(out, "gone", gone(before[old].name));
    const bool known = old < before.size() && before[old].name == name;
    const bool same = known && before[old].counter == counter;
    if (known) ++old;
    if (same) continue;
    std::string data;
    append_json(data, name, counter);
    append_event(out, "", data);
  }
  for (; old < before.size(); ++old) append_event(out, "gone", gone(before[old].name));
}

std::string error_of(const std::string& why) {
  std::string data = "{\"error\":";
  append_json_string(data, why);
  return data + "}";
}

}  // namespace

Task<Error> watch(net::Loop& loop, Store& store, ListQuery query, net::http::Body& body) {
  ++query.limit;  // to notice that there are more
  Seen seen;
  std::string out = "retry: 2000\n\n";
  std::string trouble;
  std::uint64_t version = 0;
  bool ready = false;
  Millis silent{0}, since_look{kLookAnyway}, pause{0};
  while (!loop.input_ended()) {
    const bool due = since_look >= store.version_period() && store.version() != version;
    if (since_look >= pause && (due || since_look >= kLookAnyway)) {
      const auto start = std::chrono::steady_clock::now();
      version = store.version();
      since_look = Millis(0);
      Look look;
      co_await look_at(loop, store, query, look);
      pause = std::chrono::ceil<Millis>((std::chrono::steady_clock::now() - start) * kShare);
      if (!look.why.empty() && look.why != trouble)
        append_event(out, "trouble", error_of(look.why));
      trouble = look.why;
      if (trouble.empty()) co_await append_changes(loop, out, seen, look.counters);
      if (trouble.empty() && !ready)
        append_event(out, "ready", look.more ? "{\"more\":true}" : "{\"more\":false}");
      ready = trouble.empty();
      if (trouble.empty()) seen = std::move(look.counters);
    }
    if (out.empty() && silent >= kSilence) out = ": still there\n\n";
    if (!out.empty()) {
      Error e = co_await body.write(out);
      if (e) co_return e;
      out.clear();
      silent = Millis(0);
    }
    Error e = co_await body.pause(kTick);
    if (e) co_return e;
    since_look += kTick;
    silent += kTick;
  }
  co_return Error();
}

}  // namespace counterd
