#include "tools/netcat/relay/output_guard.h"

namespace netcat {

OutputGuard::OutputGuard(Session& session)
    : loop_(session.loop),
      out_(new net::Descriptor(net::Descriptor::standard_output(session.loop))) {
  if (!session.options.send_only) watching_.go(watch());
}

net::Task<> OutputGuard::watch() {
  net::Error e = co_await out_->hangup();
  if (e) co_return;
  gone_ = true;
  loop_.cancel_all();
}

net::Task<bool> OutputGuard::release() {
  out_->cancel();
  co_await watching_.wait();
  out_.reset();  // a socket can be watched once
  co_return gone_;
}

}  // namespace netcat
