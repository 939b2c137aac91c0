// socks.h - SOCKS4, SOCKS4a and SOCKS5 (RFC 1928) with user and password (RFC 1929).
#pragma once

#include "tools/netcat/proxy/dialogue.h"

namespace netcat {

class Socks4 final : public Dialogue {
 public:
  Socks4(const Proxy& proxy, const Destination& destination);

 private:
  void on_byte(char byte) override;
  std::string answer_;
};

class Socks5 final : public Dialogue {
 public:
  Socks5(const Proxy& proxy, Destination destination);

 private:
  enum class Stage { kMethod, kLogin, kReply };

  void on_byte(char byte) override;
  void on_method();
  void on_login();
  void on_reply();
  void log_in();
  void request();
  unsigned at(std::size_t i) const { return static_cast<unsigned char>(answer_[i]); }

  Proxy proxy_;
  Destination destination_;
  Stage stage_ = Stage::kMethod;
  std::string answer_;
};

}  // namespace netcat
