// counterd - shared counters over HTTP that lose no increment.
//
// Protocol: a URL is a command (/inc?name=x), its answer a line of text or JSON; /list and /metrics
// show all of them.  A store decides where the counters are kept and what an answer promises.
// After Eli Bendersky's counter server of "On concurrency in Go HTTP servers".

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "common/cli/cli.h"
#include "common/cli/exit_status.h"
#include "common/cli/log.h"
#include "common/cli/read_file.h"
#include "tools/counterd/import.h"
#include "tools/counterd/prepare.h"
#include "tools/counterd/service.h"
#include "tools/counterd/stores/redis/url.h"

namespace {

using counterd::Entry;
using net::Millis;

struct Options {
  counterd::ServiceOptions service;
  counterd::StoreOptions store;
  counterd::Preparation preparation;
  std::string import_file;
  std::string redis_password_file;
  std::string statsd;
};

// --- before it serves ---

bool read_import(Options& options, std::string& why) {
  // About ten million counters; less on 32-bit systems, whose address space is small.
  constexpr std::size_t kBytesMax = std::size_t{1} << (sizeof(std::size_t) == 4 ? 28 : 30);
  net::Result<std::string> text = net::read_text(options.import_file, kBytesMax);
  if (!text) return why = text.error().message(), false;
  options.preparation.imported = std::move(*text);
  counterd::ListReader reader(options.preparation.imported);
  while (reader.next()) {  // check everything first: all is imported, or nothing
  }
  why = reader.why();
  return why.empty();
}

bool read_password(Options& options, std::string& why) {
  const auto line = counterd::first_line_of(options.redis_password_file, why);
  if (line) options.store.redis_password = *line;
  if (line && line->empty()) why = "its first line has no password";
  return line && !line->empty();
}

bool read_files(Options& options, counterd::Token& token) {
  std::string why;
  const auto fail = [&why](const std::string& file) {
    net::log::error("%s: %s", net::name_of_file(file).c_str(), why.c_str());
    return false;
  };
  std::string& token_file = options.service.token_file;
  if (!token_file.empty()) {
    if (!token.load(token_file, why)) return fail(token_file);
    if (net::is_readable_again(token_file))
      options.service.site.server.sandbox.reads = {token_file};
    else
      token_file.clear();  // SIGHUP then reads nothing
  }
  if (!options.redis_password_file.empty() && !read_password(options, why))
    return fail(options.redis_password_file);
  if (!options.import_file.empty() && !read_import(options, why)) return fail(options.import_file);
  return true;
}

// --- options ---

std::string take_store(std::string_view text, std::string& place) {
  place = text;
  counterd::RedisUrl url;
  std::string why;
  if (counterd::RedisUrl::has_scheme(text))
    return counterd::RedisUrl::parse(text, url, why) ? "" : why;
  if (text.starts_with("rediss:")) return "Redis over TLS (rediss:) is not supported";
  const std::string_view first = text.substr(0, text.find('/'));  // of a path, or the whole text
  const std::size_t scheme = first.find(':') + 1;  // what follows may contain a password
  const bool is_path = scheme == 0 && (text.ends_with(".db") || first.size() < text.size());
  if (text == "memory" || is_path) return "";
  return "'" + place.substr(0, scheme > 0 ? scheme : place.npos) +
         "' is not a store (use memory, FILE.db or redis://HOST:PORT)";
}

// Resolves symbolic links, because SQLite does, and keeps its log beside the target.
void follow_links(std::string& place) {
  constexpr int kLinksMax = 40;
  std::error_code e;
  for (int i = 0; i < kLinksMax && std::filesystem::is_symlink(place, e); ++i) {
    const auto target = std::filesystem::read_symlink(place, e);
    place = std::filesystem::path(place).parent_path() / target;
  }
}

std::string take_start(std::string_view text, std::vector<Entry>& start) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string_view::npos) return "'" + std::string(text) + "' is not NAME=VALUE";
  Entry entry{.name = std::string(text.substr(0, equals)), .counter = {}};
  if (const char* wrong = counterd::wrong_with_name(entry.name)) return wrong;
  const auto value = counterd::parse_value(text.substr(equals + 1));
  if (!value) return "'" + std::string(text) + "': the value is not a 64-bit integer";
  entry.counter.value = *value;
  start.push_back(std::move(entry));
  return "";
}

// Accepts a time of up to ten years.
net::Setter window(Millis& out) {
  return [&out](std::string_view text) -> std::string {
    const auto time = counterd::parse_ttl(text);
    if (!time)
      return "'" + std::string(text) + "' is not a time of up to ten years (try 30s, 10m or 1d)";
    out = *time;
    return "";
  };
}

