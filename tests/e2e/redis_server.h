// redis_server.h - a redis-server of the test's own, and a Redis Cluster of three.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "process.h"

namespace e2e {

// On a free port of 127.0.0.1, its files in a directory that goes when it does.
class RedisServer {
 public:
  explicit RedisServer(std::vector<std::string> options = {});

  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url() const { return "redis://" + address(); }
  void signal(int number) const { process_->signal(number); }
  void kill();   // by SIGKILL
  void start();  // again: the same port, the same files
  // What redis-cli prints, without the last newline.
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
  // The server that has the slot.
  std::size_t owner(int slot) const;
  // The slot's keys in the middle of a move, one moved and the others not; end_move() ends it.
  void begin_move(int slot, std::size_t from, std::size_t to) const;
  void move_keys(int slot, std::size_t from, std::size_t to, int count) const;
  void end_move(int slot, std::size_t from, std::size_t to) const;

 private:
  std::string id(std::size_t i) const { return nodes_[i]->cli({"CLUSTER", "MYID"}); }
  std::vector<std::unique_ptr<RedisServer>> nodes_;
};

}  // namespace e2e
