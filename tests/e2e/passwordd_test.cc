// What passwordd promises: the passwords asked for, and no others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "web.h"

namespace e2e {
namespace {

using testing::AllOf;
using testing::Each;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

TEST(Passwordd, AHundredOfTwelve) {
  Daemon daemon("passwordd");
  const auto reply = curl(daemon, "/password");
  EXPECT_EQ(reply.code, 200);
  EXPECT_THAT(reply.field("Content-Type"), StartsWith("text/plain"));
  EXPECT_EQ(reply.field("Cache-Control"), "no-store");
  EXPECT_THAT(reply.body, EndsWith("\n"));
  const auto passwords = lines_of(reply.body);
  EXPECT_THAT(passwords, SizeIs(100));
  EXPECT_THAT(passwords, Each(MatchesRegex("[a-zA-Z0-9#@$]{12}")));
  EXPECT_THAT(std::set<std::string>(passwords.begin(), passwords.end()), SizeIs(100));
  EXPECT_NE(curl(daemon, "/password").body, reply.body);
}

// Where in its memory a process can write.
std::string writable_memory(pid_t pid) {
  const std::string proc = "/proc/" + std::to_string(pid);
  std::ifstream maps(proc + "/maps"), memory(proc + "/mem", std::ios::binary);
  EXPECT_TRUE(memory.is_open());
  std::string all;
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0, end = 0;
    char flags[5] = "";
    EXPECT_EQ(std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, flags), 3);
    if (flags[1] != 'w' || end - begin > (1UL << 28)) continue;  // a sanitizer's shadow
    const std::size_t size = all.size();
    all.resize(size + (end - begin));
    memory.clear();
    memory.seekg(static_cast<std::streamoff>(begin));
    memory.read(all.data() + size, static_cast<std::streamsize>(end - begin));
  }
  return all;
}

