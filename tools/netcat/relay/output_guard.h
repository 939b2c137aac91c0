// output_guard.h - notices that the reader of standard output leaves before there is a connection.
#pragma once

#include <memory>

#include "common/net/descriptor.h"
#include "tools/netcat/session.h"

namespace netcat {

// From now until release(), which has to be awaited.
class OutputGuard {
 public:
  explicit OutputGuard(Session& session);
  OutputGuard(const OutputGuard&) = delete;
  OutputGuard& operator=(const OutputGuard&) = delete;

  // True: the reader is gone, and all that the loop waited for has been cancelled.
  net::Task<bool> release();

 private:
  net::Task<> watch();

  net::Loop& loop_;
  std::unique_ptr<net::Descriptor> out_;
  net::WaitGroup watching_;
  bool gone_ = false;
};

}  // namespace netcat
