// counterd - counters over HTTP that never lose an increment.
//
// Protocol: a URL is a command (/inc?name=x), its answer a line of text or JSON; /list and /metrics
// tell all of them.  Where the counters are kept, and what an answer promises, is a store's to say.
// After Eli Bendersky's counter server of "On concurrency in Go HTTP servers".

#include <string>

#include "common/cli/cli.h"
#include "common/cli/exit_status.h"
#include "common/cli/log.h"
#include "common/cli/read_file.h"
#include "common/http/server.h"
#include "common/net/descriptor.h"
#include "tools/counterd/answer.h"
#include "tools/counterd/call.h"
#include "tools/counterd/import.h"
#include "tools/counterd/listing.h"
#include "tools/counterd/store.h"
#include "tools/counterd/stores/redis/url.h"
#include "tools/counterd/token.h"

namespace {

using counterd::Call;
using counterd::Command;
using counterd::Entry;
using counterd::ListFormat;
using counterd::Listing;
using counterd::Outcome;
using counterd::Reply;
using counterd::Store;
using net::Error;
using net::Task;
using net::http::Answer;
using net::http::Body;
using net::http::Request;
using net::http::Response;

constexpr std::size_t kWholeMax = 64 * 1024;  // a longer list goes out in pieces

struct Options {
  net::ServerOptions server;
  counterd::StoreOptions store;
  counterd::Token token;
  bool strict_methods = false;
  bool exports = false;
  std::string token_file;
  std::string import_file;
  std::string imported;  // the text of import_file: a JSON list
  std::vector<Entry> start;
};

// Nobody in between may answer in our place.
Response fresh(Response response) {
  response.fields.append("Cache-Control: no-store\r\n");
  return response;
}

// --- lists ---

// A piece, then everybody else's turn.
Task<Error> write_rest(net::Loop& loop, std::shared_ptr<Listing> listing, std::string text,
                       Body& body) {
  for (;;) {
    Error e = co_await body.write(text);
    if (e || listing->done()) co_return e;
    co_await net::yield(loop);
    text.clear();
    const Outcome outcome = co_await listing->next(text);
    if (outcome.status != Outcome::kDone) co_return UV_EIO;  // the client sees a torn body
  }
}

Task<Response> answer_list(net::Loop& loop, Store& store, Call call) {
  const bool metrics = call.kind == Call::kMetrics;
  const ListFormat format = metrics     ? ListFormat::kMetrics
                            : call.json ? ListFormat::kJson
                                        : ListFormat::kText;
  auto listing = std::make_shared<Listing>(store, format, call.prefix);
  Response response;
  if (metrics) response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  if (call.json) response.content_type = "application/json";
  Outcome outcome;
  while (!listing->done() && response.body.size() < kWholeMax && outcome.status == Outcome::kDone)
    outcome = co_await listing->next(response.body);
  if (outcome.status != Outcome::kDone)
    response = counterd::failure(outcome.status, call.json, outcome.why);
  else if (!listing->done())
    response.stream = [&loop, listing, text = std::move(response.body)](Body& body) {
      return write_rest(loop, listing, text, body);
    };
  co_return fresh(std::move(response));
}

// --- commands ---

Task<Response> answer_later(Call call, Task<Outcome> task) {
  const Outcome outcome = co_await std::move(task);
  co_return fresh(counterd::answer_to(call, outcome));
}

class CounterService final : public net::http::HttpService {
 public:
  CounterService(net::Loop& loop, const Options& options, std::unique_ptr<Store> store)
      : HttpService(loop, {.idle_timeout = options.server.idle_timeout}),
        loop_(loop),
        options_(options),
        store_(std::move(store)) {}
  Task<> run() override { return store_->run(); }

