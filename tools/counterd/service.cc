#include "tools/counterd/service.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "common/cli/log.h"
#include "common/http/accept.h"
#include "tools/counterd/answer.h"
#include "tools/counterd/call.h"
#include "tools/counterd/listing.h"
#include "tools/counterd/page.h"
#include "tools/counterd/prepare.h"
#include "tools/counterd/watch.h"

namespace counterd {

using net::Error;
using net::Task;
using net::http::Answer;
using net::http::Body;
using net::http::Request;
using net::http::Response;

namespace {

constexpr std::size_t kWholeMax = std::size_t{64} * 1024;  // a longer list is sent in pieces
constexpr int kWatchersMax = 64;                           // per loop

Response busy(bool json, std::string_view why) {
  Response response = refusal(503, json, why);
  response.add("Retry-After", "1");
  return response;
}

// --- lists ---

// Writes the rest piece by piece, and lets other clients have their turn in between.
Task<Error> write_rest(net::Loop& loop, std::shared_ptr<Listing> listing, std::string text,
                       Body& body) {
  for (;;) {
    Error e = co_await body.write(text);
    if (e || listing->done()) co_return e;
    co_await net::yield(loop);
    text.clear();
    const Outcome outcome = co_await listing->next(text);
    if (outcome.status != Outcome::kDone) co_return UV_EIO;  // the client sees an incomplete body
  }
}

struct ListOptions {
  ListFormat format = ListFormat::kText;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string before = {};
};

Task<Response> answer_list(net::Loop& loop, Store& store, ListQuery query, ListOptions options) {
  const bool json = options.format == ListFormat::kJson;
  auto listing = std::make_shared<Listing>(store, options.format, std::move(query));
  Response response;
  response.content_type = options.content_type;
  response.body = std::move(options.before);
  Outcome outcome;
  while (!listing->done() && response.body.size() < kWholeMax && outcome.status == Outcome::kDone)
    outcome = co_await listing->next(response.body);
  if (outcome.status != Outcome::kDone)
    response = failure(outcome.status, json, outcome.why);
  else if (!listing->done())
    response.stream = [&loop, listing, text = std::move(response.body)](Body& body) {
      return write_rest(loop, listing, text, body);
    };
  co_return std::move(response);
}

// --- backups ---

Task<Error> write_file(net::Loop& loop, std::shared_ptr<net::Fd> file, Body& body) {
  std::array<char, 65536> piece;
  off_t at = 0;
  for (;;) {
    const ssize_t size = pread(file->get(), piece.data(), piece.size(), at);
    if (size < 0 && errno == EINTR) continue;
    if (size == 0) co_return Error();
    if (size < 0) co_return Error::from_errno();
    at += size;
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(size));
    Error e = co_await body.write(bytes);
    if (e) co_return e;
    co_await net::yield(loop);
  }
}

Response backup_of(net::Loop& loop, Backup backup, bool json) {
  if (backup.status == Outcome::kNotFound)
    return refusal(404, json, "only a store in a file can be backed up (see /list)");
  if (backup.status != Outcome::kDone) return failure(backup.status, json, backup.why);
  Response response;
  response.content_type = "application/vnd.sqlite3";
  response.add("Content-Disposition", "attachment; filename=\"counterd.db\"");
  response.stream_bytes = backup.bytes;
  response.stream = [&loop, file = std::make_shared<net::Fd>(std::move(backup.file))](Body& body) {
    return write_file(loop, file, body);
  };
  return response;
}

// --- commands ---

Task<Response> answer_later(Call call, Task<Outcome> task) {
  const Outcome outcome = co_await std::move(task);
  co_return answer_to(call, outcome);
}

Task<Error> write_nothing() { co_return Error(); }

// Only the change itself would tell how long its answer is, so no length is announced
// (RFC 9110, 8.6).
Response head_of_change(bool json) {
  Response response;
  if (json) response.content_type = "application/json";
  response.stream = [](Body&) { return write_nothing(); };
  return response;
}

Task<Response> answer_check(Store& store) {
  const Outcome outcome = co_await store.check();
  if (outcome.status == Outcome::kDone) co_return ok();
  Response response = failure(outcome.status, false, outcome.why);
  response.status = 503;
  co_return std::move(response);
}

class CounterService final : public net::http::Site {
 public:
  CounterService(net::Loop& loop, const ServiceOptions& options, Shared& shared,
                 std::unique_ptr<Store> store)
      : Site(loop, options.site, shared.figures, "shared counters"),
        loop_(loop),
        options_(options),
        shared_(shared),
        is_first_(shared.loops++ == 0),
        store_(std::move(store)) {
    add_routes();
  }

