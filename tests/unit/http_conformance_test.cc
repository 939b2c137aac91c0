// What a strict origin server takes and refuses, a row for each rule, with the section that says so
// (RFC 9112 and 9110; 3986 for URIs).
#include <gtest/gtest.h>

#include "http_input.h"

namespace net::http {
namespace {

constexpr int kTaken = 0;

struct Row {
  const char* section;
  const char* what;
  int status;  // of the refusal
  std::string bytes;
};

// A request of one more line, or of another first line.
std::string with(const std::string& field) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + field + "\r\n\r\n";
}
std::string line(const std::string& first) { return first + "\r\nHost: a\r\n\r\n"; }
std::string host(const std::string& host) { return "GET / HTTP/1.1\r\nHost:" + host + "\r\n\r\n"; }
std::string posted(const std::string& fields, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n\r\n" + body;
}
std::string chunked(const std::string& body) { return posted("Transfer-Encoding: chunked", body); }
std::string times(std::size_t n, const std::string& text) {
  std::string all;
  for (std::size_t i = 0; i < n; ++i) all += text;
  return all;
}
const std::string kNul(1, '\0');

const std::vector<Row> kRows = {
    // --- lines ---
    {"9112 2.2", "line feeds alone", 400, "GET / HTTP/1.1\nHost: a\n\n"},
    {"9112 2.2", "a line feed alone after a field", 400, "GET / HTTP/1.1\r\nHost: a\n\r\n"},
    {"9112 2.2", "a line feed alone at the end", 400, "GET / HTTP/1.1\r\nHost: a\r\n\n"},
    {"9112 2.2", "a carriage return in the target", 400, line("GET /\r HTTP/1.1")},
    {"9112 2.2", "a carriage return in a value", 400, with("X: a\rb")},
    {"9112 2.2", "a carriage return for a line end", 400, "GET / HTTP/1.1\rHost: a\r\r"},
    {"9112 2.2", "two carriage returns before a line feed", 400, with("X: a\r")},
    {"9112 2.2", "an empty line before the request", kTaken, "\r\n" + with("X: y")},
    {"9112 2.2", "several empty lines before the request", kTaken, "\r\n\r\n\r\n" + with("X: y")},
    {"9112 2.2", "a bare line feed before the request", 400, "\n" + with("X: y")},
    {"9112 2.2", "a blank before the request", 400, " " + with("X: y")},
    {"9112 2.2", "a blank line between request line and fields", 400,
     "GET / HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n"},
    // --- the request line ---
    {"9112 3", "the usual", kTaken, line("GET / HTTP/1.1")},
    {"9112 3", "two blanks after the method", 400, line("GET  / HTTP/1.1")},
    {"9112 3", "two blanks after the target", 400, line("GET /  HTTP/1.1")},
    {"9112 3", "a tab for a blank", 400, line("GET\t/ HTTP/1.1")},
    {"9112 3", "a blank at the end", 400, line("GET / HTTP/1.1 ")},
    {"9112 3", "a blank in the target", 400, line("GET /a b HTTP/1.1")},
    {"9112 3", "no target", 400, line("GET HTTP/1.1")},
    {"9112 3", "an empty target", 400, line("GET  HTTP/1.1")},
    {"9112 3", "the version alone", 400, line("HTTP/1.1")},
    {"9112 3", "a TLS client", 400, "\x16\x03\x01\x02" + kNul + "\x01"},
    {"9112 3", "a target of 8,000 bytes", kTaken,
     line("GET /" + std::string(7999, 'a') + " HTTP/1.1")},
    {"9112 3", "a target that is too long", 414,
     line("GET /" + std::string(9000, 'a') + " HTTP/1.1")},
    {"9112 3", "a target without an end", 414, "GET /" + std::string(9000, 'a')},
    {"9112 3", "bytes without an end", 400, std::string(20'000, 'a')},
    // --- the version ---
    {"9112 2.3", "HTTP/1.0", kTaken, "GET / HTTP/1.0\r\n\r\n"},
    {"9112 2.3", "HTTP/0.9, as it was", 400, "GET /\r\n"},
    {"9112 2.3", "HTTP/0.9, by name", 505, line("GET / HTTP/0.9")},
    {"9112 2.3", "HTTP/1.2", 505, line("GET / HTTP/1.2")},
    {"9112 2.3", "HTTP/9.9", 505, line("GET / HTTP/9.9")},
    {"9113 3.4", "HTTP/2 without asking", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    {"9112 2.3", "lower case", 400, line("GET / http/1.1")},
    {"9112 2.3", "another protocol", 400, line("GET / ICY/1.1")},
    {"9112 2.3", "no minor number", 400, line("GET / HTTP/1")},
    {"9112 2.3", "no dot", 400, line("GET / HTTP/11")},
    {"9112 2.3", "three digits", 400, line("GET / HTTP/1.10")},
    {"9112 2.3", "a letter", 400, line("GET / HTTP/1.x")},
    // --- the method ---
    {"9110 9.1", "all that are standard", kTaken,
     line("GET / HTTP/1.1") + line("HEAD / HTTP/1.1") + line("POST / HTTP/1.1") +
         line("PUT / HTTP/1.1") + line("DELETE / HTTP/1.1") + line("OPTIONS / HTTP/1.1") +
         line("TRACE / HTTP/1.1") + line("PATCH / HTTP/1.1")},
    {"9110 9.1", "one that nobody knows", 501, line("BREW / HTTP/1.1")},
    {"9110 9.1", "lower case", 501, line("get / HTTP/1.1")},
    {"9110 9.1", "the beginning of one", 501, line("GE / HTTP/1.1")},
    {"9110 9.1", "one of another protocol", 501, line("DESCRIBE / HTTP/1.1")},
    {"9110 9.1", "no token", 400, line("G(ET / HTTP/1.1")},
    {"9110 9.1", "empty", 400, line(" / HTTP/1.1")},
    {"9110 9.3.6", "CONNECT", 501, line("CONNECT a:80 HTTP/1.1")},
    // --- the target ---
    {"9112 3.2.1", "a path and a query", kTaken, line("GET /a/b?c=d?e HTTP/1.1")},
    {"9112 3.2.2", "a URI", kTaken, line("GET http://a/b?c HTTP/1.1")},
    {"9112 3.2.2", "a URI with a port", kTaken, line("GET HTTP://a:80 HTTP/1.1")},
    {"9112 3.2.2", "a URI without a path, with a query", kTaken, line("GET http://a?b HTTP/1.1")},
    {"9110 4.2.1", "a URI without a host", 400, line("GET http:///b HTTP/1.1")},
    {"9110 4.2.1", "a URI with a port alone", 400, line("GET http://:80/ HTTP/1.1")},
    {"9110 4.2.4", "a URI with a user", 400, line("GET http://u:p@a/ HTTP/1.1")},
    {"9112 3.2.2", "a URI of another scheme", 400, line("GET ftp://a/ HTTP/1.1")},
    {"9112 3.2.3", "host and port for another method than CONNECT", 400, line("GET a:80 HTTP/1.1")},
    {"9112 3.2.4", "an asterisk for OPTIONS", kTaken, line("OPTIONS * HTTP/1.1")},
    {"9112 3.2.4", "an asterisk for another method", 400, line("GET * HTTP/1.1")},
    {"9112 3.2", "no slash", 400, line("GET a HTTP/1.1")},
    {"9112 3.2", "a fragment", 400, line("GET /a#b HTTP/1.1")},
    {"3986 2", "a control byte", 400, line("GET /\x01 HTTP/1.1")},
    {"3986 2", "NUL", 400, line("GET /" + kNul + " HTTP/1.1")},
    {"3986 2", "DEL", 400, line("GET /\x7f HTTP/1.1")},
    {"3986 2", "bytes that are not ASCII", kTaken, line("GET /\x80\xc3\xa4?\xff HTTP/1.1")},
    // --- Host ---
    {"9112 3.2", "none", 400, "GET / HTTP/1.1\r\n\r\n"},
    {"9112 3.2", "none, and a URI", 400, "GET http://a/ HTTP/1.1\r\n\r\n"},
    {"9112 3.2", "two", 400, with("Host: b")},
    {"9112 3.2", "two that are the same", 400, with("Host: a")},
    {"9112 3.2", "two for HTTP/1.0", 400, "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"},
    {"9112 3.2", "empty", kTaken, host("")},
    {"9112 3.2", "in any letter case", kTaken, "GET / HTTP/1.1\r\nhOST: a\r\n\r\n"},
    {"9110 7.2", "a name and a port", kTaken, host(" www.example.org:8080")},
    {"9110 7.2", "a name and an empty port", kTaken, host(" a:")},
    {"9110 7.2", "IPv4", kTaken, host(" 127.0.0.1:80")},
    {"9110 7.2", "IPv6", kTaken, host(" [::1]:80")},
    {"9110 7.2", "IPv6 without brackets", 400, host(" ::1")},
    {"9110 7.2", "IPv6 without an end", 400, host(" [::1")},
    {"9110 7.2", "text behind IPv6", 400, host(" [::1]a")},
    {"9110 7.2", "a port alone", 400, host(" :80")},
    {"9110 7.2", "a port that is no number", 400, host(" a:b")},
    {"9110 7.2", "a blank", 400, host(" a b")},
    {"9110 7.2", "a path", 400, host(" a/b")},
    {"9110 7.2", "a user", 400, host(" u@a")},
    {"9110 7.2", "two with a comma and a blank", 400, host(" a, b")},
    {"3986 3.2.2", "an escaped byte", kTaken, host(" a%2db")},
    {"3986 3.2.2", "a percent sign alone", 400, host(" a%2")},
    {"3986 3.2.2", "a byte that is not ASCII", 400, host(" \xc3\xa4")},
    // --- fields ---
    {"9112 5.1", "a blank before the colon", 400, with("X : y")},
    {"9112 5.1", "a tab before the colon", 400, with("X\t: y")},
    {"9112 5.1", "a blank before the colon of Host", 400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
    {"9112 5.1", "blanks and tabs around the value", kTaken, with("X: \t y \t ")},
    {"9112 5.1", "no blank before the value", kTaken, with("X:y")},
    {"9112 5", "an empty value", kTaken, with("X:")},
    {"9112 5", "no colon", 400, with("X")},
    {"9112 5", "no name", 400, with(": y")},
    {"9112 5.2", "folding", 400, with("X: a\r\n b")},
    {"9112 5.2", "folding with a tab", 400, with("X: a\r\n\tb")},
    {"9112 5.2", "folding of nothing", 400, with("X: a\r\n ")},
    {"9110 5.1", "a name with a blank", 400, with("X Y: z")},
    {"9110 5.1", "a name in parentheses", 400, with("(X): z")},
    {"9110 5.1", "a name that is not ASCII", 400, with("X\xc3\xa4: z")},
    {"9110 5.1", "every byte that a name may have", kTaken, with("!#$%&'*+-.^_`|~09azAZ: z")},
    {"9110 5.5", "NUL in a value", 400, with("X: a" + kNul)},
    {"9110 5.5", "a control byte in a value", 400, with("X: a\x1b[2J")},
    {"9110 5.5", "DEL in a value", 400, with("X: a\x7f")},
    {"9110 5.5", "bytes that are not ASCII in a value", kTaken, with("X: \xc3\xa4\xff")},
    {"9110 5.4", "100 fields", kTaken, with(times(98, "X: y\r\n") + "X: y")},
    {"9110 5.4", "101 fields", 431, with(times(99, "X: y\r\n") + "X: y")},
    {"9110 5.4", "a field of 16,000 bytes", kTaken, with("X: " + std::string(16'000, 'y'))},
    {"9110 5.4", "a field of 17,000 bytes", 431, with("X: " + std::string(17'000, 'y'))},
    {"9110 5.4", "a head of 17,000 bytes", 431,
     with(times(17, "X: " + std::string(1000, 'y') + "\r\n") + "X: y")},
    {"9110 5.4", "a head without an end", 431,
     "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(17'000, 'y')},
    // --- Content-Length ---
    {"9110 8.6", "as long as the body", kTaken, posted("Content-Length: 5", "hello")},
    {"9110 8.6", "zero", kTaken, posted("Content-Length: 0", "")},
    {"9110 8.6", "zeros before it", kTaken, posted("Content-Length: 00005", "hello")},
    {"9110 8.6", "with GET", kTaken, with("Content-Length: 5") + "hello"},
    {"9112 6.3", "none: no body", kTaken, posted("X: y", "")},
    {"9110 8.6", "empty", 400, posted("Content-Length:", "hello")},
    {"9110 8.6", "a plus sign", 400, posted("Content-Length: +5", "hello")},
    {"9110 8.6", "a minus sign", 400, posted("Content-Length: -5", "hello")},
    {"9110 8.6", "hexadecimal", 400, posted("Content-Length: 0x5", "hello")},
    {"9110 8.6", "a fraction", 400, posted("Content-Length: 5.0", "hello")},
    {"9110 8.6", "a blank in it", 400, posted("Content-Length: 5 5", "hello")},
    {"9110 8.6", "a list", 400, posted("Content-Length: 5, 5", "hello")},
    {"9110 8.6", "twice the same", 400, posted("Content-Length: 5\r\nContent-Length: 5", "hello")},
    {"9112 6.3", "two that differ", 400, posted("Content-Length: 5\r\nContent-Length: 6", "hello")},
    {"9110 8.6", "2 to the 64th and 5", 400,
     posted("Content-Length: 18446744073709551621", "hello")},
    {"9110 15.5.14", "a body that is too large", 413, posted("Content-Length: 100001", "")},
    {"9110 15.5.14", "the largest body", kTaken,
     posted("Content-Length: 100000", std::string(100'000, 'b'))},
    // --- Transfer-Encoding ---
    {"9112 7.1", "chunked", kTaken, chunked("5\r\nhello\r\n0\r\n\r\n")},
    {"9112 7", "in any letter case", kTaken,
     posted("transfer-encoding: CHUNKED", "5\r\nhello\r\n0\r\n\r\n")},
    {"9112 6.3", "and a Content-Length", 400,
     posted("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n")},
    {"9112 6.3", "and a Content-Length behind it", 400,
     posted("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n")},
    {"9112 6.1", "in HTTP/1.0", 400,
     "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"9112 6.1", "xchunked", 501, posted("Transfer-Encoding: xchunked", "0\r\n\r\n")},
    {"9112 6.1", "gzip", 501, posted("Transfer-Encoding: gzip", "")},
    {"9112 6.1", "gzip, chunked", 501, posted("Transfer-Encoding: gzip, chunked", "0\r\n\r\n")},
    {"9112 6.1", "identity", 501, posted("Transfer-Encoding: identity", "")},
    {"9112 6.1", "chunked with a parameter", 501,
     posted("Transfer-Encoding: chunked;q=1", "0\r\n\r\n")},
    {"9112 6.3", "chunked, gzip", 400, posted("Transfer-Encoding: chunked, gzip", "")},
    {"9112 7.1", "chunked, chunked", 400, posted("Transfer-Encoding: chunked, chunked", "")},
    {"9112 6.1", "chunked twice", 400,
     posted("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "")},
    {"9112 6.1", "empty", 400, posted("Transfer-Encoding:", "")},
    {"9112 6.1", "an empty member", 400, posted("Transfer-Encoding: , chunked", "")},
    {"9112 6.1", "a vertical tab before it", 400, posted("Transfer-Encoding: \vchunked", "")},
    {"9112 6.1", "a quote around it", 501, posted("Transfer-Encoding: \"chunked\"", "")},
    // --- chunks ---
    {"9112 7.1", "several, in hexadecimal", kTaken,
     chunked("a\r\n0123456789\r\nA\r\n0123456789\r\n00\r\n\r\n")},
    {"9112 7.1", "zeros before the size", kTaken, chunked("0005\r\nhello\r\n0\r\n\r\n")},
    {"9112 7.1", "none", kTaken, chunked("0\r\n\r\n")},
    {"9112 7.1", "a size with a plus sign", 400, chunked("+5\r\nhello\r\n0\r\n\r\n")},
    {"9112 7.1", "a size with a minus sign", 400, chunked("-5\r\nhello\r\n0\r\n\r\n")},
    {"9112 7.1", "a blank before the size", 400, chunked(" 5\r\nhello\r\n0\r\n\r\n")},
    {"9112 7.1", "a blank behind the size", 400, chunked("5 \r\nhello\r\n0\r\n\r\n")},
    {"9112 7.1", "a blank in the size", 400, chunked("0 5\r\nhello\r\n0\r\n\r\n")},
    {"9112 7.1", "a tab behind the size", 400, chunked("5\t\r\nhello\r\n0\r\n\r\n")},
    {"9112 7.1", "0x before the size", 400, chunked("0x5\r\nhello\r\n0\r\n\r\n")},
    {"9112 7.1", "an h behind the size", 400, chunked("5h\r\nhello\r\n0\r\n\r\n")},
    {"9112 7.1", "no size", 400, chunked("\r\nhello\r\n0\r\n\r\n")},
    {"9112 7.1", "an extension without a size", 400, chunked(";a\r\nhello\r\n0\r\n\r\n")},
    {"9112 7.1", "a size of 2 to the 64th and 5", 400,
     chunked("10000000000000005\r\nhello\r\n0\r\n\r\n")},
    {"9112 7.1", "a size of 2 to the 32nd and 5", 413, chunked("100000005\r\nhello\r\n0\r\n\r\n")},
    {"9110 15.5.14", "more than a body may have", 413,
     chunked("c350\r\n" + std::string(50'000, 'b') + "\r\nc351\r\n")},
    {"9112 7.1", "a chunk shorter than its size", 400, chunked("6\r\nhello\r\n0\r\n\r\n")},
    {"9112 7.1", "a chunk longer than its size", 400, chunked("4\r\nhello\r\n0\r\n\r\n")},
    {"9112 7.1", "a line feed alone behind the size", 400, chunked("5\nhello\r\n0\r\n\r\n")},
    {"9112 7.1", "a line feed alone behind the chunk", 400, chunked("5\r\nhello\n0\r\n\r\n")},
    {"9112 7.1", "a line feed alone at the end", 400, chunked("5\r\nhello\r\n0\r\n\n")},
    {"9112 7.1", "a carriage return behind the size", 400, chunked("5\r\rhello\r\n0\r\n\r\n")},
    {"9112 7.1.1", "extensions", kTaken, chunked("5;a;b=c; d=\"e;f\"\r\nhello\r\n0;last\r\n\r\n")},
    {"9112 7.1.1", "a control byte in an extension", 400, chunked("5;a\x01\r\nhello\r\n0\r\n\r\n")},
    {"9112 7.1.1", "a line feed in an extension", 400, chunked("5;a\n\r\nhello\r\n0\r\n\r\n")},
    {"9112 7.1.1", "an extension that is too long", 431,
     chunked("5;" + std::string(17'000, 'a') + "\r\nhello\r\n0\r\n\r\n")},
    {"9112 7.1.1", "extensions that are too long together", 431,
     chunked(times(20, "1;" + std::string(1000, 'a') + "\r\nb\r\n") + "0\r\n\r\n")},
    {"9112 7.1.2", "trailers", kTaken, chunked("5\r\nhello\r\n0\r\nX: y\r\nZ:\r\n\r\n")},
    {"9110 6.5.1", "a Content-Length as a trailer", 400,
     chunked("0\r\nContent-Length: 5\r\n\r\nhello")},
    {"9110 6.5.1", "a Transfer-Encoding as a trailer", 400,
     chunked("0\r\nTransfer-Encoding: chunked\r\n\r\n")},
    {"9110 6.5.1", "a Host as a trailer", 400, chunked("0\r\nHost: b\r\n\r\n")},
    {"9110 6.5.1", "a Connection as a trailer", 400, chunked("0\r\nConnection: close\r\n\r\n")},
    {"9112 7.1.2", "a blank before a trailer's colon", 400, chunked("0\r\nX : y\r\n\r\n")},
    {"9112 7.1.2", "a folded trailer", 400, chunked("0\r\nX: y\r\n z\r\n\r\n")},
    {"9112 7.1.2", "too many trailers", 431, chunked("0\r\n" + times(101, "X: y\r\n") + "\r\n")},
    {"9112 7.1.2", "trailers that are too long", 431,
     chunked("0\r\n" + times(17, "X: " + std::string(1000, 'y') + "\r\n") + "\r\n")},
    // --- other fields ---
    {"9110 10.1.1", "Expect: 100-continue", kTaken,
     posted("Expect: 100-Continue\r\nContent-Length: 5", "hello")},
    {"9110 10.1.1", "another expectation", 417,
     posted("Expect: applause\r\nContent-Length: 5", "hello")},
    {"9110 7.8", "an upgrade that is not made", kTaken,
     with("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk")},
    {"9110 7.8", "an upgrade with a body", kTaken,
     posted("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5", "hello")},
    {"9112 9.6", "Connection: close", kTaken, with("Connection: close")},
};

// The beginning of the last line: a status, "partial" or "end".
std::string end_of(const std::string& lines) {
  const std::size_t last = lines.rfind('\n') == std::string::npos ? 0 : lines.rfind('\n') + 1;
  return lines.substr(last, lines.find(' ', last) - last);
}

TEST(HttpConformance, EachRule) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(std::string("RFC ") + row.section + ": " + row.what);
    const std::string lines = transcript(row.bytes);
    if (row.status == kTaken) {
      EXPECT_EQ(end_of(lines), "end") << lines;
      EXPECT_NE(lines, "end");
    } else {
      EXPECT_EQ(end_of(lines), std::to_string(row.status)) << lines;
      EXPECT_EQ(lines.find('\n'), std::string::npos) << "answered: " << lines;
    }
  }
}

TEST(HttpConformance, EachRuleBehindAnotherRequest) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(std::string("RFC ") + row.section + ": " + row.what);
    const std::string first = posted("Content-Length: 5", "first");
    EXPECT_EQ(transcript(first + row.bytes),
              transcript(first).substr(0, transcript(first).size() - 3) + transcript(row.bytes));
  }
}

TEST(HttpConformance, TheSameAgainMeansTheSame) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(std::string("RFC ") + row.section + ": " + row.what);
    std::string lines = transcript(row.bytes);
    if (row.status == kTaken) lines = lines.substr(0, lines.size() - 3) + lines;
    EXPECT_EQ(transcript(row.bytes + row.bytes), lines);
    EXPECT_EQ(transcript({row.bytes, row.bytes}), lines);
  }
}

TEST(HttpConformance, ARefusalIsAPlainSentence) {
  for (const Row& row : kRows) {
    if (row.status == kTaken) continue;
    const std::string lines = transcript(row.bytes);
    EXPECT_TRUE(lines.ends_with('.')) << lines;
    EXPECT_EQ(lines.find_first_not_of(
                  "0123456789. ,:/-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
              std::string::npos)
        << lines;
  }
}

// Every prefix of a request that is taken is the beginning of one.
TEST(HttpConformance, EveryPrefixIsPartial) {
  for (const Row& row : kRows) {
    if (row.status != kTaken || row.bytes.size() > 1000) continue;
    SCOPED_TRACE(std::string("RFC ") + row.section + ": " + row.what);
    const std::string whole = transcript(row.bytes);
    for (std::size_t size = 0; size < row.bytes.size(); ++size) {
      const std::string lines = transcript(std::string_view(row.bytes).substr(0, size));
      const std::string end = end_of(lines);
      EXPECT_TRUE(end == "partial" || end == "end") << size << ": " << lines;
      EXPECT_NE(lines, whole) << size;
      EXPECT_TRUE(whole.starts_with(lines.substr(0, lines.size() - end.size()))) << size;
    }
  }
}

TEST(HttpConformance, EverySplitGivesTheSame) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(std::string("RFC ") + row.section + ": " + row.what);
    const std::string_view bytes = row.bytes;
    const std::string whole = transcript(bytes);
    const std::size_t step = bytes.size() > 1000 ? bytes.size() / 100 : 1;
    for (std::size_t at = 1; at < bytes.size(); at += step)
      ASSERT_EQ(transcript({bytes.substr(0, at), bytes.substr(at)}), whole) << "split at " << at;
    EXPECT_EQ(transcript_of_pieces(bytes, bytes.size() > 2000 ? 97 : 1), whole);
  }
}

}  // namespace
}  // namespace net::http