 protected:
  Answer answer(const Request& request) override {
    if (!options_.token.admits(request))
      return fresh(counterd::unauthorized(counterd::wants_json(request)));
    auto understood = counterd::understand(request, options_.strict_methods);
    if (auto* refusal = std::get_if<Response>(&understood)) return fresh(std::move(*refusal));
    Call& call = std::get<Call>(understood);
    if (call.kind != Call::kCommand) return answer_list(loop_, *store_, std::move(call));
    if (call.changes() && request.method == "HEAD") return fresh(counterd::ok());

    Reply reply = store_->apply(call.command);
    if (auto* outcome = std::get_if<Outcome>(&reply)) return fresh(answer_to(call, *outcome));
    return answer_later(std::move(call), std::get<Task<Outcome>>(std::move(reply)));
  }

 private:
  net::Loop& loop_;
  const Options& options_;
  std::unique_ptr<Store> store_;
};

// --- before it serves ---

bool read_import(Options& options, std::string& why) {
  net::Result<std::string> text = net::read_file(options.import_file);
  if (!text) return why = text.error().message(), false;
  options.imported = std::move(*text);
  counterd::ListReader reader(options.imported);
  while (reader.next()) {  // all of it is right, or nothing is imported
  }
  why = reader.why();
  return why.empty();
}

bool read_files(Options& options) {
  std::string why;
  if (!options.token_file.empty() && !options.token.load(options.token_file, why))
    return net::log::error("%s: %s", net::name_of_file(options.token_file).c_str(), why.c_str()),
           false;
  if (!options.import_file.empty() && !read_import(options, why))
    return net::log::error("%s: %s", net::name_of_file(options.import_file).c_str(), why.c_str()),
           false;
  return true;
}

Task<> set(Store& store, Command command, std::string& why) {
  const std::string name = command.name;
  const Outcome outcome = co_await counterd::ask(store, std::move(command));
  if (outcome.status == Outcome::kTooMany) why = name + ": more counters than --max-counters";
  if (!outcome.why.empty()) why = outcome.why;
}

// Only where there is none yet.
Task<> start(Store& store, Entry entry, std::string& why) {
  Command command{.kind = Command::kGet, .name = entry.name, .value = entry.counter.value};
  const Outcome outcome = co_await counterd::ask(store, command);
  if (!outcome.why.empty()) why = outcome.why;
  if (outcome.status != Outcome::kNotFound) co_return;
  command.kind = Command::kSet;
  co_await set(store, std::move(command), why);
}

Task<> import_all(Store& store, std::string_view json, std::string& why) {
  constexpr std::size_t kAtOnce = 1000;  // the store may do them together
  net::WaitGroup group;
  counterd::ListReader reader(json);
  while (std::optional<Entry> entry = reader.next()) {
    const counterd::Counter& counter = entry->counter;
    Command command{.kind = Command::kImport, .name = entry->name, .value = counter.value};
    command.changed = counter.changed;
    command.expires = counter.expires;
    group.go(set(store, std::move(command), why));
    co_await group.wait(kAtOnce - 1);
    if (!why.empty()) break;
  }
  co_await group.wait();
}

// The status, and the sentence for all but a reader that has left.
Task<int> export_all(net::Loop& loop, Store& store, std::string& why) {
  net::Descriptor out = net::Descriptor::standard_output(loop);
  Listing listing(store, ListFormat::kJson, "");
  while (!listing.done()) {
    std::string text;
    const Outcome outcome = co_await listing.next(text);
    why = outcome.why;
    if (!why.empty()) co_return net::kLocalIo;
    Error e = co_await net::write(out, text);
    if (e == Error(UV_EPIPE)) co_return net::kBrokenPipe;
    if (e) why = std::string("stdout: ") + e.message();
    if (e) co_return net::kLocalIo;
  }
  co_return net::kOk;
}

Task<int> prepare(net::Loop& loop, Store& store, const Options& options, std::string& why) {
  net::WaitGroup background;
  background.go(store.run());
  if (!options.imported.empty()) co_await import_all(store, options.imported, why);
  for (const Entry& entry : options.start)
    if (why.empty()) co_await start(store, entry, why);
  int status = why.empty() ? net::kOk : net::kLocalIo;
  if (status == net::kOk && options.exports) status = co_await export_all(loop, store, why);
  loop.cancel_all();
  co_await background.wait();
  co_return status;
}

// Fills the store, and tells what is in it, as the options say.
int prepare(Options& options, const counterd::MakeStore& make_store) {
  if (options.imported.empty() && options.start.empty() && !options.exports) return net::kOk;
  net::Loop loop;
  const std::unique_ptr<Store> store = make_store(loop);
  std::string why;
  const int status = loop.run(prepare(loop, *store, options, why));
  if (!why.empty()) net::log::error("%s", why.c_str());
  options.imported.clear();
  options.imported.shrink_to_fit();
  return status;
}

// --- options ---

std::string take_store(std::string_view text, std::string& place) {
  place = text;
  counterd::RedisUrl url;
  std::string why;
  if (text.starts_with("redis://")) return counterd::RedisUrl::parse(text, url, why) ? "" : why;
  const std::string_view first = text.substr(0, text.find('/'));  // of a path, or the whole
  const std::size_t scheme = first.find(':') + 1;  // what follows may have a password in it
  const bool is_path = scheme == 0 && (text.ends_with(".db") || first.size() < text.size());
  if (text == "memory" || is_path) return "";
  return "'" + place.substr(0, scheme > 0 ? scheme : place.npos) +
         "' is no store (memory, FILE.db or redis://HOST:PORT)";
}

std::string take_start(std::string_view text, std::vector<Entry>& start) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string_view::npos) return "'" + std::string(text) + "' is not NAME=VALUE";
  Entry entry{.name = std::string(text.substr(0, equals)), .counter = {}};
  if (const char* wrong = counterd::wrong_with_name(entry.name)) return wrong;
  const auto value = counterd::parse_value(text.substr(equals + 1));
  if (!value) return "'" + std::string(text) + "': the value is not a whole number of 64 bits";
  entry.counter.value = *value;
  start.push_back(std::move(entry));
  return "";
}