// Refuses a file that would be read for nothing, or find standard input at its end.
void check_files(const Options& o, bool is_redis) {
  const std::array files{o.service.token_file, o.redis_password_file, o.import_file};
  if (std::ranges::count(files, "-") > 1)
    net::Cli::fail("--token-file, --redis-password-file and --import cannot share standard input");
  if (!is_redis && !o.redis_password_file.empty())
    net::Cli::fail("--redis-password-file requires a store in Redis (see --store)");
}

Options parse_options(int argc, char** argv) {
  Options o;
  o.service.site.server.default_address = "localhost:8000";
  o.store = {.place = "memory", .limits = {.max_counters = 1'000'000}};
  net::Cli cli("counterd", "[options] [ADDRESS...]",
               "Shared counters over HTTP that lose no increment.");
  cli.option("store", "PLACE", "memory, FILE.db or redis://HOST:PORT[/DB] (memory)",
             [&o](std::string_view text) { return take_store(text, o.store.place); });
  cli.option("max-counters", "N", "maximum number of counters (1000000)",
             net::number(o.store.limits.max_counters, 1, UINT64_MAX));
  cli.option("op-window", "T", "remember tokens of op= for T (10m)",
             window(o.store.limits.op_window));
  cli.option("redis-password-file", "FILE", "read the Redis password from the first line of FILE",
             net::text(o.redis_password_file));
  cli.option("start", "NAME=VALUE", "create this counter if it does not exist; may be repeated",
             [&o](std::string_view text) { return take_start(text, o.preparation.start); });
  cli.option("import", "FILE", "set the counters of a JSON list before serving; -: standard input",
             net::text(o.import_file));
  cli.flag("export", "print all counters as a JSON list and exit", o.preparation.exports);
  cli.option("statsd", "ADDRESS", "also count StatsD increments sent to this UDP address",
             net::text(o.statsd));
  cli.flag("strict-methods", "require POST for changes", o.service.strict_methods);
  cli.option("token-file", "FILE", "require the bearer token in the first line of FILE",
             net::text(o.service.token_file));
  net::http::add_site_options(cli, o.service.site);
  net::add_addresses(o.service.site.server, cli.parse(argc, argv));
  if (const char* password = std::getenv("COUNTERD_REDIS_PASSWORD"))
    o.store.redis_password = password;
  const bool is_redis = counterd::RedisUrl::has_scheme(o.store.place);
  check_files(o, is_redis);
  o.preparation.waits = is_redis;
  net::Sandbox& sandbox = o.service.site.server.sandbox;
  sandbox.dials = is_redis;
  if (!is_redis && o.store.place != "memory") {
    follow_links(o.store.place);
    sandbox.writes = {o.store.place};
  }
  return o;
}

// Opening a large store takes seconds, in which these signals would end the process.
// net::serve() unblocks them.
void hold_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGUSR1);
  (void)sigprocmask(SIG_BLOCK, &set, nullptr);
}

counterd::Opened open_store(const counterd::StoreOptions& options) {
  if (options.place == "memory") return counterd::open_memory_store(options);
  if (counterd::RedisUrl::has_scheme(options.place)) return counterd::open_redis_store(options);
  return counterd::open_sqlite_store(options);
}

}  // namespace

int main(int argc, char** argv) {
  net::hold_standard_descriptors();
  (void)std::signal(SIGXFSZ, SIG_IGN);  // the file size limit then acts like a full disk
  Options options = parse_options(argc, argv);
  if (!options.preparation.exports) hold_signals();
  counterd::Token token;
  if (!read_files(options, token)) return net::kLocalIo;
  options.store.creates = !options.preparation.exports || options.preparation.changes();
  const counterd::Opened store = open_store(options.store);
  if (!store.why.empty()) {
    net::log::error("%s", store.why.c_str());
    return net::kLocalIo;
  }
  if (options.preparation.exports) {
    const int status = counterd::prepare(options.preparation, store);
    return status == net::kBrokenPipe ? net::die_of_broken_pipe() : status;
  }
  counterd::Statsd statsd;
  if (!options.statsd.empty())
    if (const int status = statsd.listen(options.statsd); status != net::kOk) return status;
  // Changes nothing in the store before all addresses are bound.
  options.service.site.server.prepare = [&] {
    return counterd::prepare(options.preparation, store);
  };
  net::http::Figures figures("counterd");
  counterd::Shared shared{token, statsd, figures, options.preparation.start};
  return net::serve(options.service.site.server, [&](net::Loop& loop) {
    return counterd::make_service(loop, options.service, shared, store.make(loop));
  });
}
