// bench_http: the least that can be served with common/http: one short answer to everything.
#include "common/cli/exit_status.h"
#include "common/http/server.h"

namespace {

class Hello final : public net::http::HttpService {
 public:
  using HttpService::HttpService;
  net::http::Answer answer(const net::http::Request&) override {
    net::http::Response response;
    response.body = "Hello\n";
    return response;
  }
};

}  // namespace

int main(int argc, char** argv) {
  net::hold_standard_descriptors();
  net::ServerOptions options;
  net::Cli cli("bench_http", "[options] [ADDRESS...]", "Answer every request with a greeting.");
  net::add_server_options(cli, options);
  net::add_addresses(options, cli.parse(argc, argv));
  return net::serve(options, [](net::Loop& loop) {
    return std::make_unique<Hello>(loop, net::http::HttpOptions{});
  });
}
