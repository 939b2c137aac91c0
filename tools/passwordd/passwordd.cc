// passwordd - hands out random passwords.
//
// Protocol: HTTP/1.1.  GET /password answers so many passwords of so many characters, which the
// query may change: count, length, charset, format, entropy.  Every random byte is the kernel's.

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "common/cli/cli.h"
#include "common/cli/log.h"
#include "common/http/accept.h"
#include "common/http/server.h"
#include "common/net/check.h"
#include "common/net/server.h"
#include "tools/passwordd/order.h"
#include "tools/passwordd/sheet.h"

namespace {

using net::Error;
using net::Task;
using net::http::Answer;
using net::http::Body;
using net::http::error_response;
using net::http::Query;
using net::http::Request;
using net::http::Response;
using passwordd::Order;
using passwordd::Sheet;

constexpr const char* kPath = "/password";
constexpr const char* kCharset =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789#@$";
constexpr std::size_t kWholeBytesMax = 256 << 10;  // a larger answer is sent in pieces, chunked
constexpr std::size_t kPieceBytes = 64 << 10;

struct Options {
  net::ServerOptions server;
  Order order;  // unless the query says otherwise
};

// A sheet on its way to a client: straight from the piece to the kernel, so that nothing is left
// when the piece is wiped.  It never grows: what it grew out of would not be wiped.
struct Delivery {
  explicit Delivery(const Order& what) : order(what), sheet(order, passwordd::kernel_randomness) {}
  ~Delivery() { wipe(); }
  void wipe() {
    explicit_bzero(piece.data(), piece.size());
    piece.clear();
  }

  Order order;
  Sheet sheet;
  std::string piece;
};

// One piece after another: a client that does not read costs no more than one.
Task<Error> deliver(Body& body, std::shared_ptr<Delivery> delivery) {
  for (;;) {
    Error e = co_await body.write(delivery->piece);
    delivery->wipe();
    if (!e) e = delivery->sheet.append(delivery->piece, kPieceBytes);
    if (e || delivery->piece.empty()) co_return e;
  }
}

class Passwords final : public net::http::HttpService {
 public:
  Passwords(net::Loop& loop, const Options& options)
      : HttpService(loop, {.idle_timeout = options.server.idle_timeout}), options_(options) {}

 private:
  Answer answer(const Request& request) override;
  Response response_to(const Request& request);
  Response passwords(const Order& order);
  void say_once(Error why);

  const Options& options_;
  Error said_;
};

Answer Passwords::answer(const Request& request) {
  Response response = response_to(request);
  response.add("Cache-Control", "no-store");
  return response;
}

Response Passwords::response_to(const Request& request) {
  const auto other = net::http::check_method(request, "GET, HEAD, OPTIONS");
  const bool whole_server = other && request.path == "*";  // OPTIONS *
  if (request.path != kPath && !whole_server)
    return error_response(404, "Passwords are at /password.");
  if (other) return *other;
  const auto query = Query::parse(request.query);
  if (!query) return error_response(400, "the query has a malformed %-sequence");
  Order order = options_.order;
  order.json = net::http::prefers_json(request);
  const std::string wrong = passwordd::apply(*query, order);
  return wrong.empty() ? passwords(order) : error_response(400, net::log::escaped(wrong));
}

Response Passwords::passwords(const Order& order) {
  auto delivery = std::make_shared<Delivery>(order);
  delivery->piece.reserve(std::min(order.bytes_max(), kWholeBytesMax + kPieceBytes));
  const Error e = delivery->sheet.append(delivery->piece, kWholeBytesMax);
  say_once(e);
  if (e) return error_response(503, "the kernel gives no randomness: " + std::string(e.message()));
  Response response;
  if (order.json) response.content_type = "application/json";
  if (delivery->sheet.done()) response.stream_bytes = delivery->piece.size();
  response.stream = [delivery](Body& body) { return deliver(body, delivery); };
  return response;
}

// Not for every request, or the log would be full of it.
void Passwords::say_once(Error why) {
  if (why && why != said_) net::log::error("getrandom: %s", why.message());
  said_ = why;
}

Options parse_options(int argc, char** argv) {
  Options o;
  o.server.default_address = "localhost:8080";
  o.server.idle_timeout = net::Millis(60'000);
  CHECK(passwordd::Charset::parse(kCharset, o.order.charset).empty());
  net::Cli cli("passwordd", "[options] [ADDRESS...]", "Hand out random passwords over HTTP.");
  cli.option("count", "N", "passwords an answer, up to 10000 (100)",
             net::number(o.order.count, 1, passwordd::kCountMax));
  cli.option("length", "N", "characters a password, 4 to 256 (12)",
             net::number(o.order.length, passwordd::kLengthMin, passwordd::kLengthMax));
  cli.option(
      "charset", "SET", "alnum, alpha, digits, hex, safe, or characters (alnum and #@$)",
      [&o](std::string_view text) { return passwordd::Charset::parse(text, o.order.charset); });
  net::add_server_options(cli, o.server);
  net::add_addresses(o.server, cli.parse(argc, argv));
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  net::hold_standard_descriptors();
  const Options options = parse_options(argc, argv);
  return net::serve(options.server, [&options](net::Loop& loop) {
    return std::make_unique<Passwords>(loop, options);
  });
}
