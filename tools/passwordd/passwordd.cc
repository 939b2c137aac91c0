// passwordd - random passwords over HTTP.
//
// Protocol: HTTP/1.1.  GET /password returns 100 passwords of 12 characters; the query may change
// both.  Every random byte comes from the kernel.

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <string>

#include "common/cli/cli.h"
#include "common/cli/exit_status.h"
#include "common/cli/log.h"
#include "common/cli/read_file.h"
#include "common/http/accept.h"
#include "common/http/site.h"
#include "common/net/check.h"
#include "tools/passwordd/order.h"
#include "tools/passwordd/sheet.h"

namespace {

namespace http = net::http;
using net::Error;
using net::Task;
using passwordd::Charset;
using passwordd::Order;
using passwordd::Sheet;

constexpr const char* kCharset =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789#@$";
constexpr std::size_t kWholeBytesMax = 256 << 10;  // larger answers are sent in chunks
constexpr std::size_t kPieceBytes = 64 << 10;

struct Options {
  http::SiteOptions site;
  Order order;  // the defaults, which the query may change
  std::string words_file;
};

// A sheet that is being sent.  It is written straight from the piece, so that nothing remains when
// the piece is wiped.  The piece never grows, because its old memory would not be wiped.
struct Delivery {
  explicit Delivery(Order what)
      : order(std::move(what)), sheet(order, passwordd::kernel_randomness) {}
  ~Delivery() { wipe(); }
  void wipe() {
    explicit_bzero(piece.data(), piece.size());
    piece.clear();
  }

  Order order;
  Sheet sheet;
  std::string piece;
};

// Sends one piece after another, so a client that does not read costs at most one.
Task<Error> deliver(net::Loop& loop, http::Body& body, std::shared_ptr<Delivery> delivery) {
  for (;;) {
    Error e = co_await body.write(delivery->piece);
    delivery->wipe();
    if (!e) e = delivery->sheet.append(delivery->piece, kPieceBytes);
    if (e || delivery->piece.empty()) co_return e;
    co_await net::yield(loop);
  }
}

class Passwords final : public http::Site {
 public:
  Passwords(net::Loop& loop, const Options& options, http::Figures& figures)
      : Site(loop, options.site, figures, "random passwords"),
        loop_(loop),
        options_(options),
        order_(options.order) {
    add("/password",
        {.usage = "/password?count=N&length=N&charset=SET",
         .summary = "passwords, one per line; see the manual for all parameters",
         .no_store = true,
         .handle = [this](const http::Request& request) { return response_to(request); }});
  }

  bool reload(bool first) override;

 private:
  http::Answer ready() override;
  http::Response response_to(const http::Request& request);
  http::Response passwords(Order order);
  void say_once(Error why);

