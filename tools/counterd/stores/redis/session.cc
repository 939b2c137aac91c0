#include "tools/counterd/stores/redis/session.h"

#include <hiredis/async.h>

#include <algorithm>
#include <array>
#include <mutex>

namespace counterd {

using net::Error;
using net::Task;

constexpr std::size_t kWordsMax = 128;  // the most words of a command
constexpr int kElementsMax = 200'000;   // of a reply: hiredis allocates all at once
constexpr std::size_t kReplyBytesMax = std::size_t{16} << 20;
constexpr std::size_t kUnderWayMax = 1 << 16;  // commands: about 16 MB

constexpr const char* kTooLarge = "the answer is too large";

static RedisValue value_of(const redisReply& reply) {
  RedisValue value;
  switch (reply.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
      value.type = reply.type == REDIS_REPLY_ERROR ? RedisValue::kError : RedisValue::kText;
      value.text.assign(reply.str, reply.len);
      break;
    case REDIS_REPLY_INTEGER:
      value.type = RedisValue::kNumber;
      value.number = reply.integer;
      break;
    case REDIS_REPLY_ARRAY:
      value.type = RedisValue::kList;
      value.list.reserve(reply.elements);
      for (std::size_t i = 0; i < reply.elements; ++i)
        value.list.push_back(value_of(*reply.element[i]));
      break;
    default:
      break;
  }
  return value;
}

// The reason in the words of our other messages, such as "connection refused".
static std::string why_of(int error, const char* sentence) {
  if (error == REDIS_ERR_EOF) return "the connection was closed";
  if (error == REDIS_ERR_OOM) return "an unexpected answer";  // see unasked()
  std::string why = sentence;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (error == REDIS_ERR_IO && !why.empty()) why[0] = lower(why[0]);
  return why;
}

struct RedisSession::Hooks {
  static RedisSession& of(void* data) { return *static_cast<RedisSession*>(data); }

  static void attach(RedisSession& session) {
    auto& hooks = session.context_->ev;
    hooks.data = session.context_->data = &session;
    hooks.addRead = add_read;
    hooks.addWrite = add_write;
    hooks.delWrite = [](void* data) { of(data).writing_ = false; };
    hooks.cleanup = clean_up;
    redisAsyncSetConnectCallback(session.context_, connected);
    guard(*session.context_->c.reader);
    session.context_->c.reader->privdata = &session;
  }

  // A reply without a command would make hiredis abort, or go to a command that has not been sent
  // yet.  So no object is made for such a reply, which ends the connection.  Errors are exempt,
  // because Redis sends some without a command (too many clients).
  static bool unasked(const redisReadTask* task) {
    const RedisSession& session = of(task->privdata);
    if (task->parent != nullptr || task->type == REDIS_REPLY_ERROR) return false;
    const redisCallback* next = session.context_->replies.head;
    if (next == nullptr) return true;
    const auto* call = static_cast<const RedisCall*>(next->privdata);
    return call != nullptr && call->end_ > session.written();
  }

  // A reply may announce a billion elements that do not follow, so no memory is allocated for them.
  // The number is an int in hiredis 0.14, a size_t later.
  template <typename Number>
  static void* create_array(const redisReadTask* task, Number elements) {
    RedisSession& session = of(task->privdata);
    if (task->parent == nullptr) session.elements_ = 0;
    const bool fits = elements >= Number{0} && elements <= Number{kElementsMax};
    session.elements_ += fits ? static_cast<std::size_t>(elements) : kElementsMax + 1;
    if (unasked(task)) return nullptr;
    session.too_large_ = session.elements_ > kElementsMax;
    return session.too_large_ ? nullptr : original.createArray(task, elements);
  }

  static inline redisReplyObjectFunctions original, guarded;  // shared by all connections
  template <auto kCreate>
  struct Guard;
  template <typename... Rest,
            void* (*redisReplyObjectFunctions::*kCreate)(const redisReadTask*, Rest...)>
  struct Guard<kCreate> {
    static void* create(const redisReadTask* task, Rest... rest) {
      return unasked(task) ? nullptr : (original.*kCreate)(task, rest...);
    }
  };
  static void guard(redisReader& reader) {
    using Functions = redisReplyObjectFunctions;
    static std::once_flag once;
    std::call_once(once, [&reader] {
      original = guarded = *reader.fn;
      guarded.createString = Guard<&Functions::createString>::create;
      guarded.createArray = create_array;
      guarded.createInteger = Guard<&Functions::createInteger>::create;
      guarded.createNil = Guard<&Functions::createNil>::create;
    });
    reader.fn = &guarded;
  }

  static void add_read(void* data) {
    RedisSession& session = of(data);
    if (!std::exchange(session.reading_, true)) session.tasks_.go(session.read_all());
  }

  static void add_write(void* data) {
    RedisSession& session = of(data);
    if (!std::exchange(session.writing_, true)) session.write_.wake();
  }

  static void connected(const redisAsyncContext* context, int) {
    of(context->data).connected_.wake();
  }

  static void reply(redisAsyncContext* context, void* reply, void* data) {
    RedisSession& session = of(context->data);
    RedisCall& call = *static_cast<RedisCall*>(data);
    session.sent_.pop_front();
    if (reply == nullptr) return session.end(call);
    call.answer_.fate = RedisAnswer::kAnswered;
    call.answer_.value = value_of(*static_cast<redisReply*>(reply));
    call.waiter_.resume();
  }

