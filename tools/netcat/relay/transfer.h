// transfer.h - bytes from one descriptor to another, without copying them where the kernel can.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "common/net/descriptor.h"
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

struct TransferOptions {
  bool crlf = false;             // LF becomes CRLF
  bool lines = false;            // no more than a line a step; reading is a step of its own
  bool discard = false;          // read, and throw away
  std::size_t chunk = SIZE_MAX;  // bytes a step
  // Whoever wants to see the bytes.
  std::function<void(std::string_view)> on_read{};
  std::function<void(std::string_view)> on_written{};

  bool touches_bytes() const { return crlf || lines || chunk != SIZE_MAX || on_read || on_written; }
};

class Transfer {
 public:
  Transfer(net::Descriptor& from, net::Descriptor& to, TransferOptions options);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Moves some of what is there, never waits.  kEnd comes only after all that was read has been
  // written.
  Step step();
  void discard();
  // The same, also for what has been read and not yet written.
  void give_up_output();
  bool is_pending() const { return !pending_.empty(); }

 private:
  enum Way {
    kCopy,      // read(2) and write(2)
    kSendfile,  // file to socket: sendfile(2)
    kSplice,    // pipe to socket or socket to pipe: splice(2)
    kPiped,     // socket to file: splice(2) twice, with a pipe of ours between
    kDrop,      // TCP to nowhere or /dev/null: the kernel throws it away
  };
  static Way choose(const net::Descriptor& from, const net::Descriptor& to,
                    const TransferOptions& options);
  Step copy();
  Step sendfile();
  Step splice();
  Step splice_through_pipe();
  Step drop();
  void widen(int pipe, std::size_t moved);
  Step failed(net::Error e, bool input);

  net::Descriptor& from_;
  net::Descriptor& to_;
  TransferOptions options_;
  Way way_;
  std::unique_ptr<char[]> buffer_;  // made when the first byte is copied
  std::string_view pending_;        // read, not yet written
  CrlfEncoder crlf_;
  net::Fd pipe_in_;
  net::Fd pipe_out_;
  std::size_t piped_ = 0;  // bytes in our pipe
  bool widened_ = false;
};

}  // namespace netcat