  net::Loop& loop_;
  const Options& options_;
  Order order_;                              // with the words as they were read last
  static inline std::atomic<int> said_ = 0;  // the last error of any thread
};

// Ready as soon as the kernel provides randomness.
http::Answer Passwords::ready() {
  unsigned char byte = 0;
  const Error e = passwordd::kernel_randomness({&byte, 1});
  if (!e) return http::plain_answer(200, "ok\n");
  return http::plain_answer(503, "getrandom: " + std::string(e.message()) + "\n");
}

http::Response Passwords::response_to(const http::Request& request) {
  const auto query = http::Query::parse(request.query);
  if (!query) return http::error_response(400, "the query has a malformed %-sequence");
  Order order = order_;
  order.json = http::prefers_json(request);
  const std::string wrong = passwordd::apply(*query, order);
  return wrong.empty() ? passwords(std::move(order))
                       : http::error_response(400, net::log::escaped(wrong));
}

http::Response Passwords::passwords(Order order) {
  auto delivery = std::make_shared<Delivery>(std::move(order));
  delivery->piece.reserve(std::min(delivery->order.bytes_max(), kWholeBytesMax + kPieceBytes));
  const Error e = delivery->sheet.append(delivery->piece, kWholeBytesMax);
  say_once(e);
  if (e)
    return http::error_response(503,
                                "the kernel provides no randomness: " + std::string(e.message()));
  http::Response response;
  if (delivery->order.json) response.content_type = "application/json";
  if (delivery->sheet.done()) response.stream_bytes = delivery->piece.size();
  response.stream = [this, delivery](http::Body& body) { return deliver(loop_, body, delivery); };
  return response;
}

// Not for every request, nor for every thread, which would flood the log.
void Passwords::say_once(Error why) {
  if (said_ == why.code() || said_.exchange(why.code()) == why.code()) return;
  if (why) net::log::error("getrandom: %s", why.message());
}

// Reads the list of words again; keeps the old one if that fails.
bool Passwords::reload(bool first) {
  if (options_.words_file.empty()) return false;
  auto words = std::make_shared<passwordd::Words>();
  std::string why;
  if (passwordd::Words::load(options_.words_file, *words, why))
    order_.list = std::move(words);
  else if (first)
    net::log::error("%s: %s (keeping the previous words)", options_.words_file.c_str(),
                    why.c_str());
  return true;
}

void read_words(Options& o) {
  if (o.words_file.empty()) return;
  auto words = std::make_shared<passwordd::Words>();
  std::string why;
  if (!passwordd::Words::load(o.words_file, *words, why)) {
    net::log::error("%s: %s", net::name_of_file(o.words_file).c_str(), why.c_str());
    std::exit(net::kLocalIo);
  }
  o.order.list = std::move(words);
  if (net::is_readable_again(o.words_file))
    o.site.server.sandbox.reads.push_back(o.words_file);
  else
    o.words_file.clear();
}

Options parse_options(int argc, char** argv) {
  Options o;
  CHECK(passwordd::Charset::parse_characters(kCharset, o.order.charset).empty());
  net::Cli cli("passwordd", "[options] [ADDRESS...]", "Random passwords over HTTP.");
  cli.option("count", "N", "passwords per answer, 1 to 10000 (100)",
             net::number(o.order.count, 1, passwordd::kCountMax));
  cli.option("length", "N", "characters per password, 4 to 256 (12)",
             net::number(o.order.length, passwordd::kLengthMin, passwordd::kLengthMax));
  cli.option("charset", "SET", "alnum, alpha, digits, hex or safe (alnum and #@$)",
             [&o](std::string_view text) { return Charset::parse_name(text, o.order.charset); });
  cli.option("chars", "CHARS", "choose from these characters", [&o](std::string_view text) {
    return Charset::parse_characters(text, o.order.charset);
  });
  cli.option(
      "classes", "LIST", "require one character of each: lower,upper,digit,symbol",
      [&o](std::string_view text) { return passwordd::parse_classes(text, o.order.classes); });
  cli.option("words-file", "F", "file of words for words=N, one per line", net::text(o.words_file));
  cli.option("separator", "S", "text between words (-)", [&o](std::string_view text) {
    return o.order.separator = text, passwordd::wrong_with_text(text);
  });
  http::add_site_options(cli, o.site);
  net::add_addresses(o.site.server, cli.parse(argc, argv));
  if (cli.is_given("chars") && cli.is_given("charset"))
    net::Cli::fail("--chars and --charset cannot be combined");
  if (cli.is_given("separator") && o.words_file.empty())
    net::Cli::fail("--separator requires --words-file");
  const std::string wrong = passwordd::wrong_with_classes(o.order);
  if (!wrong.empty()) net::Cli::fail("--classes: " + wrong);
  read_words(o);
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  net::hold_standard_descriptors();
  const Options options = parse_options(argc, argv);
  http::Figures figures("passwordd");
  return net::serve(options.site.server, [&options, &figures](net::Loop& loop) {
    return std::make_unique<Passwords>(loop, options, figures);
  });
}
