// statusd as a stand-in for another service: routes with methods, echo, faults on purpose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "web.h"

namespace e2e {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(StatusdRoute, HasAMethod) {
  Daemon daemon("statusd", {"--route", "POST /hook=202:ok", "--route", "PUT /x=put", "--route",
                            "/x=got", "--route", "ANY /any=any", "--route",
                            "OPTIONS /cors=299:mine", "--route", "GET /cors=got"});
  struct Row {
    const char* method;
    const char* path;
    int code;
    const char* body;
    const char* allow;
  };
  const Row table[] = {
      {"POST", "/hook", 202, "ok", ""},
      {"GET", "/hook", 405, nullptr, "POST, OPTIONS"},
      {"OPTIONS", "/hook", 204, "", "POST, OPTIONS"},
      {"PUT", "/x", 200, "put", ""},
      {"GET", "/x", 200, "got", ""},
      {"POST", "/x", 405, nullptr, "PUT, GET, HEAD, OPTIONS"},
      {"GET", "/any", 200, "any", ""},
      {"DELETE", "/any", 200, "any", ""},
      {"PROPFIND", "/any", 200, "any", ""},
      {"OPTIONS", "/any", 204, "", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"},
      {"OPTIONS", "/cors", 299, "mine", ""},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(std::string(row.method) + " " + row.path);
    const auto reply = curl(daemon, row.path, {"-X", row.method});
    EXPECT_EQ(reply.code, row.code);
    if (row.body != nullptr) {
      EXPECT_EQ(reply.body, row.body);
    }
    EXPECT_EQ(reply.field("Allow"), row.allow);
  }
}

TEST(StatusdRoute, TakesABodyAndKeepsNothingOfIt) {
  Daemon daemon("statusd", {"--route", "POST /hook=202:ok"});
  const TempDir dir;
  const auto file = dir.file("body", noise(1 << 20));
  for (const char* chunked : {"X: y", "Transfer-Encoding: chunked"})
    EXPECT_EQ(curl(daemon, "/hook", {"--data-binary", "@" + file, "-H", chunked}).code, 202);
}

TEST(StatusdEcho, TellsTheRequestAsJson) {
  Daemon daemon("statusd", {"--echo"});
  const std::string script =
      "import json, sys\n"
      "r = json.load(sys.stdin)\n"
      "print(r['method'], r['target'], r['version'], r['fields']['X'], repr(r['body']),"
      " r.get('body_base64'))";
  const auto told = [&](const std::vector<std::string>& options) {
    return run({"python3", "-c", script}, curl(daemon, "/echo?a=%20b", options).body).out;
  };
  EXPECT_EQ(told({"-H", "X: 1", "-H", "x: \"2", "-d", "h\xc3\xa9\x01\"\\"}),
            "POST /echo?a=%20b HTTP/1.1 1, \"2 'h\xc3\xa9\\x01\"\\\\' None\n");
  EXPECT_EQ(told({"-H", "X: y", "-X", "DELETE"}), "DELETE /echo?a=%20b HTTP/1.1 y '' None\n");
  EXPECT_EQ(told({"-H", "X: y", "-X", "OPTIONS"}), "OPTIONS /echo?a=%20b HTTP/1.1 y '' None\n");
  const TempDir dir;
  const auto file = dir.file("binary", std::string("\xff\0a", 3));
  EXPECT_EQ(told({"-H", "X: y", "--data-binary", "@" + file}),
            "POST /echo?a=%20b HTTP/1.1 y None /wBh\n");
  EXPECT_EQ(curl(daemon, "/other").code, 404);
}

TEST(StatusdEcho, IsSlowAndFailsLikeOtherPaths) {
  Daemon daemon("statusd", {"--echo", "--latency", "300ms", "--allow-override"});
  const auto start = Clock::now();
  const auto reply = curl(daemon, "/echo?status=503");
  EXPECT_GE(Clock::now() - start, Millis(300));
  EXPECT_EQ(reply.code, 503);
  EXPECT_THAT(reply.body, HasSubstr(R"("target":"/echo?status=503")"));
  EXPECT_EQ(curl(Daemon("statusd", {"--echo", "--fail-rate", "1"}), "/echo").code, 500);
  const Daemon dropping("statusd", {"--echo", "--drop-rate", "1"});
  EXPECT_EQ(run({"curl", "-sS", url(dropping, "/echo")}).status, 52);
}

TEST(StatusdOverride, ByTheRequestIfAllowed) {
  Daemon daemon("statusd", {"--allow-override"});
  auto reply = curl(daemon, "/any?status=503");
  EXPECT_EQ(reply.code, 503);
  EXPECT_EQ(reply.body, R"({"status":"error"})");
  const auto start = Clock::now();
  EXPECT_EQ(curl(daemon, "/?delay=300ms&status=204").code, 204);
  EXPECT_GE(Clock::now() - start, Millis(300));
  reply = curl(daemon, "/?status=700");
  EXPECT_EQ(reply.code, 400);
  EXPECT_EQ(reply.body, "status: '700' is not a status from 200 to 599\n");
  EXPECT_EQ(curl(daemon, "/?delay=x").code, 400);
  reply = curl(daemon, "/?status=200&status=404");
  EXPECT_EQ(reply.code, 400);
  EXPECT_EQ(reply.body, "status: given twice\n");
  EXPECT_EQ(curl(daemon, "/readyz?status=503").code, 200);
  Daemon strict("statusd");
  EXPECT_EQ(curl(strict, "/?status=503").code, 200);
}

// 404 and 405 belong to the service that it stands in for.
TEST(StatusdFault, OfItsOwnErrorsToo) {
  const auto with = [](const std::vector<std::string>& options) {
    std::vector<std::string> all{"--route", "/a=b"};
    all.insert(all.end(), options.begin(), options.end());
    return all;
  };
  const std::vector<std::string> post{"-d", "x"};
  const Daemon slow("statusd", with({"--latency", "300ms"}));
  for (const auto& [path, code] : {std::pair{"/a", 405}, {"/other", 404}}) {
    const auto start = Clock::now();
    EXPECT_EQ(curl(slow, path, post).code, code);
    EXPECT_GE(Clock::now() - start, Millis(300));
  }
  const Daemon failing("statusd", with({"--fail-rate", "1"}));
  const Daemon dropping("statusd", with({"--drop-rate", "1"}));
  const Daemon resetting("statusd", with({"--reset-rate", "1"}));
  for (const char* path : {"/a", "/other"}) {
    EXPECT_EQ(curl(failing, path, post).code, 500);
    EXPECT_EQ(run({"curl", "-sS", "-d", "x", url(dropping, path)}).status, 52);
    EXPECT_EQ(run({"curl", "-sS", "-d", "x", url(resetting, path)}).status, 56);
  }
  EXPECT_EQ(curl(dropping, "/livez", post).code, 405);
  auto malformed = dropping.connect();
  malformed.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(malformed.rest(), StartsWith("HTTP/1.1 400 "));
}

TEST(StatusdFault, DropsAndResets) {
  struct Row {
    const char* option;
    int status;  // curl's: empty reply, failure in receiving
  };
  for (const Row& row : {Row{"--drop-rate", 52}, Row{"--reset-rate", 56}}) {
    Daemon daemon("statusd", {row.option, "100%", "-q", "--access-log"});
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(run({"curl", "-sS", url(daemon, "/")}).status, row.status) << row.option;
    EXPECT_THAT(daemon.err.line(), EndsWith("\"GET / HTTP/1.1\" 444 -"));
    EXPECT_EQ(curl(daemon, "/livez").code, 200);
    EXPECT_EQ(daemon.stop(), 0);
  }
}

TEST(StatusdFault, DropsAndResetsSlowAnswersAndOptionsToo) {
  for (const char* slow : {"--delay=10ms", "--body-rate=1M", "--latency=10ms"})
    for (const auto& [fault, status] : {std::pair{"--drop-rate=1", 52}, {"--reset-rate=1", 56}}) {
      Daemon daemon("statusd", {fault, slow});
      for (const char* method : {"GET", "OPTIONS"})
        EXPECT_EQ(run({"curl", "-sS", "-X", method, url(daemon, "/")}).status, status)
            << method << " " << fault << " " << slow;
    }
}

TEST(StatusdFault, AShareOfTheRequestsIsDropped) {
  Daemon daemon("statusd", {"--drop-rate", "0.5"});
  int answered = 0;
  for (int i = 0; i < 40; ++i) {
    auto client = daemon.connect();
    client.send(request("GET / HTTP/1.1", "Connection: close\r\n"));
    answered += client.rest().empty() ? 0 : 1;
  }
  EXPECT_GT(answered, 2);
  EXPECT_LT(answered, 38);
}

TEST(StatusdFault, BodiesAtARate) {
  Daemon daemon("statusd", {"--body", std::string(1000, 'x'), "--body-rate", "2000"});
  const auto start = Clock::now();
  const auto reply = curl(daemon, "/");
  EXPECT_EQ(reply.field("Content-Length"), "1000");
  EXPECT_EQ(reply.body, std::string(1000, 'x'));
  EXPECT_GE(Clock::now() - start, Millis(400));
}

TEST(StatusdOnce, IsOneRequestNotOneConnection) {
  Daemon daemon("statusd", {"--once"});
  for (int i = 0; i < 3; ++i) (void)daemon.connect();
  auto idle = daemon.connect();
  EXPECT_EQ(curl(daemon, "/").code, 200);
  EXPECT_EQ(daemon.wait(), 0);
  EXPECT_EQ(idle.rest(), "");
}

TEST(StatusdOnce, AnswersOneOfAPipeline) {
  Daemon daemon("statusd", {"--once"});
  auto client = daemon.connect();
  client.send(request("GET / HTTP/1.1") + request("GET / HTTP/1.1"));
  const std::string all = client.rest();
  EXPECT_EQ(all.find("HTTP/1.1 200"), all.rfind("HTTP/1.1 200"));
  EXPECT_THAT(all, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_EQ(daemon.wait(), 0);
}

TEST(StatusdOnce, AnswersOneOfSeveralClientsThoughItTakesTime) {
  Daemon daemon("statusd", {"--once", "--latency", "300ms", "-q", "--access-log"});
  std::vector<Socket> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(daemon.connect());
    clients.back().send(request("GET / HTTP/1.1"));
  }
  int answered = 0;
  for (Socket& client : clients) answered += client.rest().empty() ? 0 : 1;
  EXPECT_EQ(answered, 1);
  EXPECT_EQ(daemon.wait(), 0);
  EXPECT_EQ(lines_of(daemon.err.rest()).size(), 1u);
}

TEST(StatusdTruth, OptionsSayWhatGetWould) {
  Daemon down("statusd", {"--status", "503"});
  const auto reply = curl(down, "/", {"-X", "OPTIONS"});
  EXPECT_EQ(reply.code, 503);
  EXPECT_EQ(reply.field("Allow"), "GET, HEAD, OPTIONS");
  const TempDir dir;
  Daemon unready("statusd", {"--ready-file", dir.path("ready")});
  EXPECT_EQ(curl(unready, "/readyz", {"-X", "OPTIONS"}).code, 503);
  EXPECT_EQ(curl(unready, "/", {"-X", "OPTIONS"}).code, 204);
  (void)dir.file("ready", "");
  EXPECT_EQ(curl(unready, "/readyz", {"-X", "OPTIONS"}).code, 204);
}

TEST(StatusdTruth, AResetHasNoBody) {
  Daemon daemon("statusd", {"--status", "205"});
  auto client = daemon.connect();
  for (const char* method : {"GET", "HEAD", "GET"}) {
    client.send(request(std::string(method) + " / HTTP/1.1"));
    const auto reply = next_reply(client);
    EXPECT_EQ(reply.code, 205);
    EXPECT_EQ(reply.field("Content-Length"), "0");
  }
}

TEST(StatusdHangup, ReadsTheBodyAgain) {
  const TempDir dir;
  const auto file = dir.file("body", "one");
  Daemon daemon("statusd", {"--body-file", file});
  EXPECT_EQ(curl(daemon, "/").body, "one");
  (void)dir.file("body", "two");
  daemon.signal(SIGHUP);
  wait_until("the new body", [&] { return curl(daemon, "/").body == "two"; });
  std::filesystem::remove(file);
  daemon.signal(SIGHUP);
  EXPECT_THAT(line_with(daemon.err, file), EndsWith("(keeping the previous body)"));
  EXPECT_EQ(curl(daemon, "/").body, "two");
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(StatusdHangup, ReadsTheBodyAgainUnderNohupToo) {
  const TempDir dir;
  const auto file = dir.file("body", "one");
  Process daemon(
      {"nohup", bin_dir() + "/statusd", "-q", "--body-file", file, "--print-port", "127.0.0.1:0"});
  const std::string target = "http://127.0.0.1:" + daemon.out.line() + "/";
  (void)dir.file("body", "two");
  daemon.signal(SIGHUP);
  wait_until("the new body", [&] { return run({"curl", "-s", target}).out == "two"; });
  EXPECT_EQ(daemon.stop(), 0);
}

// It has no more data, and a named pipe would even block.
TEST(StatusdHangup, APipeIsNotReadAgain) {
  expect_hangup_drains("statusd --body-file <(echo body)");
}

TEST(StatusdHangup, AFileThatIsGoneIsLoggedOnce) {
  const TempDir dir;
  const auto file = dir.file("body", "one");
  Daemon daemon("statusd", {"--body-file", file, "--threads", "4"});
  std::filesystem::remove(file);
  daemon.signal(SIGHUP);
  EXPECT_THAT(line_with(daemon.err, file), EndsWith("(keeping the previous body)"));
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(daemon.err.rest(), "");
}

}  // namespace
}  // namespace e2e
