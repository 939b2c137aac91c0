// bare_tls: the limit that netcat's --tls is measured against, and the other end of every
// contender: poll, memory BIOs, 128 KiB at a time, and nothing else.
//
//   bare_tls sink PEM          listens on 127.0.0.1, prints the port, discards what a client sends
//   bare_tls source PEM BYTES  listens the same way and sends so many bytes to one client
//   bare_tls accept PEM        serves handshakes, one after another, for ever
//   bare_tls send PORT         the limits: standard input to the server,
//   bare_tls receive PORT      and what the server sends to standard output

#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "loopback.h"

namespace {

constexpr int kAtOnce = 128 << 10;

class Connection {
 public:
  Connection(SSL_CTX* context, int socket, bool is_server) : socket_(socket) {
    ssl_ = SSL_new(context);
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_, in_, out_);
    is_server ? SSL_set_accept_state(ssl_) : SSL_set_connect_state(ssl_);
    while (SSL_do_handshake(ssl_) != 1) {
      flush();
      if (!receive()) return;
    }
    flush();
    is_open_ = true;
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    SSL_shutdown(ssl_);
    flush();
    SSL_free(ssl_);
    close(socket_);
  }

  bool is_open() const { return is_open_; }

  // What has come, at most as much as fits; 0 at the end.
  std::size_t read(std::vector<char>& buffer) {
    for (;;) {
      std::size_t got = 0;
      std::size_t n = 0;
      while (got < buffer.size() && SSL_read_ex(ssl_, &buffer[got], buffer.size() - got, &n) == 1)
        got += n;
      const bool ended = (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0;
      if (got > 0 || ended || !receive()) return got;
    }
  }

  void write(const char* data, std::size_t size) {
    std::size_t n = 0;
    if (SSL_write_ex(ssl_, data, size, &n) != 1) die("SSL_write");
    flush();
  }

 private:
  bool receive() {
    pollfd one{.fd = socket_, .events = POLLIN, .revents = 0};
    poll(&one, 1, -1);
    const ssize_t n = recv(socket_, bytes_.data(), bytes_.size(), 0);
    if (n > 0) BIO_write(in_, bytes_.data(), static_cast<int>(n));
    return n > 0;
  }

  void flush() {
    char* data = nullptr;
    long size = BIO_get_mem_data(out_, &data);
    while (size > 0) {
      pollfd one{.fd = socket_, .events = POLLOUT, .revents = 0};
      poll(&one, 1, -1);
      const ssize_t n = send(socket_, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
      if (n < 0) break;
      data += n;
      size -= n;
    }
    (void)BIO_reset(out_);
  }

  int socket_;
  bool is_open_ = false;
  SSL* ssl_;
  BIO* in_;
  BIO* out_;
  std::vector<char> bytes_ = std::vector<char>(kAtOnce);
};

SSL_CTX* context_of(const char* pem) {
  SSL_CTX* context = SSL_CTX_new(TLS_method());
  if (pem == nullptr) return context;
  if (SSL_CTX_use_certificate_chain_file(context, pem) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, pem, SSL_FILETYPE_PEM) != 1)
    die(pem);
  SSL_CTX_set_num_tickets(context, 0);
  return context;
}

void serve(const std::string& role, const char* pem, std::size_t bytes) {
  const int listener = listening(0);
  SSL_CTX* context = context_of(pem);
  std::vector<char> buffer(kAtOnce);
  do {
    Connection conn(context, accepted(listener), true);
    if (!conn.is_open() && role == "accept") continue;  // a plain client
    if (!conn.is_open()) die("handshake");
    std::size_t sum = 0;
    for (; role == "source" && sum < bytes; sum += buffer.size())
      conn.write(buffer.data(), buffer.size());
    while (const std::size_t n = role == "source" ? 0 : conn.read(buffer)) sum += n;
    if (role == "sink") std::printf("%zu\n", sum);
  } while (role == "accept");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  if (argc < 3) return 2;
  if (role == "sink" || role == "source" || role == "accept") {
    serve(role, argv[2], argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0);
    return 0;
  }
  Connection conn(context_of(nullptr), connected(std::atoi(argv[2])), false);
  if (!conn.is_open()) die("handshake");
  std::vector<char> buffer(kAtOnce);
  ssize_t n = 0;
  if (role == "send")
    while ((n = read(0, buffer.data(), buffer.size())) > 0)
      conn.write(buffer.data(), static_cast<std::size_t>(n));
  if (role == "receive")
    while ((n = static_cast<ssize_t>(conn.read(buffer))) > 0)
      if (write(1, buffer.data(), static_cast<std::size_t>(n)) != n) die("write");
}
