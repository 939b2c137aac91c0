#include "tools/counterd/stores/redis/cluster.h"

#include <algorithm>

namespace counterd {

using net::Error;
using net::Task;

constexpr int kHopsMax = 8;  // servers asked for one command
constexpr Millis kRefreshPause{100};

RedisCluster::RedisCluster(net::Loop& loop, const RedisOptions& options)
    : loop_(loop), options_(options), refresh_(loop) {}

static Task<> keep(std::shared_ptr<RedisConnection> connection) { co_await connection->run(); }

Task<> RedisCluster::run() {
  seed_ = connection_to(options_.url.address);
  for (;;) {
    Error e = co_await refresh_.wait(net::kForever);
    if (e == Error(UV_EINTR)) {
      co_await refresh();
      e = co_await net::sleep(loop_, kRefreshPause);
    }
    if (e) break;
  }
  co_await running_.wait();
}

// --- whose a slot is ---

void RedisCluster::connected(RedisConnection& connection, const RedisValue& slots) {
  learn(slots, connection.address());
}

void RedisCluster::learn(const RedisValue& slots, const RedisAddress& asked) {
  auto ranges = parse_redis_slots(slots, asked);
  if (!ranges && asked != options_.url.address) return;
  if (!ranges) ranges.emplace();
  if (*ranges == ranges_) return;
  ranges_ = std::move(*ranges);
  ++version_;
  const auto needed = [this](const RedisAddress& address) {
    return address == options_.url.address ||
           std::ranges::find(ranges_, address, &RedisSlotRange::owner) != ranges_.end();
  };
  std::erase_if(connections_, [&](const auto& entry) {
    const bool gone = !needed(entry.first) && !entry.second->up();
    if (gone) entry.second->close();
    return gone;
  });
}

// From any server that is up.
Task<> RedisCluster::refresh() {
  const std::vector<std::string_view> words{"CLUSTER", "SLOTS"};
  for (const auto& [address, connection] : std::map(connections_)) {
    if (!connection->up()) continue;
    RedisCall call(connection->session(), words);
    const RedisAnswer answer = co_await call;
    if (answer.value.type != RedisValue::kList) continue;
    learn(answer.value, address);
    co_return;
  }
}

RedisCluster::Connection RedisCluster::owner_of(std::string_view key) {
  if (ranges_.empty()) return seed_;
  const std::uint16_t slot = redis_slot(key);
  auto range = std::ranges::upper_bound(ranges_, slot, {}, &RedisSlotRange::first);
  if (range == ranges_.begin() || (--range)->last < slot) return seed_;  // it says what it thinks
  return connection_to(range->owner);
}

// Nothing where the end has come.
RedisCluster::Connection RedisCluster::connection_to(const RedisAddress& address) {
  if (const auto found = connections_.find(address); found != connections_.end())
    return found->second;
  if (loop_.canceled()) return nullptr;
  RedisConnectionOwner& owner = *this;
  const auto connection = std::make_shared<RedisConnection>(loop_, owner, options_, address);
  connections_[address] = connection;
  running_.go(keep(connection));
  return connection;
}

Task<std::vector<RedisAddress>> RedisCluster::servers() {
  std::vector<RedisAddress> servers;
  if (!seed_) co_return servers;
  co_await seed_->tried();
  for (const RedisSlotRange& range : ranges_)
    if (std::ranges::find(servers, range.owner) == servers.end()) servers.push_back(range.owner);
  if (servers.empty()) servers.push_back(seed_->address());
  co_return servers;
}

// --- commands ---

static RedisAnswer away(const RedisConnection& server) {
  RedisAnswer answer;
  answer.why = server.named(server.why());
  return answer;
}

static std::vector<std::string_view> words_of(const RedisCluster::Request& request,
                                              const RedisConnection& server, bool whole) {
  std::vector<std::string_view> words{request.name, request.key};
  if (request.script) {
    const std::string_view text = redis_scripts()[static_cast<std::size_t>(*request.script)];
    words = {whole ? "EVAL" : "EVALSHA", whole ? text : server.digest(*request.script), "1",
             request.key};
  }
  words.insert(words.end(), request.words.begin(), request.words.end());
  return words;
}

// Sent again only where Redis says that it has not been done.
Task<RedisAnswer> RedisCluster::execute(Request request) {
  RedisAnswer answer;
  answer.why = "redis: not connected";
  Connection server = owner_of(request.key);
  bool asking = false;
  bool whole = false;  // the script's text, not its digest
  for (int hop = 0; hop < kHopsMax && server; ++hop) {
    co_await server->tried();
    if (!server->up()) co_return away(*server);
    const auto words = words_of(request, *server, whole);
    RedisCall call(server->session(), words, asking);
    answer = co_await call;
    if (answer.fate == RedisAnswer::kAnswered && answer.value.type != RedisValue::kList &&
        answer.value.type != RedisValue::kError) {  // another command's: no order is left
      answer = {RedisAnswer::kUnknown, {}, "an answer that makes no sense"};
      server->session().close(answer.why);
    }
    if (answer.fate != RedisAnswer::kAnswered) answer.why = server->named(answer.why);
    if (answer.value.type != RedisValue::kError) break;
    whole = answer.value.failed("NOSCRIPT");
    const auto redirection = RedisRedirection::parse(answer.value.text, server->address());
    if (answer.value.failed("CLUSTERDOWN") || (redirection && !redirection->ask)) refresh_.wake();
    if (!whole && !redirection) break;
    if (redirection) server = connection_to(redirection->to);
    if (redirection) asking = redirection->ask;
  }
  co_return answer;
}

Task<RedisAnswer> RedisCluster::execute_at(RedisAddress address, std::vector<std::string> words) {
  const Connection server = connection_to(address);
  if (!server) co_return RedisAnswer();
  co_await server->tried();
  if (!server->up()) co_return away(*server);
  const std::vector<std::string_view> views(words.begin(), words.end());
  RedisCall call(server->session(), views);
  RedisAnswer answer = co_await call;
  if (answer.fate != RedisAnswer::kAnswered) answer.why = server->named(answer.why);
  co_return answer;
}

}  // namespace counterd
