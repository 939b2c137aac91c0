#include "tools/netcat/datagram/output.h"

#include <sys/socket.h>

namespace netcat {

using net::Descriptor;
using net::Error;
using net::Result;
using net::Task;

static bool is_message_socket(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type != SOCK_STREAM;
}

DatagramOutput::DatagramOutput(net::Loop& loop)
    : out_(Descriptor::standard_output(loop)), keeps_messages_(is_message_socket(out_.fd())) {}

void DatagramOutput::add(std::string_view datagram) {
  if (!pieces_.empty() && !keeps_messages_) {  // merge adjacent data into one piece
    iovec& last = pieces_.back();
    if (static_cast<char*>(last.iov_base) + last.iov_len == datagram.data()) {
      last.iov_len += datagram.size();
      return;
    }
  }
  pieces_.push_back({const_cast<char*>(datagram.data()), datagram.size()});
}

// Removes `bytes` from the front of the pieces, starting at `first`; returns the index of the first
// piece left.
static std::size_t skip(std::vector<iovec>& pieces, std::size_t first, std::size_t bytes) {
  while (first < pieces.size() && bytes >= pieces[first].iov_len) bytes -= pieces[first++].iov_len;
  if (bytes > 0) {
    pieces[first].iov_base = static_cast<char*>(pieces[first].iov_base) + bytes;
    pieces[first].iov_len -= bytes;
  }
  return first;
}

Result<std::size_t> DatagramOutput::try_write(std::span<const iovec> pieces) {
  return out_.try_writev(keeps_messages_ ? pieces.first(1) : pieces);
}

Task<Error> DatagramOutput::write() {
  Error failed;
  std::size_t first = skip(pieces_, 0, 0);
  while (first < pieces_.size() && !failed) {
    const Result<std::size_t> n = try_write(std::span(pieces_).subspan(first));
    if (n) {
      first = skip(pieces_, first, *n);
    } else if (n.error() == Error(UV_EAGAIN)) {
      Error e = co_await out_.writable();
      failed = e;
    } else {
      failed = n.error();
    }
  }
  pieces_.clear();
  co_return failed;
}

}  // namespace netcat
