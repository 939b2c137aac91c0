// redis_server.h - a redis-server for one test, and a Redis Cluster of three.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "process.h"

namespace e2e {

// A redis-server on a free port of 127.0.0.1; its files are removed with it.
class RedisServer {
 public:
  explicit RedisServer(std::vector<std::string> options = {});

  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url() const { return "redis://" + address(); }
  void signal(int number) const { process_->signal(number); }
  void kill();   // with SIGKILL
  void start();  // starts it again with the same port and files
  // Returns what redis-cli prints, without the last newline.
  std::string cli(std::vector<std::string> words) const;

 private:
  bool try_start();

  TempDir directory_;
  std::vector<std::string> options_;
  int port_ = 0;
  std::optional<Process> process_;
};

// Three servers that share the slots.
class RedisNodes {
 public:
  RedisNodes();

  RedisServer& operator[](std::size_t i) { return *nodes_.at(i); }
  const RedisServer& operator[](std::size_t i) const { return *nodes_.at(i); }
  std::size_t size() const { return nodes_.size(); }
  std::string url() const { return nodes_.front()->url(); }
  // Returns the index of the server that has the slot.
  std::size_t owner(int slot) const;
  // Begins to move the slot: one of its keys is moved and the others are not; end_move() completes
  // it.
  void begin_move(int slot, std::size_t from, std::size_t to) const;
  void move_keys(int slot, std::size_t from, std::size_t to, int count) const;
  void end_move(int slot, std::size_t from, std::size_t to) const;

 private:
  std::string id(std::size_t i) const { return nodes_[i]->cli({"CLUSTER", "MYID"}); }
  std::vector<std::unique_ptr<RedisServer>> nodes_;
};

}  // namespace e2e
