// The filter of system calls, interpreted: what it answers on this processor.
#include "common/net/call_filter.h"

#include <gtest/gtest.h>
#include <linux/net.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

namespace net {
namespace {

constexpr std::uint32_t kAllowed = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kRefused = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kMissing = SECCOMP_RET_ERRNO | ENOSYS;

// As the kernel runs it, for the instructions that the filter has.
std::uint32_t run(const std::vector<sock_filter>& program, const seccomp_data& data) {
  std::uint32_t loaded = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& one = program[at];
    bool is_true = false;
    switch (one.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&loaded, reinterpret_cast<const char*>(&data) + one.k, sizeof loaded);
        continue;
      case BPF_RET | BPF_K:
        return one.k;
      case BPF_JMP | BPF_K | BPF_JEQ:
        is_true = loaded == one.k;
        break;
      case BPF_JMP | BPF_K | BPF_JGE:
        is_true = loaded >= one.k;
        break;
      case BPF_JMP | BPF_K | BPF_JSET:
        is_true = (loaded & one.k) != 0;
        break;
      default:
        ADD_FAILURE() << "instruction " << one.code;
        return 0;
    }
    at += is_true ? one.jt : one.jf;
  }
  ADD_FAILURE() << "no answer";
  return 0;
}

// The processor that the program compares with.
std::uint32_t processor_of(const std::vector<sock_filter>& program) { return program[1].k; }

class CallFilter : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (program_.empty()) GTEST_SKIP() << "no filter for this processor";
  }
  std::uint32_t answer_to(long call, std::vector<std::uint64_t> arguments = {}) const {
    seccomp_data data{};
    data.nr = static_cast<int>(call);
    data.arch = processor_of(program_);
    std::copy(arguments.begin(), arguments.end(), data.args);
    return run(program_, data);
  }
  const bool dials_ = GetParam();
  const std::vector<sock_filter> program_ = call_filter(dials_);
};

INSTANTIATE_TEST_SUITE_P(That, CallFilter, testing::Bool(),
                         [](const auto& dials) { return dials.param ? "Dials" : "DoesNotDial"; });

TEST_P(CallFilter, AllowsWhatADaemonDoes) {
  for (const long call :
       {SYS_accept4, SYS_bind, SYS_listen, SYS_read, SYS_writev, SYS_sendto, SYS_openat,
        SYS_unlinkat, SYS_futex, SYS_getrandom, SYS_exit_group, SYS_tgkill, SYS_io_uring_enter,
        SYS_prctl, SYS_fdatasync, SYS_landlock_restrict_self})
    EXPECT_EQ(answer_to(call), kAllowed) << call;
}

TEST_P(CallFilter, RefusesProgramsAndTheSystem) {
  for (const long call : {SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_mount,
                          SYS_unshare, SYS_setns, SYS_bpf, SYS_perf_event_open, SYS_init_module,
                          SYS_keyctl, SYS_userfaultfd, SYS_io_uring_setup, SYS_kexec_load})
    EXPECT_EQ(answer_to(call), kRefused) << call;
}

TEST_P(CallFilter, RefusesSocketsUnlessItDials) {
  for (const long call : {SYS_socket, SYS_socketpair, SYS_connect})
    EXPECT_EQ(answer_to(call), dials_ ? kAllowed : kRefused) << call;
#ifdef SYS_socketcall
  for (const std::uint64_t call : {SYS_SOCKET, SYS_SOCKETPAIR, SYS_CONNECT})
    EXPECT_EQ(answer_to(SYS_socketcall, {call}), dials_ ? kAllowed : kRefused) << call;
  EXPECT_EQ(answer_to(SYS_socketcall, {SYS_ACCEPT4}), kAllowed);
#endif
}

TEST_P(CallFilter, AllowsThreadsOnly) {
  const std::uint64_t thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
#ifdef __s390x__
  const auto clone = [](std::uint64_t flags) { return std::vector<std::uint64_t>{0, flags}; };
#else
  const auto clone = [](std::uint64_t flags) { return std::vector<std::uint64_t>{flags, 0}; };
#endif
  EXPECT_EQ(answer_to(SYS_clone, clone(thread)), kAllowed);
  EXPECT_EQ(answer_to(SYS_clone, clone(SIGCHLD)), kRefused);
  EXPECT_EQ(answer_to(SYS_clone, clone(CLONE_VM | CLONE_VFORK | SIGCHLD)), kRefused);
  EXPECT_EQ(answer_to(SYS_clone, clone(CLONE_NEWUSER | SIGCHLD)), kRefused);
  EXPECT_EQ(answer_to(SYS_clone3), kMissing);
}

TEST_P(CallFilter, RefusesTheCallsOfOtherProcessors) {
  seccomp_data data{};
  data.nr = SYS_read;
  data.arch = processor_of(program_) + 1;
  EXPECT_EQ(run(program_, data), kRefused);
#ifdef __x86_64__
  EXPECT_EQ(answer_to(0x40000000 | SYS_read), kRefused);  // x32
#endif
}

}  // namespace
}  // namespace net
