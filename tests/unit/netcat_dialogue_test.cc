// What netcat says to a proxy, and what it makes of the answers: by tables, and byte by byte.
#include "tools/netcat/proxy/dialogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tools/netcat/proxy/http_connect.h"

namespace netcat {
namespace {

using State = Dialogue::State;
using testing::HasSubstr;
using std::string_literals::operator""s;

Proxy proxy_of(Proxy::Type type, std::optional<std::string> user = {},
               std::optional<std::string> password = {}) {
  Proxy proxy;
  proxy.type = type;
  proxy.user = std::move(user);
  proxy.password = std::move(password);
  return proxy;
}

const Destination kName{"db.test", 5432};
const Destination kV4{"10.1.2.3", 80};
const Destination kV6{"2001:db8::1", 443};

struct Exchange {
  std::string sent;  // all of it
  State state;
  ProxyFailure failure;
  std::size_t taken;
};

// The answers in pieces of `step` bytes, then the proxy's end if `ends`.
Exchange exchange(const Proxy& proxy, const Destination& to, std::string_view answers,
                  std::size_t step, bool ends) {
  const auto dialogue = make_dialogue(proxy, to);
  std::string sent = dialogue->output();
  std::size_t taken = 0;
  while (taken < answers.size() && dialogue->state() == State::kTalking) {
    const std::string piece(answers.substr(taken, step));  // of its own, so that a view shows
    const std::size_t n = dialogue->take(piece);
    if (dialogue->state() == State::kTalking) {
      EXPECT_EQ(n, piece.size());
    }
    taken += n;
    sent += dialogue->output();
  }
  if (ends) dialogue->end();
  return {sent, dialogue->state(), dialogue->failure(), taken};
}

struct DialogueRow {
  Proxy proxy;
  Destination to;
  std::string answers;
  std::string sent;
  State state;
  int status = 0;
  std::string why = {};
  bool absent = false;
  bool ends = false;
};

void check(const std::vector<DialogueRow>& rows) {
  for (const DialogueRow& row : rows) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}, SIZE_MAX / 2}) {
      SCOPED_TRACE(testing::PrintToString(row.answers) + " by " + std::to_string(step));
      const Exchange result = exchange(row.proxy, row.to, row.answers, step, row.ends);
      if (!row.sent.empty()) {
        EXPECT_EQ(result.sent, row.sent);
      }
      EXPECT_EQ(result.state, row.state);
      EXPECT_EQ(result.failure.status, row.status);
      EXPECT_THAT(result.failure.why, HasSubstr(row.why));
      EXPECT_EQ(result.failure.absent, row.absent);
    }
  }
}

TEST(NetcatDialogue, Socks4) {
  const Proxy v4 = proxy_of(Proxy::kSocks4), v4a = proxy_of(Proxy::kSocks4a, "me");
  const std::string granted = "\0\x5a\x12\x34\x01\x02\x03\x04"s;
  check({
      {v4, kV4, granted, "\x04\x01\0\x50\x0a\x01\x02\x03\0"s, State::kOpen},
      {v4a, kV4, granted, "\x04\x01\0\x50\x0a\x01\x02\x03me\0"s, State::kOpen},
      {v4a, kName, granted, "\x04\x01\x15\x38\0\0\0\x01me\0db.test\0"s, State::kOpen},
      {v4a, kV6, granted,
       "\x04\x01\x01\xbb\0\0\0\x01me\0"
       "2001:db8::1\0"s,
       State::kOpen},
      {v4, kV4, granted.substr(0, 7), "", State::kTalking},
      {v4, kV4, granted.substr(0, 7), "", State::kFailed, 11, "without an answer", false, true},
      {v4, kV4, "\0\x5b"s, "", State::kFailed, 11, "request rejected or failed"},
      {v4, kV4, "\0\x5c"s, "", State::kFailed, 11, "identd"},
      {v4, kV4, "\0\x5d"s, "", State::kFailed, 11, "identd"},
      {v4, kV4, "\0\x01"s, "", State::kFailed, 11, "request rejected (code 1)"},
      {v4, kV4, "\x04\x5a", "", State::kFailed, 11, "does not speak SOCKS4"},
      {v4, kV4, "HTTP", "", State::kFailed, 11, "does not speak SOCKS4 (it sent \"H"},
  });
}

