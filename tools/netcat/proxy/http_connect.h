// http_connect.h - HTTP CONNECT (RFC 9110, 9.3.6) with Basic authentication (RFC 7617).
#pragma once

#include "tools/netcat/proxy/dialogue.h"

namespace netcat {

class HttpConnect final : public Dialogue {
 public:
  static constexpr std::size_t kAnswerBytesMax = std::size_t{16} << 10;
  static constexpr std::size_t kFieldsMax = 100;

  HttpConnect(const Proxy& proxy, const Destination& destination);

 private:
  void on_byte(char byte) override;
  void on_end() override;
  void on_line(std::string_view line);
  void on_status_line(std::string_view line);
  void on_field(std::string_view line);
  void on_head();
  void fail_login();

  bool has_user_;
  std::string line_;
  std::size_t bytes_ = 0;
  std::size_t fields_ = 0;
  int status_ = 0;       // 0: the status line has not arrived yet
  std::string schemes_;  // authentication schemes offered by a 407
};

}  // namespace netcat
