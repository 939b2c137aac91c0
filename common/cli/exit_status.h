// exit_status.h - the suite's one table of exit statuses.
#pragma once

namespace net {

enum ExitStatus : int {
  kOk = 0,
  kLost = 1,  // connection lost, or data not fully delivered
  kUsage = 2,
  kNoName = 3,  // name not resolved
  kRefused = 4,
  kTimedOut = 5,     // while connecting or waiting for a client
  kUnreachable = 6,  // or any other error while connecting
  kNoListen = 7,     // cannot bind or listen
  kLocalIo = 8,      // stdout full or gone, stdin unreadable, a file not writable
  kIdle = 9,
  kTls = 10,
  kProxy = 11,    // the proxy failed, or refused the connection
  kProgram = 12,  // could not be run, or failed
};

// Not in the table: the status of a program that a signal ended is this plus the signal's number.
inline constexpr int kSignal = 128;
// The reader of standard output has left.  Nothing is logged: shells expect this of `... | head`.
inline constexpr int kBrokenPipe = kSignal + 13;
// Ends the process as if the signal had not been caught.  In process 1 of a container, which no
// signal ends by default, returns the exit status instead.
int die_of_signal(int number);
// Lets a signal end the process at once.
void let_end_process(int number);
inline int die_of_broken_pipe() { return die_of_signal(kBrokenPipe - kSignal); }

}  // namespace net
