// transfer.h - bytes from one channel to another, without copying them where the kernel can.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "common/net/fd.h"
#include "tools/netcat/channel/channel.h"
#include "tools/netcat/relay/crlf.h"

namespace netcat {

// What one step has done.
struct Step {
  enum What { kMoved, kEnd, kInputBlocks, kOutputBlocks, kInputFailed, kOutputFailed };
  What what;
  std::size_t bytes = 0;    // kMoved
  net::Error error{};       // kInputFailed, kOutputFailed
  bool line_ended = false;  // kMoved, with lines: all of a line
};

// Observes the bytes of transfers.
class Observer {
 public:
  virtual void saw(const class Transfer& transfer, std::string_view data) = 0;

 protected:
  ~Observer() = default;
};

struct TransferOptions {
  bool crlf = false;     // LF becomes CRLF
  bool lines = false;    // at most one line per step; reading is a step of its own
  bool discard = false;  // read and discard
  Observer* on_read = nullptr;
  Observer* on_written = nullptr;

  bool touches_bytes() const { return crlf || lines || on_read || on_written; }
};

// Memory for the copies of all transfers: a transfer that waits for input has none.
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

  // Moves some of the available data, never waits.  Returns kEnd only after all that was read has
  // been written.
  Step step();
  // From now on input is discarded, including what has not been written yet.
  void discard();
  bool is_pending() const { return !pending_.empty(); }

 private:
  enum Way {
    kCopy,      // read(2) and write(2)
    kSendfile,  // file to socket: sendfile(2)
    kSplice,    // pipe to socket or socket to pipe: splice(2)
    kPiped,     // socket to file: splice(2) twice, with a pipe of ours between
    kDrop,      // TCP to nowhere or /dev/null: the kernel discards it
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
  std::string_view pending_;  // read, not yet written
  std::unique_ptr<CrlfEncoder> crlf_;
  net::Fd pipe_in_;
  net::Fd pipe_out_;
  std::size_t piped_ = 0;  // bytes in our pipe
  bool widened_ = false;
};

}  // namespace netcat
