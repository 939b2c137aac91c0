#include "common/net/call_filter.h"

#include <linux/audit.h>
#include <linux/net.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>

namespace net {

namespace {

#if defined(__x86_64__) && !defined(__ILP32__)
constexpr std::uint32_t kProcessor = AUDIT_ARCH_X86_64;
#elif defined(__i386__)
constexpr std::uint32_t kProcessor = AUDIT_ARCH_I386;
#elif defined(__aarch64__)
constexpr std::uint32_t kProcessor = AUDIT_ARCH_AARCH64;
#elif defined(__ARMEL__)
constexpr std::uint32_t kProcessor = AUDIT_ARCH_ARM;
#elif defined(__s390x__)
constexpr std::uint32_t kProcessor = AUDIT_ARCH_S390X;
#else
constexpr std::uint32_t kProcessor = 0;  // no filter on this processor
#endif

// Lists the refused calls rather than the allowed ones, so that a new libc or libuv that makes
// another call does not break a daemon.
constexpr std::uint32_t kRefused[] = {
    // programs and processes
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
    SYS_pidfd_getfd, SYS_kcmp,
#ifdef SYS_fork
    SYS_fork, SYS_vfork,
#endif
    // mounts and namespaces
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_open_tree, SYS_fsopen,
    SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_mount_setattr, SYS_unshare, SYS_setns,
    SYS_open_by_handle_at,
    // the system
    SYS_bpf, SYS_perf_event_open, SYS_kexec_load, SYS_init_module, SYS_finit_module,
    SYS_delete_module, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct, SYS_syslog, SYS_sethostname,
    SYS_setdomainname,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_iopl
    SYS_iopl, SYS_ioperm, SYS_modify_ldt,
#endif
#ifdef SYS_settimeofday
    SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime,
#endif
#ifdef SYS_clock_settime64
    SYS_clock_settime64, SYS_clock_adjtime64,
#endif
    // Often used in attacks.  io_uring could perform calls that this filter does not see.
    SYS_add_key, SYS_request_key, SYS_keyctl, SYS_userfaultfd, SYS_io_uring_setup, SYS_personality};

class Program {
 public:
  void load(std::size_t offset) {
    add(BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset));
  }
  // Loads the low half of argument i: the filter compares 32 bits at a time.
  void load_argument(unsigned i) {
    constexpr std::size_t kLow = std::endian::native == std::endian::big ? 4 : 0;
    load(offsetof(seccomp_data, args) + sizeof(std::uint64_t) * i + kLow);
  }
  // Compares the loaded value, then skips if_true or if_false instructions.
  void jump(std::uint16_t comparison, std::uint32_t value, std::uint8_t if_true,
            std::uint8_t if_false) {
    add(static_cast<std::uint16_t>(BPF_JMP | BPF_K | comparison), if_true, if_false, value);
  }
  void allow() { add(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW); }
  void refuse(std::uint32_t error = EPERM) {
    add(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | error);
  }
  void refuse_each(std::span<const std::uint32_t> values) {
    for (const std::uint32_t value : values) {
      jump(BPF_JEQ, value, 0, 1);
      refuse();
    }
  }
  // Ends the program: refuses the listed values and allows all others.  It is a binary search
  // because the kernel, at installation, runs the program once for every existing call.
  void refuse_only(std::span<const std::uint32_t> sorted) {
    constexpr std::size_t kInTurn = 3;
    if (sorted.size() <= kInTurn) {
      refuse_each(sorted);
      return allow();
    }
    const std::size_t half = sorted.size() / 2;
    Program lower;
    lower.refuse_only(sorted.first(half));
    CHECK(lower.code_.size() <= UINT8_MAX);
    jump(BPF_JGE, sorted[half], static_cast<std::uint8_t>(lower.code_.size()), 0);
    code_.insert(code_.end(), lower.code_.begin(), lower.code_.end());
    refuse_only(sorted.subspan(half));
  }
  std::vector<sock_filter> take() { return std::move(code_); }

 private:
  void add(std::uint16_t code, std::uint8_t if_true, std::uint8_t if_false, std::uint32_t value) {
    code_.push_back({.code = code, .jt = if_true, .jf = if_false, .k = value});
  }
  std::vector<sock_filter> code_;
};

// Refuses calls of other ABIs, such as 32-bit ones, because their calls have other numbers.
void refuse_other_processors(Program& program) {
  program.load(offsetof(seccomp_data, arch));
  program.jump(BPF_JEQ, kProcessor, 1, 0);
  program.refuse();
  program.load(offsetof(seccomp_data, nr));
#ifdef __x86_64__
  constexpr std::uint32_t kX32 = 0x40000000;
  program.jump(BPF_JGE, kX32, 0, 1);
  program.refuse();
#endif
}

// Allows clone only for threads.  A filter cannot read the flags of clone3, so that call fails with
// ENOSYS, and the C library falls back to clone.
void refuse_processes(Program& program) {
#ifdef __s390x__
  constexpr unsigned kFlags = 1;
#else
  constexpr unsigned kFlags = 0;
#endif
  program.jump(BPF_JEQ, SYS_clone3, 0, 1);
  program.refuse(ENOSYS);
  program.jump(BPF_JEQ, SYS_clone, 0, 4);
  program.load_argument(kFlags);
  program.jump(BPF_JSET, CLONE_THREAD, 0, 1);
  program.allow();
  program.refuse();
}

// Refuses the same operations of socketcall(2), where one call performs all operations on sockets.
void refuse_multiplexed([[maybe_unused]] Program& program) {
#ifdef SYS_socketcall
  constexpr std::uint32_t kRefusedSockets[] = {SYS_SOCKET, SYS_SOCKETPAIR, SYS_CONNECT};
  program.jump(BPF_JEQ, SYS_socketcall, 0, 2 + 2 * std::size(kRefusedSockets));
  program.load_argument(0);
  program.refuse_each(kRefusedSockets);
  program.allow();
#endif
}

}  // namespace

std::vector<sock_filter> call_filter(bool dials) {
  Program program;
  if (kProcessor == 0) return {};
  refuse_other_processors(program);
  refuse_processes(program);
  std::vector<std::uint32_t> refused(std::begin(kRefused), std::end(kRefused));
  if (!dials) {
    refuse_multiplexed(program);
    refused.insert(refused.end(), {SYS_socket, SYS_socketpair, SYS_connect});
  }
  std::ranges::sort(refused);
  program.refuse_only(refused);
  return program.take();
}

Error filter_calls(bool dials) {
  std::vector<sock_filter> code = call_filter(dials);
  if (code.empty()) return UV_ENOSYS;
  const sock_fprog program{.len = static_cast<unsigned short>(code.size()), .filter = code.data()};
  // Without SPEC_ALLOW a kernel before 5.16 slows the process down against attacks by code of its
  // own, such as a browser's scripts.
  constexpr unsigned kFlags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  const long failed = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, kFlags, &program);
  if (failed > 0) return UV_EBUSY;  // a thread already has a different filter
  return failed == 0 ? Error() : Error::from_errno();
}

}  // namespace net