const std::string kHello = "\x05\x01\0"s;
const std::string kNamed =
    "\x05\x01\0\x03\x07"
    "db.test\x15\x38"s;
const std::string kBound = "\x05\0\0\x01\x7f\0\0\x01\x04\x38"s;

TEST(NetcatDialogue, Socks5) {
  const Proxy plain = proxy_of(Proxy::kSocks5);
  const std::string name(255, 'x');
  check({
      {plain, kName, "\x05\0"s + kBound, kHello + kNamed, State::kOpen},
      {plain, kV4, "\x05\0"s + kBound, kHello + "\x05\x01\0\x01\x0a\x01\x02\x03\0\x50"s,
       State::kOpen},
      {plain, kV6, "\x05\0"s + kBound,
       kHello + "\x05\x01\0\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x01\xbb"s, State::kOpen},
      {plain,
       {name, 1},
       "\x05\0"s + kBound,
       kHello + "\x05\x01\0\x03\xff"s + name + "\0\x01"s,
       State::kOpen},
      {plain, kName, "\x05\0\x05\0\0\x03\x04name\0\x50"s, "", State::kOpen},
      {plain, kName, "\x05\0\x05\0\0\x03\0\0\x50"s, "", State::kOpen},
      {plain, kName,
       "\x05\0\x05\0\0\x04\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d"
       "\x0e\x0f\0\x50"s,
       "", State::kOpen},
      {plain, kName, "\x05\0\x05\0\0\x02\0\0"s, "", State::kFailed, 11, "unknown type (2)"},
      {plain, kName, "\x05\0\x05\0\0\x01\x7f"s, "", State::kTalking},
      {plain, kName, "\x05\0\x05\0\0\x01\x7f"s, "", State::kFailed, 11, "without an answer", false,
       true},
      {plain, kName, "", kHello, State::kFailed, 11, "without an answer", false, true},
      {plain, kName, "\x04\0"s, "", State::kFailed, 11, "does not speak SOCKS5"},
      {plain, kName, "\x05\0\x04\0"s, "", State::kFailed, 11, "does not speak SOCKS5"},
      {plain, kName, "\x05\0\x01"s, "", State::kFailed, 11, "does not speak SOCKS5"},
      {plain, kName, "SSH-2.0-x\r\n", "", State::kFailed, 11, "(it sent \"S"},
      {plain, kName, "\x05\xff", "", State::kFailed, 11, "authentication required"},
      {plain, kName, "\x05\x02", "", State::kFailed, 11, "which was not offered"},
      {plain, kName, "\x05\x01", "", State::kFailed, 11, "method 1, which was not offered"},
  });
}

TEST(NetcatDialogue, Socks5SaysWhyTheDestinationIsNotReached) {
  const Proxy plain = proxy_of(Proxy::kSocks5);
  const struct {
    unsigned char code;
    int status;
    const char* why;
  } refusals[] = {
      {1, 11, "general SOCKS server failure"},
      {2, 11, "not allowed by the proxy's rules"},
      {3, 6, "network is unreachable"},
      {4, 6, "host is unreachable"},
      {5, 4, "connection refused"},
      {6, 6, "TTL expired"},
      {7, 11, "does not support CONNECT"},
      {8, 11, "does not support this type of address"},
      {9, 11, "SOCKS5 error 9"},
      {255, 11, "SOCKS5 error 255"},
  };
  for (const auto& refusal : refusals) {
    const std::string answer = "\x05\0\x05"s + static_cast<char>(refusal.code);
    check({{plain, kName, answer, "", State::kFailed, refusal.status, refusal.why,
            refusal.status != 11}});
  }
}

TEST(NetcatDialogue, Socks5LogsIn) {
  const Proxy proxy = proxy_of(Proxy::kSocks5, "me", "secret");
  const std::string hello = "\x05\x02\0\x02"s, login = "\x01\x02me\x06secret";
  const Proxy longest = proxy_of(Proxy::kSocks5, std::string(255, 'u'), std::string(255, 'p'));
  check({
      {proxy, kName, "\x05\x02\x01\0"s + kBound, hello + login + kNamed, State::kOpen},
      {proxy, kName, "\x05\0"s + kBound, hello + kNamed, State::kOpen},
      {proxy, kName, "\x05\x02", hello + login, State::kTalking},
      {proxy, kName, "\x05\x02\x01\x01", hello + login, State::kFailed, 11,
       "authentication failed"},
      {proxy, kName, "\x05\x02\x05\0"s, "", State::kFailed, 11, "does not speak SOCKS5"},
      {proxy, kName, "\x05\xff", "", State::kFailed, 11, "no authentication method in common"},
      {longest, kName, "\x05\x02\x01\0"s + kBound,
       hello + "\x01\xff" + std::string(255, 'u') + "\xff" + std::string(255, 'p') + kNamed,
       State::kOpen},
  });
}

