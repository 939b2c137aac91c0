// output.h - writes received datagrams to standard output.
#pragma once

#include <sys/uio.h>

#include <vector>

#include "common/net/descriptor.h"

namespace netcat {

class DatagramOutput {
 public:
  explicit DatagramOutput(net::Loop& loop);

  void add(std::string_view datagram);  // must stay valid until write() is done
  bool empty() const { return pieces_.empty(); }
  // Writes everything that was added: with one call, or one per datagram if the output preserves
  // message boundaries.
  net::Task<net::Error> write();
  auto hangup() { return out_.hangup(); }
  void cancel() { out_.cancel(); }

 private:
  net::Result<std::size_t> try_write(std::span<const iovec> pieces);

  net::Descriptor out_;
  bool keeps_messages_;
  std::vector<iovec> pieces_;
};

}  // namespace netcat
