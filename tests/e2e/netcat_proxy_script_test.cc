// netcat -x against a proxy that answers as it is told: the usual, the rare and the wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ostream>
#include <string>
#include <vector>

#include "session.h"

namespace e2e {
namespace {

using std::string_literals::operator""s;
using testing::HasSubstr;

// What the proxy does next.
struct Step {
  enum Kind { kTake, kTakeHead, kSend, kTrickle, kClose, kReset } kind;
  std::string bytes = {};
  std::size_t size = 0;
};

Step take(std::size_t size) { return {Step::kTake, "", size}; }
Step take_head() { return {Step::kTakeHead}; }
Step send(const std::string& bytes) { return {Step::kSend, bytes}; }
Step trickle(const std::string& bytes) { return {Step::kTrickle, bytes}; }
Step close() { return {Step::kClose}; }
Step reset() { return {Step::kReset}; }

struct Script {
  std::string name;
  std::string scheme;
  std::vector<Step> steps;
  int status;
  std::string out = {};
  std::string err = {};  // a part of it
  std::string limit = "20";
};

void PrintTo(const Script& script, std::ostream* out) { *out << script.name; }

void act(Socket& client, const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    switch (step.kind) {
      case Step::kTake:
        (void)client.take(step.size);
        break;
      case Step::kTakeHead:
        (void)client.take_until("\r\n\r\n");
        break;
      case Step::kSend:
        client.send(step.bytes);
        break;
      case Step::kTrickle:
        for (const char byte : step.bytes) client.send({&byte, 1});
        break;
      case Step::kClose:
        client.close();
        break;
      case Step::kReset:
        client.reset();
        break;
    }
  }
}

class ProxyScript : public testing::TestWithParam<Script> {};

TEST_P(ProxyScript, EndsAsItMust) {
  const Script& script = GetParam();
  auto proxy = Listener::tcp();
  Process netcat({"netcat", "-w", script.limit, "-x",
                  script.scheme + "://127.0.0.1:" + proxy.port_text(), "db.test", "5432"});
  Socket client = proxy.accept();
  act(client, script.steps);
  const auto end = finish(netcat);
  EXPECT_EQ(end.status, script.status);
  EXPECT_EQ(end.out, script.out);
  if (script.status == 0) {
    EXPECT_EQ(end.err, "");
  } else {
    EXPECT_THAT(end.err, testing::StartsWith("netcat: "));
    EXPECT_THAT(end.err, HasSubstr("proxy 127.0.0.1:" + proxy.port_text() + ": "));
    EXPECT_THAT(end.err, HasSubstr(script.err));
    EXPECT_EQ(end.err.find('\n'), end.err.size() - 1);
  }
}

const std::string kMethod = "\x05\0"s;
const std::string kBound = "\x05\0\0\x01\x7f\0\0\x01\x04\x38"s;
const std::string kGranted4 = "\0\x5a\0\0\0\0\0\0"s;
const std::string kOk = "HTTP/1.1 200 OK\r\n\r\n";
constexpr std::size_t kHelloBytes = 3, kRequestBytes = 14;  // for db.test
constexpr std::size_t kSocks4Bytes = 17;

// SOCKS5: `answer` to the request, and what comes then.
Script socks5(const std::string& name, const std::string& answer, int status,
              const std::string& out, const std::string& err = "") {
  return {name,
          "socks5",
          {take(kHelloBytes), send(kMethod), take(kRequestBytes), send(answer), close()},
          status,
          out,
          err};
}

Script http(const std::string& name, const std::string& answer, int status, const std::string& out,
            const std::string& err = "") {
  return {name, "http", {take_head(), send(answer), close()}, status, out, err};
}

std::vector<Script> socks5_scripts() {
  return {
      socks5("Socks5", kBound, 0, ""),
      socks5("Socks5EarlyData", kBound + "early", 0, "early"),
      {"Socks5AllAtOnce",
       "socks5",
       {send(kMethod + kBound + "early"), take(17), close()},
       0,
       "early"},
      {"Socks5ByteByByte",
       "socks5",
       {take(kHelloBytes), trickle(kMethod), take(kRequestBytes), trickle(kBound + "slow"),
        close()},
       0,
       "slow"},
      socks5("Socks5NameAsBoundAddress",
             "\x05\0\0\x03\x04name\0\x50"
             "data"s,
             0, "data"),
      socks5("Socks5EmptyNameAsBoundAddress",
             "\x05\0\0\x03\0\0\x50"
             "data"s,
             0, "data"),
      socks5("Socks5V6AsBoundAddress", "\x05\0\0\x04"s + std::string(18, '\0') + "data", 0, "data"),
      socks5("Socks5UnknownBoundAddress", "\x05\0\0\x07\0\0\0\0"s, 11, "", "unknown type (7)"),
      socks5("Socks5Refused", "\x05\x05\0\x01\0\0\0\0\0\0"s, 4, "",
             "db.test port 5432 by proxy 127.0.0.1:"),
      socks5("Socks5OnlyTheCode", "\x05\x05", 4, "", "connection refused"),
      socks5("Socks5NetUnreachable", "\x05\x03", 6, "", "network is unreachable"),
      socks5("Socks5HostUnreachable", "\x05\x04", 6, "", "host is unreachable"),
      socks5("Socks5TtlExpired", "\x05\x06", 6, "", "TTL expired"),
      socks5("Socks5GeneralFailure", "\x05\x01", 11, "", "general SOCKS server failure"),
      socks5("Socks5Denied", "\x05\x02", 11, "", "not allowed"),
      socks5("Socks5WrongVersionInReply", "\x04\0\0\x01"s, 11, "", "does not speak SOCKS5"),
      socks5("Socks5HalfAReply", "\x05\0\0\x01\x7f"s, 11, "", "without an answer"),
  };
}

std::vector<Script> odd_socks5_scripts() {
  return {
      {"Socks5WrongVersion", "socks5", {send("\x04\0"s)}, 11, "", "does not speak SOCKS5"},
      {"Socks5NoMethod",
       "socks5",
       {take(kHelloBytes), send("\x05\xff")},
       11,
       "",
       "authentication required"},
      {"Socks5MethodNotOffered",
       "socks5",
       {take(kHelloBytes), send("\x05\x01")},
       11,
       "",
       "method 1, which was not offered"},
      {"Socks5IsSsh",
       "socks5",
       {send("SSH-2.0-OpenSSH_9.2\r\n")},
       11,
       "",
       "does not speak SOCKS5 (it sent \"SSH-2.0-OpenSSH_9.2\")"},
      {"Socks5IsHttp",
       "socks5",
       {take(kHelloBytes), send("HTTP/1.1 400 Bad\r\n\r\n"), close()},
       11,
       "",
       "(it sent \"HTTP/1.1 400 Bad\")"},
      {"Socks5EscapesWhatItQuotes", "socks5", {send("\x1b[31m\r\n")}, 11, "", "\"\\x1b[31m\""},
      {"Socks5Closes", "socks5", {close()}, 11, "", "proxy"},
      {"Socks5Resets", "socks5", {take(kHelloBytes), reset()}, 11, "", "connection reset by peer"},
      {"Socks5Silent", "socks5", {take(kHelloBytes)}, 5, "", "(-w)", "300ms"},
      {"Socks5SilentAfterMethod",
       "socks5",
       {take(kHelloBytes), send(kMethod), take(kRequestBytes), send("\x05\0"s)},
       5,
       "",
       "(-w)",
       "300ms"},
  };
}

std::vector<Script> socks4_scripts() {
  return {
      {"Socks4a", "socks4a", {take(kSocks4Bytes), send(kGranted4 + "data"), close()}, 0, "data"},
      {"Socks4aByteByByte",
       "socks4a",
       {take(kSocks4Bytes), trickle(kGranted4 + "slow"), close()},
       0,
       "slow"},
      {"Socks4aRejected",
       "socks4a",
       {take(kSocks4Bytes), send("\0\x5b\0\0\0\0\0\0"s)},
       11,
       "",
       "db.test port 5432 by proxy 127.0.0.1:"},
      {"Socks4aIdentd", "socks4a", {take(kSocks4Bytes), send("\0\x5c"s)}, 11, "", "identd"},
      {"Socks4aWrongVersion",
       "socks4a",
       {take(kSocks4Bytes), send("\x04\x5a")},
       11,
       "",
       "does not speak SOCKS4"},
      {"Socks4aSilent", "socks4a", {take(kSocks4Bytes)}, 5, "", "(-w)", "300ms"},
  };
}

std::vector<Script> http_scripts() {
  std::string fields;
  for (int i = 0; i < 100; ++i) fields += "A: b\r\n";
  const std::string status_line = "HTTP/1.1 200 OK\r\n";
  const std::string login =
      "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n";
  return {
      http("Http", kOk, 0, ""),
      http("HttpEarlyData", kOk + "early\r\n\r\ndata", 0, "early\r\n\r\ndata"),
      {"HttpByteByByte", "http", {take_head(), trickle(kOk + "slow"), close()}, 0, "slow"},
      http("HttpNoReason", "HTTP/1.1 200\r\n\r\ndata", 0, "data"),
      http("HttpOld", "HTTP/1.0 200 Connection established\r\n\r\ndata", 0, "data"),
      http("Http204", "HTTP/1.1 204 No Content\r\n\r\ndata", 0, "data"),
      http("HttpLineFeedsOnly", "HTTP/1.1 200 OK\nA: b\n\ndata", 0, "data"),
      http("HttpContinueFirst", "HTTP/1.1 100 Continue\r\n\r\n" + kOk + "data", 0, "data"),
      http("HttpLengthsAreIgnored",
           "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nTransfer-Encoding: chunked\r\n\r\ndata", 0,
           "data"),
      http("HttpHundredFields", status_line + fields + "\r\ndata", 0, "data"),
      http("HttpTooManyFields", status_line + fields + "A: b\r\n\r\n", 11, "", "100 fields"),
      http("HttpTooLong", status_line + std::string(20'000, 'a'), 11, "", "16 KiB"),
      http("HttpForbidden", "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n", 11, "",
           ": HTTP 403 Forbidden\n"),
      http("HttpBadGateway", "HTTP/1.1 502 Bad Gateway\r\n\r\n", 11, "", "HTTP 502 Bad Gateway"),
      http("HttpGatewayTimeout", "HTTP/1.1 504\r\n\r\n", 11, "", "HTTP 504"),
      http("HttpRedirect", "HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", 11, "", "HTTP 302 Found"),
      http("HttpLogin", login + "\r\n", 11, "",
           "authentication required (HTTP 407; schemes: Basic)"),
      http("HttpLoginCutOff", login, 11, "", "schemes: Basic"),
      http("HttpCutOff", "HTTP/1.1 200 OK\r\nA: b\r\n", 11, "", "without an answer"),
      http("HttpClosesAtOnce", "", 11, "", "without an answer"),
      http("HttpTwo", "HTTP/2 200 OK\r\n\r\n", 11, "", "does not speak HTTP"),
      http("HttpFourDigits", "HTTP/1.1 2000 OK\r\n\r\n", 11, "", "invalid HTTP status line"),
      http("HttpControlBytes", "HTTP/1.1 200 O\x1bK\r\n\r\n", 11, "", "does not speak HTTP"),
      {"HttpIsSocks", "http", {take_head(), send("\x05\xff")}, 11, "", "does not speak HTTP"},
      {"HttpResets", "http", {take_head(), reset()}, 11, "", "connection reset by peer"},
      {"HttpSilent", "http", {take_head()}, 5, "", "(-w)", "300ms"},
      {"HttpSilentInTheMiddle",
       "http",
       {take_head(), send("HTTP/1.1 200 OK\r\n")},
       5,
       "",
       "(-w)",
       "300ms"},
      {"HttpEndlessContinues",
       "http",
       {take_head(), send(std::string("HTTP/1.1 100 x\r\n\r\n").append(30, ' '))},
       11,
       "",
       "does not speak HTTP"},
  };
}

INSTANTIATE_TEST_SUITE_P(Socks5, ProxyScript, testing::ValuesIn(socks5_scripts()), kNameOf);
INSTANTIATE_TEST_SUITE_P(OddSocks5, ProxyScript, testing::ValuesIn(odd_socks5_scripts()), kNameOf);
INSTANTIATE_TEST_SUITE_P(Socks4, ProxyScript, testing::ValuesIn(socks4_scripts()), kNameOf);
INSTANTIATE_TEST_SUITE_P(Http, ProxyScript, testing::ValuesIn(http_scripts()), kNameOf);

}  // namespace
}  // namespace e2e
