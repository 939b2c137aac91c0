// bare_ring: the limit of a server on io_uring, as bare_http and bare_clock are that of one on
// epoll. One accept and one receive a connection stay in the kernel (multishot), received bytes
// land in buffers that all connections share, and what a round of the loop has to send goes to the
// kernel with the wait for the next one: one system call.
//
//   bare_ring http|clock [PORT]     listens on 127.0.0.1, PORT 0 by default, and prints the port
//
// Status 77: the kernel does not permit io_uring, or has no multishot receive (Linux 6.0).

#include <liburing.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string_view>
#include <vector>

#include "bare.h"

namespace {

using namespace bare;

constexpr unsigned kEntries = 4096;
constexpr unsigned kBuffers = 1024;  // a power of two
constexpr unsigned kBufferBytes = 2048;
constexpr int kNotPermitted = 77;

enum Kind : std::uint64_t { kAccept, kTick, kReceive, kSend };

class Ring {
 public:
  Ring() {
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
    params.cq_entries = 8 * kEntries;
    if (io_uring_queue_init_params(kEntries, &ring_, &params) < 0) std::exit(kNotPermitted);
    memory_.resize(std::size_t{kBuffers} * kBufferBytes);
    void* list = nullptr;
    if (posix_memalign(&list, 4096, kBuffers * sizeof(io_uring_buf)) != 0) die("memory");
    buffers_ = static_cast<io_uring_buf_ring*>(list);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uint64_t>(list);
    registration.ring_entries = kBuffers;
    if (io_uring_register_buf_ring(&ring_, &registration, 0) < 0) std::exit(kNotPermitted);
    io_uring_buf_ring_init(buffers_);
    for (unsigned id = 0; id < kBuffers; ++id) give_back(id);
  }

  void accept(int listener) {
    io_uring_sqe* const sqe = next();
    io_uring_prep_multishot_accept(sqe, listener, nullptr, nullptr, SOCK_CLOEXEC);
    mark(sqe, kAccept, listener);
  }
  void receive(int fd) {
    io_uring_sqe* const sqe = next();
    io_uring_prep_recv_multishot(sqe, fd, nullptr, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = 0;
    mark(sqe, kReceive, fd);
  }
  // Only a failure is reported.
  void send(int fd, std::string_view bytes) {
    io_uring_sqe* const sqe = next();
    io_uring_prep_send(sqe, fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    mark(sqe, kSend, fd);
  }
  void read(int timer, std::uint64_t* expired) {
    io_uring_sqe* const sqe = next();
    io_uring_prep_read(sqe, timer, expired, sizeof *expired, 0);
    mark(sqe, kTick, timer);
  }

  void give_back(unsigned id) {
    io_uring_buf_ring_add(buffers_, &memory_[std::size_t{id} * kBufferBytes], kBufferBytes,
                          static_cast<unsigned short>(id), io_uring_buf_ring_mask(kBuffers), 0);
    io_uring_buf_ring_advance(buffers_, 1);
  }

  // Submits, waits, and calls handle(kind, fd, result, whether it stays in the kernel) for each.
  template <typename Handle>
  void turn(Handle handle) {
    const int r = io_uring_submit_and_wait(&ring_, 1);
    if (r < 0 && r != -EINTR) std::exit(1);
    unsigned head = 0, count = 0;
    io_uring_cqe* cqe = nullptr;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      ++count;
      if ((cqe->flags & IORING_CQE_F_BUFFER) != 0) give_back(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
      handle(static_cast<Kind>(cqe->user_data >> 32), static_cast<int>(cqe->user_data), cqe->res,
             (cqe->flags & IORING_CQE_F_MORE) != 0);
    }
    io_uring_cq_advance(&ring_, count);
  }

 private:
  io_uring_sqe* next() {
    if (io_uring_sqe* const sqe = io_uring_get_sqe(&ring_)) return sqe;
    io_uring_submit(&ring_);
    io_uring_sqe* const sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) die("no place in the ring");
    return sqe;
  }
  static void mark(io_uring_sqe* sqe, Kind kind, int fd) {
    sqe->user_data = static_cast<std::uint64_t>(kind) << 32 | static_cast<unsigned>(fd);
  }

  io_uring ring_{};
  io_uring_buf_ring* buffers_ = nullptr;
  std::vector<char> memory_;
};

void serve_http(Ring& ring, int listener) {
  const std::string_view answer(kAnswer, sizeof kAnswer - 1);
  ring.accept(listener);
  for (;;) {
    ring.turn([&](Kind kind, int fd, int result, bool more) {
      if (kind == kAccept) {
        if (result >= 0) ring.receive(result);
        if (!more) ring.accept(listener);
      } else if (kind == kReceive) {
        if (result > 0) ring.send(fd, answer);
        const bool open = result > 0 || result == -ENOBUFS;
        if (open && !more) ring.receive(fd);
        if (!open) close(fd);
      }
    });
  }
}

void serve_time(Ring& ring, int listener) {
  static char line[16];
  std::uint64_t expired = 0;
  const int timer = second_timer();
  std::vector<int> clients;
  ring.accept(listener);
  ring.read(timer, &expired);
  for (;;) {
    ring.turn([&](Kind kind, int fd, int result, bool more) {
      if (kind == kAccept) {
        if (result >= 0) clients.push_back(result);
        if (!more) ring.accept(listener);
      } else if (kind == kTick) {
        ring.read(timer, &expired);
        const std::size_t size = format_time(line);
        for (const int client : clients) ring.send(client, {line, size});
      } else if (kind == kSend && result != -EAGAIN) {
        if (std::erase(clients, fd) > 0) close(fd);
      }
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode != "http" && mode != "clock") {
    std::fputs("usage: bare_ring http|clock [PORT]\n", stderr);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  Ring ring;
  const int listener = listen_on(argc > 2 ? argv[2] : nullptr);
  mode == "http" ? serve_http(ring, listener) : serve_time(ring, listener);
}