  Task<> run() override {
    net::WaitGroup tasks;
    tasks.go(store_->run());
    if (is_first_) tasks.go(start_later(loop_, *store_, std::move(shared_.start)));
    if (is_first_) tasks.go(shared_.statsd.run(loop_, *store_));
    co_await tasks.wait();
  }

  // Reads the token's file again, once for all loops.
  bool reload(bool first) override {
    std::string why;
    if (options_.token_file.empty()) return false;
    if (first && !shared_.token.load(options_.token_file, why))
      net::log::error("%s: %s (keeping the previous token)", options_.token_file.c_str(),
                      why.c_str());
    return true;
  }

 protected:
  std::optional<Response> authorize(const Request& head) override {
    if (shared_.token.admits(head)) return std::nullopt;
    return unauthorized(wants_json(head));
  }
  Response refusal(const Request& request, int status, std::string_view sentence) override {
    return counterd::refusal(status, wants_json(request), sentence);
  }
  Answer ready() override { return answer_check(*store_); }

 private:
  void add_routes();
  Answer answer_command(const Request& request);
  Answer answer_other(Call call);
  Answer answer_metrics(const Request& request);
  Answer answer_watch(ListQuery query, bool json);
  Task<Response> answer_backup(bool json);
  Answer front_page(const Request& request) const;
  Task<Response> metrics(ListQuery query, ListFormat format, bool with_counters);
  Task<Error> watch_counted(ListQuery query, Body& body);

  net::Loop& loop_;
  const ServiceOptions& options_;
  Shared& shared_;
  const bool is_first_;
  std::unique_ptr<Store> store_;
  int watchers_ = 0;
  bool backing_up_ = false;
};

void CounterService::add_routes() {
  constexpr std::size_t kBodyBytesMax = std::size_t{128} << 10;  // a hundred names, encoded
  const std::string changes =
      options_.strict_methods ? "POST, OPTIONS" : "GET, HEAD, POST, OPTIONS";
  for (const UrlHelp& url : urls()) {
    net::http::Route route;
    route.usage = url.usage;
    route.summary = url.summary;
    if (url.changes) route.methods = changes;
    if (url.changes) route.body = {.bytes_max = kBodyBytesMax, .keep = true};
    route.no_store = true;
    route.handle = [this](const Request& request) { return answer_command(request); };
    add(std::string(url.path), std::move(route));
  }
  add("/metrics", {.usage = "/metrics?prefix=P",
                   .summary = "counters and figures, for Prometheus",
                   .open = true,
                   .no_store = true,
                   .handle = [this](const Request& request) { return answer_metrics(request); }});
  add("/", {.open = true, .no_store = true, .handle = [this](const Request& request) {
              return front_page(request);
            }});
}

Answer CounterService::answer_command(const Request& request) {
  Call call;
  if (auto refused = understand(request, call)) return std::move(*refused);
  if (call.kind != Call::kCommand) return answer_other(std::move(call));
  if (call.changes() && net::http::is_cross_site(request, options_.site.browser))
    return counterd::refusal(403, call.json,
                             "a change requested by a page of another site is refused");
  if (call.changes() && request.method == "HEAD") return head_of_change(call.json);

  Reply reply = store_->apply(call.command);
  if (auto* outcome = std::get_if<Outcome>(&reply)) return answer_to(call, *outcome);
  return answer_later(std::move(call), std::get<Task<Outcome>>(std::move(reply)));
}

Answer CounterService::answer_other(Call call) {
  if (call.kind == Call::kBackup) return answer_backup(call.json);
  ListQuery query{std::move(call.prefix), std::move(call.after), call.limit};
  if (call.kind == Call::kWatch) return answer_watch(std::move(query), call.json);
  ListOptions options;
  if (call.json) options = {ListFormat::kJson, "application/json"};
  return answer_list(loop_, *store_, std::move(query), std::move(options));
}

// Allows one backup at a time, because each is a copy on the disk.
Task<Response> CounterService::answer_backup(bool json) {
  if (backing_up_) co_return busy(json, "another backup is in progress");
  backing_up_ = true;
  Backup backup = co_await store_->backup();
  backing_up_ = false;
  co_return backup_of(loop_, std::move(backup), json);
}

// --- metrics ---

// In OpenMetrics only a counter's sample has the suffix _total, not its metadata.  If a gauge
// already has the shorter name, the counter becomes a metric of unknown type.
std::string as_open_metrics(std::string_view text) {
  constexpr std::string_view kTotal = "_total", kCounter = " counter\n";
  const std::string all(text);
  std::string out;
  while (!text.empty()) {
    std::string line(text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1));
    text.remove_prefix(line.size());
    const std::size_t total = line.starts_with("# ") ? line.find(kTotal) : line.npos;
    const std::size_t name = line.rfind(' ', total) + 1;
    if (total != line.npos) {
      const std::string family = line.substr(name, total - name);
      if (all.find("# TYPE " + family + " gauge\n") == all.npos)
        line.erase(total, kTotal.size());
      else if (line.ends_with(kCounter))
        line.replace(line.size() - kCounter.size(), kCounter.size(), " unknown\n");
    }
    out.append(line);
  }
  return out;
}