TEST(NetcatDialogue, HttpConnect) {
  const Proxy http = proxy_of(Proxy::kHttp), user = proxy_of(Proxy::kHttp, "me", "secret");
  const std::string request = "CONNECT db.test:5432 HTTP/1.1\r\nHost: db.test:5432\r\n";
  const auto ok = [&](const std::string& answer) {
    return DialogueRow{http, kName, answer, request + "\r\n", State::kOpen};
  };
  check({
      ok("HTTP/1.1 200 Connection established\r\n\r\n"),
      ok("HTTP/1.0 200 OK\r\n\r\n"),
      ok("HTTP/1.1 200\r\n\r\n"),
      ok("HTTP/1.1 200 \r\n\r\n"),
      ok("HTTP/1.1 204 No Content\r\n\r\n"),
      ok("HTTP/1.1 299 x\r\n\r\n"),
      ok("HTTP/1.1 200 OK\n\n"),
      ok("HTTP/1.1 200 OK\nA: b\r\n\n"),
      ok("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
      ok("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
      ok("HTTP/1.1 102\r\nA: b\r\n\r\nHTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
      ok("HTTP/1.1 200 OK\r\nA:\tb\r\nno colon\r\n\r\n"),
      {http, kV6, "HTTP/1.1 200 OK\r\n\r\n",
       "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n", State::kOpen},
      {user, kName, "HTTP/1.1 200 OK\r\n\r\n",
       request + "Proxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n", State::kOpen},
      {proxy_of(Proxy::kHttp, "u", ""), kName, "",
       request + "Proxy-Authorization: Basic dTo=\r\n\r\n", State::kTalking},
      {proxy_of(Proxy::kHttp, "ab", "c"), kName, "",
       request + "Proxy-Authorization: Basic YWI6Yw==\r\n\r\n", State::kTalking},
  });
}

TEST(NetcatDialogue, HttpFailures) {
  const Proxy http = proxy_of(Proxy::kHttp), user = proxy_of(Proxy::kHttp, "me", "secret");
  const auto bad = [&](const std::string& answer, const std::string& why, bool ends = false) {
    return DialogueRow{http, kName, answer, "", State::kFailed, 11, why, false, ends};
  };
  const std::string login =
      "HTTP/1.1 407 Login\r\nProxy-Authenticate: Digest realm=x\r\n"
      "proxy-authenticate:  Basic realm=y\r\n";
  check({
      bad("HTTP/1.1 403 Forbidden\r\n", "HTTP 403 Forbidden"),
      bad("HTTP/1.1 502 Bad Gateway\r\n", "HTTP 502 Bad Gateway"),
      bad("HTTP/1.1 504\n", "HTTP 504"),
      bad("HTTP/1.1 301 Moved\r\n", "HTTP 301 Moved"),
      bad("HTTP/1.1 999 x\r\n", "HTTP 999 x"),
      bad(login + "\r\n", "authentication required (HTTP 407; schemes: Digest, Basic)"),
      bad(login, "authentication required (HTTP 407; schemes: Digest, Basic)", true),
      bad("HTTP/1.1 407\r\n\r\n", "schemes: none"),
      {user, kName, login + "\r\n", "", State::kFailed, 11,
       "authentication failed (HTTP 407; schemes: Digest, Basic)"},
      bad("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\n", "HTTP 403 No"),
      bad("HTTP/2 200", "does not speak HTTP"),
      bad("http/1.1 200", "does not speak HTTP"),
      bad("SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP (it sent \"S"),
      bad("\x05\xff", "does not speak HTTP"),
      bad("\r\nHTTP/1.1 200 OK\r\n\r\n", "HTTP"),
      bad("HTTP/1.1  200 OK\r\n", "invalid HTTP status line"),
      bad("HTTP/1.1 20 OK\r\n", "invalid HTTP status line"),
      bad("HTTP/1.1 2000 OK\r\n", "invalid HTTP status line"),
      bad("HTTP/1.1 000 OK\r\n", "invalid HTTP status line"),
      bad("HTTP/1.1 -20 OK\r\n", "invalid HTTP status line"),
      bad("HTTP/1.x 200 OK\r\n", "invalid HTTP status line"),
      bad("HTTP/1.1\r\n", "invalid HTTP status line"),
      bad("HTTP/1.1 200 OK\r\nA: b\rc\r\n", "does not speak HTTP"),
      bad("HTTP/1.1 200 OK\r\nA: \0\r\n"s, "does not speak HTTP"),
      bad("HTTP/1.1 200 O\x1bK\r\n", "does not speak HTTP"),
      bad("HTTP/1.1 200 OK\r\n", "without an answer", true),
      bad("HTTP/1.1 100 OK\r\n\r\n", "without an answer", true),
  });
}

TEST(NetcatDialogue, HttpAnswersHaveLimits) {
  const Proxy http = proxy_of(Proxy::kHttp);
  const std::string status = "HTTP/1.1 200 OK\r\n";
  std::string fields;
  for (int i = 0; i < 100; ++i) fields += "A: b\r\n";
  const std::size_t room = HttpConnect::kAnswerBytesMax - status.size() - 4;
  check({
      {http, kName, status + fields + "\r\n", "", State::kOpen},
      {http, kName, status + fields + "A: b\r\n", "", State::kFailed, 11, "more than 100 fields"},
      {http, kName, status + std::string(room, 'a') + "\r\n\r\n", "", State::kOpen},
      {http, kName, status + std::string(room + 1, 'a') + "\r\n\r\n", "", State::kFailed, 11,
       "longer than 16 KiB"},
  });
}

// What comes behind the answer, at once or later, is not the dialogue's.
TEST(NetcatDialogue, LeavesWhatIsBehindTheAnswer) {
  const struct {
    Proxy proxy;
    std::string answers;
  } rows[] = {
      {proxy_of(Proxy::kSocks4a), "\0\x5a\0\0\0\0\0\0"s},
      {proxy_of(Proxy::kSocks5), "\x05\0"s + kBound},
      {proxy_of(Proxy::kSocks5), "\x05\0\x05\0\0\x03\x01n\0\x50"s},
      {proxy_of(Proxy::kHttp), "HTTP/1.1 200 OK\r\n\r\n"},
      {proxy_of(Proxy::kHttp), "HTTP/1.1 200 OK\n\n"},
      {proxy_of(Proxy::kHttp), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
  };
  for (const auto& row : rows)
    for (const std::size_t step : {std::size_t{1}, std::size_t{3}, SIZE_MAX / 2}) {
      const Exchange result = exchange(row.proxy, kName, row.answers + "early data", step, false);
      EXPECT_EQ(result.state, State::kOpen);
      EXPECT_EQ(result.taken, row.answers.size()) << row.answers;
    }
}

TEST(NetcatDialogue, RefusesWhatItCannotSay) {
  const struct {
    Proxy proxy;
    Destination to;
    bool can;
  } rows[] = {
      {proxy_of(Proxy::kSocks5), kName, true},
      {proxy_of(Proxy::kSocks5), {std::string(255, 'x'), 1}, true},
      {proxy_of(Proxy::kSocks5), {std::string(256, 'x'), 1}, false},
      {proxy_of(Proxy::kHttp), {"a\r\nb: c", 1}, false},
      {proxy_of(Proxy::kHttp), {"a b", 1}, false},
      {proxy_of(Proxy::kSocks4), kV6, false},
      {proxy_of(Proxy::kSocks4a), kV6, true},
      {proxy_of(Proxy::kHttp, "a:b", "c"), kName, false},
      {proxy_of(Proxy::kSocks5, "a:b", "c"), kName, true},
      {proxy_of(Proxy::kSocks5, "u", ""), kName, false},
      {proxy_of(Proxy::kHttp, "u", ""), kName, true},
      {proxy_of(Proxy::kSocks5, std::string(256, 'u'), "p"), kName, false},
      {proxy_of(Proxy::kSocks5, "u", std::string(256, 'p')), kName, false},
  };
  for (const auto& row : rows)
    EXPECT_EQ(unsayable(row.proxy, row.to).empty(), row.can) << unsayable(row.proxy, row.to);
}

}  // namespace
}  // namespace netcat
