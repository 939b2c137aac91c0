#include "tools/counterd/stores/redis/cluster.h"

#include <algorithm>

namespace counterd {

using net::Error;
using net::Task;

constexpr int kHopsMax = 8;  // the most servers asked for one command
constexpr Millis kRefreshPause{100};

RedisCluster::RedisCluster(net::Loop& loop, const RedisOptions& options)
    : loop_(loop), options_(options), refresh_(loop) {}

static Task<> keep(std::shared_ptr<RedisConnection> connection) { co_await connection->run(); }

Task<> RedisCluster::run() {
  seed_ = connect(options_.url.seeds);
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

// --- the owners of slots ---

void RedisCluster::connected(RedisConnection& connection, const RedisValue& slots) {
  learn(slots, connection.address());
}

void RedisCluster::learn(const RedisValue& slots, const RedisAddress& asked) {
  const bool from_seed = seed_ == nullptr || asked == seed_->address();
  auto ranges = parse_redis_slots(slots, asked);
  if (!ranges && !from_seed) return;
  if (!ranges) ranges.emplace();
  if (*ranges == ranges_) return;
  ranges_ = std::move(*ranges);
  ++version_;
  const auto needed = [this](const RedisAddress& address) {
    return address == options_.url.seeds.front() ||
           std::ranges::find(ranges_, address, &RedisSlotRange::owner) != ranges_.end();
  };
  std::erase_if(connections_, [&](const auto& entry) {
    const bool gone = !needed(entry.first) && !entry.second->up();
    if (gone) entry.second->close();
    return gone;
  });
}

// Asks any server that is up for the slots.
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
  if (range == ranges_.begin() || (--range)->last < slot) return seed_;  // it will redirect us
  return connection_to(range->owner);
}

// Returns nothing if counterd is stopping.
RedisCluster::Connection RedisCluster::connection_to(const RedisAddress& address) {
  if (seed_ != nullptr && seed_->address() == address) return seed_;
  if (const auto found = connections_.find(address); found != connections_.end())
    return found->second;
  return connect({address});
}

RedisCluster::Connection RedisCluster::connect(const std::vector<RedisAddress>& addresses) {
  if (loop_.canceled()) return nullptr;
  RedisConnectionOwner& owner = *this;
  const auto connection = std::make_shared<RedisConnection>(loop_, owner, options_, addresses);
  connections_[addresses.front()] = connection;
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

Task<std::string> RedisCluster::trouble() {
  const Connection server = seed_;
  if (server == nullptr) co_return std::string("redis: not connected");
  co_await server->tried();
  co_return server->up() ? std::string() : server->named(server->why());
}

// --- commands ---

static RedisAnswer away(const RedisConnection& server) {
  RedisAnswer answer;
  answer.why = server.named(server.why());
  answer.hopeless = server.hopeless();
  return answer;
}

static std::vector<std::string_view> words_of(const RedisCluster::Request& request,
                                              const RedisConnection& server, bool whole,
                                              const std::string& count) {
  std::vector<std::string_view> words{request.name};
  if (request.name.empty())
    words = {whole ? "EVAL" : "EVALSHA", whole ? std::string_view(redis_script()) : server.digest(),
             count};
  words.insert(words.end(), request.keys.begin(), request.keys.end());
  words.insert(words.end(), request.words.begin(), request.words.end());
  return words;
}

// Whether the error is from a replica: in the script's words or Redis' own.
static bool is_by_replica(const RedisValue& value) {
  if (value.failed("READONLY") || value.failed("MASTERDOWN")) return true;
  if (value.list.empty() || value.list[0].list.size() != 2) return false;
  const std::string& sentence = value.list[0].list[1].text;
  return value.list[0].list[0].text == "refused" && sentence.find("READONLY") != sentence.npos;
}

// Sends a command again only if Redis reports that it was not executed.
Task<RedisAnswer> RedisCluster::execute(Request request) {
  RedisAnswer answer;
  answer.why = "redis: not connected";
  Connection server = owner_of(request.keys.front());
  const std::string count = std::to_string(request.keys.size());
  bool asking = false;
  bool whole = false;  // send the script's text, not its digest
  for (int hop = 0; hop < kHopsMax && server; ++hop) {
    co_await server->tried();
    if (!server->up()) co_return away(*server);
    const auto words = words_of(request, *server, whole, count);
    RedisCall call(server->session(), words, asking);
    answer = co_await call;
    if (answer.fate == RedisAnswer::kAnswered && answer.value.type != RedisValue::kList &&
        answer.value.type != RedisValue::kError) {  // out of order
      answer = {RedisAnswer::kUnknown, {}, "an answer that is not understood"};
      server->session().close(answer.why);
    }
    if (answer.fate != RedisAnswer::kAnswered) answer.why = server->named(answer.why);
    if (is_by_replica(answer.value)) server->session().close("READONLY it is a replica");
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
