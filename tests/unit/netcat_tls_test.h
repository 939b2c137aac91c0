// netcat_tls_test.h - two TLS engines back to back, with the test as the network between them.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

#include "tools/netcat/tls/engine.h"

namespace netcat::tls {

inline constexpr net::Error kFailed(UV_EPROTO);

inline std::unique_ptr<Context> context_of(const Options& options, Role role) {
  std::string why;
  auto context = Context::make(options, role, why);
  EXPECT_EQ(why, "");
  return context;
}

inline Pin pin_of(const Context& server) {
  Pin pin;
  EXPECT_EQ(parse_pin("sha256:" + server.self_signed(), pin), "");
  return pin;
}

// A client that trusts the server's new certificate by its pin.
struct Pair {
  explicit Pair(const Options& for_client = {}, const Options& for_server = {})
      : server_context(context_of(for_server, Role::kServer)),
        client_context(context_of(pinned(for_client), Role::kClient)),
        client(*client_context, "localhost"),
        server(*server_context, "") {}

  Options pinned(Options options) const {
    if (options.verify && options.ca.empty()) options.pins.push_back(pin_of(*server_context));
    return options;
  }

  // At most `bytes` of what `from` has to send.
  static std::size_t carry(Engine& from, Engine& to, std::size_t bytes = SIZE_MAX) {
    const std::size_t n = to.in().append(from.out().data().substr(0, bytes));
    from.out().consumed(n);
    return n;
  }

  // To the end of both handshakes, or until one fails; `bytes` at a time.
  void shake_hands(std::size_t bytes = SIZE_MAX) {
    do {
      of_client = client.handshake();
      of_server = server.handshake();
      if ((!of_client && !of_server)) return;
    } while (carry(client, server, bytes) + carry(server, client, bytes) > 0);
  }

  std::unique_ptr<Context> server_context;
  std::unique_ptr<Context> client_context;
  Engine client;
  Engine server;
  net::Error of_client;
  net::Error of_server;
};

// All that can be read now; `result` is what the last call said.
inline std::string read_all(Engine& from, net::Result<std::size_t>& result,
                            std::size_t at_once = 1000) {
  std::string all;
  std::string buffer(at_once, '\0');
  for (;;) {
    result = from.read(buffer);
    if (!result || *result == 0) return all;
    all.append(buffer, 0, *result);
  }
}

inline std::string text_of(std::size_t bytes) {
  std::string text;
  for (unsigned i = 0; text.size() < bytes; ++i) text += std::to_string(i * 7919) + " ";
  text.resize(bytes);
  return text;
}

}  // namespace netcat::tls