Options parse_options(int argc, char** argv) {
  Options o;
  o.server.idle_timeout = net::Millis(60'000);
  o.store = {.place = "memory", .max_counters = 10'000'000};
  net::Cli cli("counterd", "[options] [ADDRESS...]", "Count over HTTP, and lose nothing.");
  cli.option("store", "PLACE", "memory, FILE.db or redis://HOST:PORT[/DB] (memory)",
             [&o](std::string_view text) { return take_store(text, o.store.place); });
  cli.option("max-counters", "N", "counters at most (10000000)",
             net::number(o.store.max_counters, 1, UINT64_MAX));
  cli.option("start", "NAME=VALUE", "create this counter, unless it is there",
             [&o](std::string_view text) { return take_start(text, o.start); });
  cli.option("import", "FILE", "first set the counters of this JSON list; -: standard input",
             net::text(o.import_file));
  cli.flag("export", "print the JSON list and exit", o.exports);
  cli.flag("strict-methods", "let only POST change anything", o.strict_methods);
  cli.option("token-file", "FILE", "serve only who shows this bearer token",
             net::text(o.token_file));
  net::add_server_options(cli, o.server);
  net::add_addresses(o.server, cli.parse(argc, argv));
  return o;
}

counterd::Opened open_store(const counterd::StoreOptions& options) {
  if (options.place == "memory") return counterd::open_memory_store(options);
  if (options.place.starts_with("redis://")) return counterd::open_redis_store(options);
  return counterd::open_sqlite_store(options);
}

}  // namespace

int main(int argc, char** argv) {
  net::hold_standard_descriptors();
  Options options = parse_options(argc, argv);
  if (!read_files(options)) return net::kLocalIo;
  const counterd::Opened store = open_store(options.store);
  if (!store.why.empty()) {
    net::log::error("%s", store.why.c_str());
    return net::kLocalIo;
  }
  const int status = prepare(options, store.make);
  if (status == net::kBrokenPipe) return net::die_of_broken_pipe();
  if (status != net::kOk) return status;
  if (options.exports) return net::kOk;
  return net::serve(options.server, [&](net::Loop& loop) {
    return std::make_unique<CounterService>(loop, options, store.make(loop));
  });
}