TEST(Passwordd, ForgetsWhatItHasHandedOut) {
  Daemon daemon("passwordd", {"--charset", "alnum"});
  for (const char* query : {"?count=1&length=200", "", "?format=json", "?count=10000&length=256"}) {
    SCOPED_TRACE(query);
    std::string mark = curl(daemon, std::string("/password") + query).body;
    mark = mark.substr(mark.size() - 10, 7);
    EXPECT_THAT(writable_memory(daemon.pid()), testing::SizeIs(testing::Gt(100'000)));
    wait_until("the end of " + mark, [&] {  // which may arrive here before it is wiped there
      return writable_memory(daemon.pid()).find(mark) == std::string::npos;
    });
  }
}

TEST(Passwordd, TheQueryDecides) {
  struct Row {
    const char* query;
    std::size_t count;
    const char* each;
  };
  const Row table[] = {
      {"?count=1", 1, "[a-zA-Z0-9#@$]{12}"},
      {"?length=4", 100, "[a-zA-Z0-9#@$]{4}"},
      {"?count=3&length=256", 3, "[a-zA-Z0-9#@$]{256}"},
      {"?count=5&charset=alnum", 5, "[a-zA-Z0-9]{12}"},
      {"?count=5&charset=alpha", 5, "[a-zA-Z]{12}"},
      {"?count=5&charset=digits", 5, "[0-9]{12}"},
      {"?count=5&charset=hex", 5, "[0-9a-f]{12}"},
      {"?count=100&charset=safe", 100, "[a-hjkmnp-zA-HJ-NP-Z2-9]{12}"},
      {"?count=5&charset=DIGITS", 5, "[0-9]{12}"},
      {"?count=5&charset=Hex", 5, "[0-9a-f]{12}"},
      {"?count=5&chars=ab", 5, "[ab]{12}"},
      {"?count=5&chars=alnum-", 5, "[alnum-]{12}"},
      {"?count=5&chars=a-z", 5, "[az-]{12}"},
      {"?count=5&chars=%2B%25", 5, "[+%]{12}"},
      {"?count=5&chars=a+b", 5, "[a b]{12}"},
      {"?count=5&length=6&chars=%C3%A4%C3%B6", 5, "(ä|ö){6}"},
      {"?count=2&entropy=1", 2, "[a-zA-Z0-9#@$]{12}\t72\\.27 bits"},
      {"?count=2&entropy=0", 2, "[a-zA-Z0-9#@$]{12}"},
      {"?count=2&length=32&charset=hex&entropy=1", 2, "[0-9a-f]{32}\t128\\.00 bits"},
      {"?format=text&count=2", 2, "[a-zA-Z0-9#@$]{12}"},
      {"?", 100, "[a-zA-Z0-9#@$]{12}"},
  };
  Daemon daemon("passwordd");
  for (const auto& row : table) {
    SCOPED_TRACE(row.query);
    const auto reply = curl(daemon, std::string("/password") + row.query);
    EXPECT_EQ(reply.code, 200);
    EXPECT_THAT(lines_of(reply.body), AllOf(SizeIs(row.count), Each(MatchesRegex(row.each))));
  }
}

// Whether it is JSON at all is for Python to say: it prints a line for each element.
std::vector<std::string> elements(const std::string& json) {
  const auto end = run({"python3", "-c",
                        "import json, sys\n"
                        "for e in json.load(sys.stdin):\n"
                        "  print(e if type(e) is str else e['password'] + ' ' + str(e['bits']))"},
                       json);
  EXPECT_EQ(end.status, 0) << end.err << json;
  return lines_of(end.out);
}

TEST(Passwordd, Json) {
  Daemon daemon("passwordd");
  auto reply = curl(daemon, "/password?format=json");
  EXPECT_EQ(reply.field("Content-Type"), "application/json");
  EXPECT_THAT(elements(reply.body), AllOf(SizeIs(100), Each(MatchesRegex("[a-zA-Z0-9#@$]{12}"))));
  reply = curl(daemon, "/password?format=json&count=20&chars=%22%5C%2F");
  EXPECT_THAT(elements(reply.body), AllOf(SizeIs(20), Each(MatchesRegex("[\"\\\\/]{12}"))));
  reply = curl(daemon, "/password?format=json&count=2&charset=hex&entropy=1");
  EXPECT_THAT(elements(reply.body), AllOf(SizeIs(2), Each(MatchesRegex("[0-9a-f]{12} 48\\.0"))));
}

TEST(Passwordd, JsonForWhoPrefersIt) {
  struct Row {
    const char* accept;
    const char* query;
    bool json;
  };
  const Row table[] = {
      {"Accept: application/json", "", true},
      {"Accept: */*", "", false},
      {"Accept:", "", false},
      {"Accept: text/plain;q=0.5, application/json", "", true},
      {"Accept: text/plain, application/json;q=0.5", "", false},
      {"Accept: application/json", "?format=text", false},
      {"Accept: text/plain", "?format=json", true},
  };
  Daemon daemon("passwordd");
  for (const auto& row : table) {
    const auto reply = curl(daemon, std::string("/password") + row.query, {"-H", row.accept});
    EXPECT_EQ(reply.field("Content-Type") == "application/json", row.json) << row.accept;
  }
  const auto twice = curl(daemon, "/password",
                          {"-H", "Accept: text/html", "-H",  //
                           "Accept: application/json"});
  EXPECT_EQ(twice.field("Content-Type"), "application/json");
}

TEST(Passwordd, BadInputIs400AndOneLine) {
  struct Row {
    const char* query;
    const char* why;
  };
  const Row table[] = {
      {"count=0", "count: '0' is not a number from 1 to 10000\n"},
      {"count=10001", "count: '10001' is not a number from 1 to 10000\n"},
      {"count=", "count: '' is not a number from 1 to 10000\n"},
      {"count", "count: '' is not a number from 1 to 10000\n"},
      {"count=-1", "count: '-1' is not a number from 1 to 10000\n"},
      {"count=1e3", "count: '1e3' is not a number from 1 to 10000\n"},
      {"count=99999999999999999999", "is not a number from 1 to 10000\n"},
      {"length=3", "length: '3' is not a number from 4 to 256\n"},
      {"length=257", "length: '257' is not a number from 4 to 256\n"},
      {"length=12%00", "length: '12\\x00' is not a number from 4 to 256\n"},
      {"charset=", "charset: '' is not a set (use alnum, "},
      {"charset=digit", "charset: 'digit' is not a set (use alnum, "},
      {"charset=ab", "charset: 'ab' is not a set (use alnum, "},
      {"chars=", "chars: needs at least two different characters\n"},
      {"chars=a", "chars: needs at least two different characters\n"},
      {"chars=aab", "chars: has 'a' twice\n"},
      {"chars=ab%0A", "chars: has a control character\n"},
      {"chars=ab%FF", "chars: is not UTF-8\n"},
      {"chars=ab%E2%80%8B", "chars: has an invisible, combining or private-use character\n"},
      {"chars=ab%CC%81", "chars: has an invisible, combining or private-use character\n"},
      {"chars=ab&charset=hex", "chars: cannot be combined with charset\n"},
      {"classes=lower,digits", "classes: 'digits' is not a class ("},
      {"classes=", "classes: '' is not a class ("},
      {"classes=upper&charset=hex",
       "classes: the characters to choose from do not cover every class\n"},
      {"words=4", "words: no word list is loaded (see --words-file)\n"},
      {"separator=-", "separator: requires words\n"},
      {"format=xml", "format: 'xml' is neither text nor json\n"},
      {"entropy=yes", "entropy: 'yes' is neither 0 nor 1\n"},
      {"lenght=20", "lenght: unknown parameter"},
      {"count=1&count=2", "count: given twice\n"},
      {"charset=%4", "the query has a malformed %-sequence\n"},
      {"x%0Ay=1", "x\\x0ay: unknown parameter"},
  };
  Daemon daemon("passwordd");
  for (const auto& row : table) {
    SCOPED_TRACE(row.query);
    const auto reply = curl(daemon, std::string("/password?") + row.query);
    EXPECT_EQ(reply.code, 400);
    EXPECT_THAT(reply.body, HasSubstr(row.why));
    EXPECT_EQ(std::ranges::count(reply.body, '\n'), 1);
  }
}

TEST(Passwordd, OtherPathsAndMethods) {
  Daemon daemon("passwordd");
  for (const auto* path : {"/passwords", "/password/", "/Password", "/%2Fpassword"})
    EXPECT_EQ(curl(daemon, path).code, 404) << path;
  for (const auto* method : {"POST", "PUT", "DELETE"}) {
    const auto reply = curl(daemon, "/password", {"-X", method});
    EXPECT_EQ(reply.code, 405) << method;
    EXPECT_EQ(reply.field("Allow"), "GET, HEAD, OPTIONS");
  }
  const auto unknown = curl(daemon, "/password", {"-X", "BREW"});
  EXPECT_EQ(unknown.code, 501);
  EXPECT_EQ(unknown.field("Connection"), "close");
  const auto options = curl(daemon, "/password", {"-X", "OPTIONS"});
  EXPECT_EQ(options.code, 204);
  EXPECT_EQ(options.field("Allow"), "GET, HEAD, OPTIONS");
}

TEST(Passwordd, NoAnswerMayBeCached) {
  Daemon daemon("passwordd");
  for (const auto* path : {"/", "/password", "/password?length=3", "/password?length=%4"})
    EXPECT_EQ(curl(daemon, path).field("Cache-Control"), "no-store") << path;
  for (const auto* method : {"POST", "OPTIONS", "BREW"})
    EXPECT_EQ(curl(daemon, "/password", {"-X", method}).field("Cache-Control"), "no-store")
        << method;
}

TEST(Passwordd, HeadIsGetWithoutTheBody) {
  Daemon daemon("passwordd");
  const auto reply = curl(daemon, "/password?count=7&length=9", {"-I"});
  EXPECT_EQ(reply.code, 200);
  EXPECT_EQ(reply.field("Content-Length"), "70");
  EXPECT_EQ(reply.body, "");
}

TEST(Passwordd, OptionsSetTheDefaults) {
  Daemon daemon("passwordd", {"--count", "3", "--length", "20", "--charset", "safe"});
  EXPECT_THAT(lines_of(curl(daemon, "/password").body),
              AllOf(SizeIs(3), Each(MatchesRegex("[a-hjkmnp-zA-HJ-NP-Z2-9]{20}"))));
  EXPECT_THAT(lines_of(curl(daemon, "/password?count=2&charset=hex").body),
              AllOf(SizeIs(2), Each(MatchesRegex("[0-9a-f]{20}"))));
}

TEST(Passwordd, WrongOptionsAreStatus2) {
  const std::vector<std::vector<std::string>> wrong = {
      {"--count", "0"},  {"--count", "10001"}, {"--length", "3"},  {"--length", "257"},
      {"--charset", ""}, {"--charset", "a"},   {"--charset", "\n"}};
  for (const auto& arguments : wrong) {
    const auto end = run({"passwordd", arguments[0], arguments[1]});
    EXPECT_EQ(end.status, 2) << arguments[0];
    EXPECT_THAT(end.err, MatchesRegex("passwordd: " + arguments[0] + ": [^\n]+\n"));
  }
  const auto both = run({"passwordd", "--chars", "ab", "--charset", "hex"});
  EXPECT_EQ(both.status, 2);
  EXPECT_EQ(both.err, "passwordd: --chars and --charset cannot be combined\n");
  EXPECT_EQ(run({"passwordd", "--separator", " "}).err,
            "passwordd: --separator requires --words-file\n");
}

TEST(Passwordd, TheLargestOrderIsDeliveredWhole) {
  Daemon daemon("passwordd");
  for (const auto* version : {"--http1.1", "--http1.0"}) {
    const auto body = curl(daemon, "/password?count=10000&length=256", {version}).body;
    EXPECT_EQ(body.size(), 10'000u * 257) << version;
    EXPECT_EQ(std::ranges::count(body, '\n'), 10'000) << version;
  }
  const auto json =
      curl(daemon, "/password?count=10000&length=256&format=json&entropy=1&chars=%22%5C").body;
  EXPECT_THAT(elements(json), SizeIs(10'000));
}

std::size_t resident_kib(const Process& process) {
  const auto status = read_file("/proc/" + std::to_string(process.pid()) + "/status");
  return std::stoul(status.substr(status.find("VmRSS:") + 6));
}

TEST(Passwordd, ClientsThatDoNotReadCostLittle) {
  Daemon daemon("passwordd");
  (void)curl(daemon, "/password?count=10000&length=256");
  const auto before = resident_kib(daemon);
  std::vector<Socket> deaf;
  for (int i = 0; i < 100; ++i) {
    deaf.push_back(daemon.connect({.narrow = true}));
    deaf.back().send(request("GET /password?count=10000&length=256 HTTP/1.1"));
  }
  for (auto& client : deaf) (void)client.take(1);
  EXPECT_LT(resident_kib(daemon) - before, 100u << 10) << "all of it would be 250 MiB";
  EXPECT_EQ(curl(daemon, "/password").code, 200);
}

// --- randomness that fails ---

class WithoutRandomness : public testing::Test {
 protected:
  // ASan wants to be the first library that is loaded.
  static std::string asan_options() {
    const char* set = std::getenv("ASAN_OPTIONS");
    return std::string("ASAN_OPTIONS=") + (set ? set : "") + ":verify_asan_link_order=0";
  }
  void fail() const { std::ofstream(file_) << "x"; }
  void recover() const { std::filesystem::remove(file_); }

  TempDir dir_;
  std::string file_ = dir_.path("fails");
  Daemon daemon_{
      "passwordd",
      {"-t", "2"},
      {.env = {"LD_PRELOAD=" FAILING_GETRANDOM, "GETRANDOM_FAILS=" + file_, asan_options()}}};
};

TEST_F(WithoutRandomness, TheAnswerIs503UntilThereIsSomeAgain) {
  EXPECT_THAT(lines_of(curl(daemon_, "/password").body), SizeIs(100));
  fail();
  for (const auto* query : {"", "?count=1", "?count=10000&length=256", "?format=json"}) {
    const auto reply = curl(daemon_, std::string("/password") + query);
    EXPECT_EQ(reply.code, 503) << query;
    EXPECT_EQ(reply.body, "the kernel provides no randomness: function not implemented\n");
    EXPECT_EQ(reply.field("Cache-Control"), "no-store");
  }
  recover();
  EXPECT_THAT(lines_of(curl(daemon_, "/password").body), SizeIs(100));
}

TEST_F(WithoutRandomness, TheLogSaysSoOnceForAllThreads) {
  fail();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(curl(daemon_, "/password").code, 503);
  recover();
  (void)curl(daemon_, "/password");
  EXPECT_EQ(daemon_.stop(), 0);
  EXPECT_THAT(lines_of(daemon_.err.rest()),
              testing::ElementsAre(StartsWith("passwordd: listening on"),
                                   "passwordd: getrandom: function not implemented"));
}

TEST_F(WithoutRandomness, HalfWayTheAnswerIsCutOffAndDoesNotEnd) {
  auto client = daemon_.connect({.narrow = true});
  client.send(request("GET /password?count=10000&length=256 HTTP/1.1"));
  EXPECT_THAT(client.take_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 OK"));
  fail();
  const auto rest = client.rest();
  EXPECT_LT(rest.size(), 10'000u * 257);
  EXPECT_THAT(rest, Not(EndsWith("0\r\n\r\n")));
}

// --- load ---

TEST(PassworddLoad, AbLosesNoRequestAndLeavesNoDescriptor) {
  Daemon daemon("passwordd");
  (void)curl(daemon, "/password");
  const auto before = descriptors_without_clients(daemon);
  for (const auto* keep_alive : {"", "-k"})
    expect_ab(daemon, "/password", is_sanitized() ? 5000 : 50'000, 1000, keep_alive);
  EXPECT_EQ(descriptors_without_clients(daemon), before);
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(PassworddLoad, WrkSeesNoError) {
  Daemon daemon("passwordd");
  expect_wrk(daemon, "/password");
}

TEST(PassworddLoad, ThreadsServeItTogether) {
  Daemon daemon("passwordd", {"--threads", "2"});
  expect_wrk(daemon, "/password?count=10");
  expect_ab(daemon, "/password", 1000, 100);
  EXPECT_EQ(curl(daemon, "/password?count=10000&length=256").body.size(), 10'000u * 257);
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_THAT(daemon.err.rest(), Not(HasSubstr("Sanitizer")));
}

}  // namespace
}  // namespace e2e
