#include "redis_server.h"

#include <csignal>
#include <sstream>
#include <stdexcept>

#include "peer.h"

namespace e2e {

RedisServer::RedisServer(std::vector<std::string> options) : options_(std::move(options)) {
  constexpr int kAttempts = 5;  // another process may be given the port meanwhile
  for (int i = 0; i < kAttempts; ++i) {
    port_ = free_port();
    if (try_start()) return;
  }
  fail("redis-server does not start");
}

bool RedisServer::try_start() {
  std::vector<std::string> argv{"redis-server",
                                "--port",
                                std::to_string(port_),
                                "--bind",
                                "127.0.0.1",
                                "--dir",
                                directory_.path(""),
                                "--save",
                                "",
                                "--enable-debug-command",
                                "yes"};
  argv.insert(argv.end(), options_.begin(), options_.end());
  process_.reset();
  process_.emplace(argv);
  try {
    process_->out.take_until("Ready to accept connections");
  } catch (const std::runtime_error&) {  // it has ended: another process has the port
    return false;
  }
  return true;
}

void RedisServer::kill() {
  process_->signal(SIGKILL);
  process_->wait();
}

void RedisServer::start() {
  wait_until("redis-server's start", [this] { return try_start(); });
}

std::string RedisServer::cli(std::vector<std::string> words) const {
  words.insert(words.begin(), {"redis-cli", "-p", std::to_string(port_)});
  std::string text = run(std::move(words)).out;
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

// ---- a cluster ----

RedisNodes::RedisNodes() {
  constexpr std::size_t kNodes = 3;
  std::vector<std::string> create{"redis-cli", "--cluster", "create"};
  for (std::size_t i = 0; i < kNodes; ++i) {
    nodes_.push_back(std::make_unique<RedisServer>(
        std::vector<std::string>{"--cluster-enabled", "yes", "--cluster-node-timeout", "2000",
                                 "--cluster-port", std::to_string(free_port())}));
    create.push_back(nodes_.back()->address());
  }
  create.insert(create.end(), {"--cluster-replicas", "0", "--cluster-yes"});
  if (const Outcome made = run(create); made.status != 0) fail("no cluster: " + made.out);
  for (const auto& node : nodes_)
    wait_until("the cluster", [&] {
      return node->cli({"CLUSTER", "INFO"}).find("cluster_state:ok") != std::string::npos;
    });
}

std::size_t RedisNodes::owner(int slot) const {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    std::istringstream slots(nodes_[i]->cli({"CLUSTER", "SLOTS"}));
    // first, last, host, port, id, an empty line: as redis-cli prints what is no terminal
    for (std::string first, last, host, port, id; slots >> first >> last >> host >> port >> id;)
      if (std::stoi(first) <= slot && slot <= std::stoi(last) &&
          std::stoi(port) == nodes_[i]->port())
        return i;
  }
  fail("nobody has slot " + std::to_string(slot));
}

void RedisNodes::begin_move(int slot, std::size_t from, std::size_t to) const {
  const std::string number = std::to_string(slot);
  nodes_[to]->cli({"CLUSTER", "SETSLOT", number, "IMPORTING", id(from)});
  nodes_[from]->cli({"CLUSTER", "SETSLOT", number, "MIGRATING", id(to)});
}

void RedisNodes::move_keys(int slot, std::size_t from, std::size_t to, int count) const {
  const std::string number = std::to_string(slot);
  std::istringstream keys(
      nodes_[from]->cli({"CLUSTER", "GETKEYSINSLOT", number, std::to_string(count)}));
  for (std::string key; std::getline(keys, key);)
    nodes_[from]->cli(
        {"MIGRATE", "127.0.0.1", std::to_string(nodes_[to]->port()), key, "0", "5000"});
}

void RedisNodes::end_move(int slot, std::size_t from, std::size_t to) const {
  const std::string number = std::to_string(slot);
  for (const std::size_t i : {to, from})
    nodes_[i]->cli({"CLUSTER", "SETSLOT", number, "NODE", id(to)});
}

}  // namespace e2e
