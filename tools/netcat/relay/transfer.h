// transfer.h - moves bytes from one channel to another; if possible the kernel does it, without a
// copy.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "common/net/fd.h"
#include "tools/netcat/channel/channel.h"
#include "tools/netcat/relay/crlf.h"

namespace netcat {

// The result of one step.
struct Step {
  enum What { kMoved, kEnd, kInputBlocks, kOutputBlocks, kInputFailed, kOutputFailed };
  What what;
  std::size_t bytes = 0;    // kMoved
  net::Error error{};       // kInputFailed, kOutputFailed
  bool line_ended = false;  // kMoved, with lines: a whole line was written
};

// Observes the data of transfers.
class Observer {
 public:
  virtual void saw(const class Transfer& transfer, std::string_view data) = 0;

 protected:
  ~Observer() = default;
};

struct TransferOptions {
  bool crlf = false;     // LF becomes CRLF
  bool lines = false;    // at most one line per step; reading is a separate step
  bool discard = false;  // discard what is read
  Observer* on_read = nullptr;
  Observer* on_written = nullptr;

  bool touches_bytes() const { return crlf || lines || on_read || on_written; }
};

// Buffers for copying, shared by all transfers: a transfer that waits for input has none.
class Buffers {
 public:
  static constexpr std::size_t kBytes = std::size_t{128} << 10;
  std::unique_ptr<char[]> take();
  void give(std::unique_ptr<char[]> buffer);

 private:
  std::vector<std::unique_ptr<char[]>> free_;
};

class Transfer {
 public:
  // chunk: the most bytes per step.
  Transfer(Channel& from, Channel& to, Buffers& buffers, std::size_t chunk,
           const TransferOptions& options);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  ~Transfer() { release(); }

  // Moves some of the available data; never waits.  Returns kEnd only after everything that was
  // read has been written.
  Step step();
  // Discards input from now on, including what has not been written yet.
  void discard();
  bool is_pending() const { return !pending_.empty(); }

 private:
  enum Way {
    kCopy,      // read(2) and write(2)
    kSendfile,  // file to socket: sendfile(2)
    kSplice,    // pipe to socket or socket to pipe: splice(2)
    kPiped,     // socket to file: splice(2) twice, through a pipe of ours
    kDrop,      // TCP, discarded or to /dev/null: the kernel drops it
  };
  Way choose() const;
  Step copy();
  Step fill();
  Step sendfile();
  Step splice();
  Step splice_through_pipe();
  Step drop();
  Step stopped(net::Error e);
  void widen(int pipe, std::size_t moved);
  Step failed(net::Error e, bool input);
  void release();

  Channel& from_;
  Channel& to_;
  Buffers& buffers_;
  std::size_t chunk_;
  TransferOptions options_;
  Way way_;
  std::unique_ptr<char[]> buffer_;
  std::string_view pending_;  // read but not yet written
  std::unique_ptr<CrlfEncoder> crlf_;
  net::Fd pipe_in_;
  net::Fd pipe_out_;
  std::size_t piped_ = 0;  // bytes in our pipe
  bool widened_ = false;
};

}  // namespace netcat