  // After this, hiredis closes the descriptor and frees the context.  From 1.1 on it calls this
  // before it ends the commands in progress, earlier versions call it afterwards.
  static void clean_up(void* data) {
    RedisSession& session = of(data);
    session.learn_why();
    session.unwritten_ = session.unwritten();
    session.watch_->cancel();
    session.context_ = nullptr;
    for (net::Timer* timer : {&session.connected_, &session.write_, &session.time_}) timer->wake();
  }
};

RedisSession::~RedisSession() { CHECK(context_ == nullptr); }

Task<> RedisSession::connect(net::SockAddr address, Millis timeout) {
  context_ = address.family() == AF_UNIX
                 ? redisAsyncConnectUnix(address.host().c_str())
                 : redisAsyncConnect(address.host().c_str(), address.port());
  CHECK(context_ != nullptr);
  if (context_->err != 0) {
    why_ = why_of(context_->err, context_->errstr);
    redisAsyncFree(std::exchange(context_, nullptr));
    co_return;
  }
  if (address.family() != AF_UNIX)
    (void)redisEnableKeepAlive(&context_->c);  // without it, the first command notices a loss
  watch_.emplace(loop_, context_->c.fd);
  Hooks::attach(*this);
  tasks_.go(write_all());
  tasks_.go(keep_time());
  Error e = co_await connected_.wait(timeout);
  if (!e) close("connection timed out");
}

void RedisSession::close(std::string why) {
  if (!open()) return;
  closing_ = true;
  why_ = std::move(why);
  redisAsyncFree(context_);  // if called in a hook, it takes effect afterwards
}

void RedisSession::learn_why() {
  if (std::exchange(closing_, true)) return;
  why_ = too_large_ ? kTooLarge : why_of(context_->err, context_->errstr);
}

// --- the work of an event library ---

Task<> RedisSession::read_all() {
  for (;;) {
    Error e = co_await watch_->readable();  // or a hang-up: then the read has the reason
    if (e && e != Error(UV_ECANCELED)) close(e.message());
    if (e || context_ == nullptr) co_return;
    redisAsyncHandleRead(context_);
    if (context_ != nullptr && context_->c.reader->len > kReplyBytesMax) close(kTooLarge);
  }
}

Task<> RedisSession::write_all() {
  Error e = co_await watch_->writable();  // the connection is established or refused
  while (context_ != nullptr && (!e || e == Error(UV_EINTR))) {
    redisAsyncHandleWrite(context_);
    if (context_ == nullptr) co_return;
    if (writing_)
      e = co_await watch_->writable();
    else
      e = co_await write_.wait(net::kForever);
  }
}

Task<> RedisSession::keep_time() {
  while (open()) {
    silent_ = sent_.empty();
    Millis left = net::kForever;
    if (!silent_) {
      const auto due = sent_.front() + patience_;
      left = std::max(Millis(0), std::chrono::ceil<Millis>(due - Clock::now()));
    }
    if (left == Millis(0)) {
      // This process may have been slow, so answers that have already arrived count.
      const auto oldest = sent_.front();
      redisAsyncHandleRead(context_);
      if (!open() || sent_.empty() || sent_.front() != oldest) continue;
      close("no answer for " + std::to_string(patience_.count()) + " ms");
      co_return;
    }
    Error e = co_await time_.wait(left);
    if (e == Error(UV_ECANCELED)) close("counterd is stopping");
  }
}

// --- commands ---

bool RedisSession::send(RedisCall& call) {
  constexpr std::string_view kAsking[] = {"ASKING"};
  call.answer_.why = open() ? "too many commands are waiting for an answer" : why_;
  if (!open() || sent_.size() >= kUnderWayMax) return false;
  if (call.asking_ && !append(kAsking, nullptr)) return false;
  if (!append(call.words_, &call)) return false;
  call.end_ = appended_;
  sent_.push_back(Clock::now());
  if (silent_) time_.wake();
  silent_ = false;
  return true;
}

bool RedisSession::append(RedisWords words, RedisCall* call) {
  CHECK(words.size() <= kWordsMax);
  std::array<const char*, kWordsMax> texts;
  std::array<std::size_t, kWordsMax> sizes;
  std::ranges::transform(words, texts.begin(), &std::string_view::data);
  std::ranges::transform(words, sizes.begin(), &std::string_view::size);
  const std::size_t before = unwritten();
  if (redisAsyncCommandArgv(context_, call != nullptr ? Hooks::reply : nullptr, call,
                            static_cast<int>(words.size()), texts.data(), sizes.data()) != REDIS_OK)
    return false;
  appended_ += unwritten() - before;
  return true;
}

std::size_t RedisSession::unwritten() const {
  return context_ != nullptr ? sdslen(context_->c.obuf) : unwritten_;
}

// A command whose last byte was not sent to Redis will not be executed any more.
void RedisSession::end(RedisCall& call) {
  learn_why();
  call.answer_.fate = call.end_ <= written() ? RedisAnswer::kUnknown : RedisAnswer::kNotDone;
  call.answer_.why = why_;
  loop_.resume_later(call.waiter_);
}

}  // namespace counterd
