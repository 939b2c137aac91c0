#include "common/net/lookup.h"

#include <netdb.h>
#include <pthread.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

namespace net {

namespace {

// A call of the system's resolver, which cannot be interrupted.  Each runs in its own thread:
// libuv's pool aborts the process if it cannot create one, and a few slow look-ups would fill it.
class Question {
 public:
  explicit Question(Loop& loop) : loop_(&loop) {}
  virtual ~Question() = default;

  // Asks in a thread and waits; UV_ETIMEDOUT, or UV_EAI_AGAIN if too many others are in progress.
  // If no thread can be created, it asks on the loop's thread.
  static Task<Error> ask(Loop& loop, std::shared_ptr<Question> question, Deadline deadline);

 private:
  virtual void run() = 0;  // in any thread; only the waiting one reads the answer
  static bool start(const std::shared_ptr<Question>& question);
  void tell(const std::shared_ptr<Question>& self);

  std::mutex mutex_;
  Loop* loop_;             // guarded by mutex_; nullptr: the task no longer waits
  Timer* done_ = nullptr;  // used by the loop's thread only
};

// The limit on resolver threads.  It includes those that no task waits for any more, because a dead
// name server keeps each of them busy for minutes.
constexpr int kThreadsMax = 16;
std::atomic<int> look_ups{0};

void Question::tell(const std::shared_ptr<Question>& self) {
  const std::lock_guard lock(mutex_);
  if (loop_ == nullptr) return;
  loop_->post([self] {
    if (self->done_ != nullptr) self->done_->wake();
  });
}

// The thread is detached: it shares ownership of the question, and uses the loop only while a task
// waits for the answer.
bool Question::start(const std::shared_ptr<Question>& question) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // inherited by the new thread
  bool started = true;
  try {
    std::thread([question] {
      question->run();
      question->tell(question);
      --look_ups;
    }).detach();
  } catch (const std::system_error&) {
    started = false;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

Task<Error> Question::ask(Loop& loop, std::shared_ptr<Question> question, Deadline deadline) {
  if (++look_ups > kThreadsMax) {
    --look_ups;
    co_return UV_EAI_AGAIN;
  }
  Timer done(loop);
  question->done_ = &done;
  if (!start(question)) {
    --look_ups;
    question->run();
    co_return Error();
  }
  loop.hold();
  Error e = co_await done.wait(deadline.left());
  loop.release();
  question->done_ = nullptr;
  const std::lock_guard lock(question->mutex_);
  question->loop_ = nullptr;
  if (e == Error(UV_EINTR)) co_return Error();
  co_return e ? e : Error(UV_ETIMEDOUT);
}

struct AddressesOf final : Question {
  AddressesOf(Loop& loop, std::string name, std::uint16_t with_port, int of_family)
      : Question(loop), host(std::move(name)), port(with_port), family(of_family) {}
  void run() override { answer = resolve(host, port, family); }
  const std::string host;
  const std::uint16_t port;
  const int family;
  Result<std::vector<SockAddr>> answer = Error(UV_EAI_AGAIN);
};

struct NameOf final : Question {
  NameOf(Loop& loop, const SockAddr& of) : Question(loop), address(of) {}
  void run() override {
    char name[NI_MAXHOST];
    const int failed =
        getnameinfo(address.get(), address.size(), name, sizeof name, nullptr, 0, NI_NAMEREQD);
    if (failed == 0) answer = name;
  }
  const SockAddr address;
  std::string answer;
};

}  // namespace

Task<Result<std::vector<SockAddr>>> lookup(Loop& loop, std::string host, std::uint16_t port,
                                           int family, bool numeric, Deadline deadline) {
  if (numeric || host.empty()) co_return passive_addresses(host, port, family, numeric);
  std::vector<SockAddr> addresses = known_addresses(host, port, family, false);
  if (!addresses.empty()) co_return addresses;
  Error e = not_a_name(host, false);
  if (e) co_return e;
  auto question = std::make_shared<AddressesOf>(loop, host, port, family);
  e = co_await Question::ask(loop, question, deadline);
  if (e) co_return e;
  co_return std::move(question->answer);
}

Task<std::string> reverse_lookup(Loop& loop, SockAddr address, Millis limit) {
  auto question = std::make_shared<NameOf>(loop, address);
  const Deadline deadline(limit);
  Error e = co_await Question::ask(loop, question, deadline);
  if (e) co_return "";
  co_return std::move(question->answer);
}

}  // namespace net