// Our own metrics require no token, but the counters do.
Answer CounterService::answer_metrics(const Request& request) {
  Call call;
  if (auto refused = understand(request, call)) return std::move(*refused);
  const bool open = net::http::prefers(request, "application/openmetrics-text", "text/plain");
  return metrics({std::move(call.prefix)}, open ? ListFormat::kOpenMetrics : ListFormat::kMetrics,
                 shared_.token.admits(request));
}

Task<Response> CounterService::metrics(ListQuery query, ListFormat format, bool with_counters) {
  const bool open = format == ListFormat::kOpenMetrics;
  const Outcome store = co_await store_->check();
  const bool up = store.status == Outcome::kDone;
  std::string own = shared_.figures.text();
  net::http::append_metric(own, "counterd_store_up", "gauge", "Whether the store can make changes.",
                           up ? "1" : "0");
  if (shared_.statsd.listening()) shared_.statsd.figures().append_to(own);
  ListOptions options{format, open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                   : net::http::Figures::kContentType};
  options.before = open ? as_open_metrics(own) : std::move(own);
  Response response;
  response.content_type = options.content_type;
  response.body = options.before;
  if (with_counters) {
    Task<Response> list = answer_list(loop_, *store_, std::move(query), std::move(options));
    Response all = co_await std::move(list);
    if (all.status == 200) co_return std::move(all);
  }
  if (open) response.body += "# EOF\n";
  co_return response;
}

// --- for browsers ---

Answer CounterService::answer_watch(ListQuery query, bool json) {
  if (watchers_ == kWatchersMax) return busy(json, "too many clients are watching");
  Response response;
  response.content_type = "text/event-stream";
  response.stream = [this, query](Body& body) { return watch_counted(query, body); };
  return response;
}

Task<Error> CounterService::watch_counted(ListQuery query, Body& body) {
  ++watchers_;
  Error e = co_await watch(loop_, *store_, std::move(query), body);
  --watchers_;
  co_return e;
}

// A browser gets the live page, which loads nothing from other servers.
Answer CounterService::front_page(const Request& request) const {
  if (!net::http::prefers(request, "text/html", "text/plain")) return index(request);
  Response response;
  response.content_type = "text/html; charset=utf-8";
  response.body = kPage;
  response.add("Vary", "Accept");
  response.add("Content-Security-Policy",
               "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; "
               "script-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'");
  return response;
}

}  // namespace

std::unique_ptr<net::Service> make_service(net::Loop& loop, const ServiceOptions& options,
                                           Shared& shared, std::unique_ptr<Store> store) {
  return std::make_unique<CounterService>(loop, options, shared, std::move(store));
}

}  // namespace counterd
