// netcat's command line: what it means, and what contradicts itself.
#include "tools/netcat/options.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>
#include <vector>

namespace netcat {
namespace {

using net::Millis;
using testing::ExitedWithCode;

using Words = std::vector<std::string>;

Options parse(Words arguments) {
  arguments.insert(arguments.begin(), "netcat");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  return parse_options(static_cast<int>(arguments.size()), argv.data());
}

Options parse(const char* line) {
  Words arguments;
  std::istringstream in(line);
  for (std::string argument; in >> argument;) arguments.push_back(argument);
  return parse(arguments);
}

TEST(NetcatOptions, WhereToConnect) {
  struct Row {
    const char* line;
    const char* host;
    std::uint16_t port;
  };
  const Row table[] = {
      {"localhost 80", "localhost", 80},
      {"localhost:80", "localhost", 80},
      {"127.0.0.1 http", "127.0.0.1", 80},
      {"127.0.0.1:http", "127.0.0.1", 80},
      {"::1 80", "::1", 80},
      {"[::1] 80", "::1", 80},
      {"[::1]:80", "::1", 80},
      {"-v localhost -n 80", "localhost", 80},
      {"localhost 65535", "localhost", 65535},
      {"-p 1234 localhost 80", "localhost", 80},
  };
  for (const Row& row : table) {
    const Options o = parse(row.line);
    EXPECT_EQ(o.host, row.host) << row.line;
    EXPECT_EQ(o.port, row.port) << row.line;
    EXPECT_FALSE(o.listen) << row.line;
    EXPECT_EQ(o.where(), std::string(row.host) + " port " + std::to_string(row.port));
  }
}

TEST(NetcatOptions, WhereToListen) {
  struct Row {
    const char* line;
    const char* host;
    std::uint16_t port;
  };
  const Row table[] = {
      {"-l 8000", "", 8000},
      {"-l 0", "", 0},
      {"-lp 8000", "", 8000},
      {"-lp8000", "", 8000},
      {"-l -p 0", "", 0},
      {"-l -p 8000 -s 127.0.0.1", "127.0.0.1", 8000},
      {"-l -s 127.0.0.1 8000", "127.0.0.1", 8000},
      {"-l -s [::1] 8000", "::1", 8000},
      {"-l 127.0.0.1 8000", "127.0.0.1", 8000},
      {"-l 127.0.0.1 -p 8000", "127.0.0.1", 8000},
      {"-l 127.0.0.1:8000", "127.0.0.1", 8000},
      {"-l [::1] 8000", "::1", 8000},
      {"-l [::1]:8000", "::1", 8000},
      {"-l ::1 8000", "::1", 8000},
      {"-l ::1 -p 8000", "::1", 8000},
      {"-l :8000", "", 8000},
      {"-l http", "", 80},
  };
  for (const Row& row : table) {
    const Options o = parse(row.line);
    EXPECT_TRUE(o.listen) << row.line;
    EXPECT_EQ(o.host, row.host) << row.line;
    EXPECT_EQ(o.port, row.port) << row.line;
  }
  EXPECT_EQ(parse("-l 8000").where(), "port 8000");
}

TEST(NetcatOptions, UnixPaths) {
  const Options o = parse("-U /run/x");
  EXPECT_TRUE(o.unix_domain);
  EXPECT_EQ(o.path, "/run/x");
  EXPECT_EQ(o.where(), "/run/x");
  EXPECT_EQ(parse("-lU @name").path, "@name");
  EXPECT_EQ(parse("-U a:b").path, "a:b");
}

TEST(NetcatOptions, Datagrams) {
  const Options o = parse("-ub -W 3 localhost tftp");
  EXPECT_TRUE(o.udp && o.broadcast);
  EXPECT_EQ(o.packets, 3U);
  EXPECT_EQ(o.port, 69) << "the name of a UDP service";
  EXPECT_EQ(parse("--udp -p tftp localhost 1").source_port, 69);
  EXPECT_EQ(parse("-uU -s own path").source, "own");
  EXPECT_TRUE(parse("-u -q -1 localhost 1").quit_never);
  EXPECT_FALSE(parse("-u -q -1 -q 2 localhost 1").quit_never);
  EXPECT_TRUE(parse("-u -w0 localhost 1").exit_when_sent);
  EXPECT_EQ(parse("-u -w0 localhost 1").timeout, net::kForever);
  EXPECT_FALSE(parse("-u -w0 -w2 localhost 1").exit_when_sent);
  EXPECT_EQ(parse("-u -i 2 localhost 1").interval, Millis(2000));
  const Options group = parse("-lu -s 127.0.0.1 239.1.2.3 7000");
  EXPECT_EQ(group.host, "239.1.2.3");
  EXPECT_EQ(group.source, "127.0.0.1");
}

TEST(NetcatOptions, WhatIsNotGivenHasItsDefault) {
  const Options o = parse("localhost 80");
  EXPECT_EQ(o.family, AF_UNSPEC);
  EXPECT_FALSE(o.numeric || o.keep_open || o.unix_domain || o.recv_only || o.send_only || o.crlf);
  EXPECT_FALSE(o.source_port_given);
  EXPECT_TRUE(o.shutdown);
  EXPECT_EQ(o.timeout, net::kForever);
  EXPECT_FALSE(o.quit_after);
  EXPECT_EQ(o.verbose, 0);
}

TEST(NetcatOptions, EveryOptionShortAndLong) {
  for (const char* line : {"-4nkldCvv -w 1.5 -q 2 -s 127.0.0.1 80",
                           "--ipv4 --numeric --keep-open --listen --recv-only --crlf --verbose "
                           "--verbose --timeout 1500ms --quit-after=2s --source=127.0.0.1 80"}) {
    const Options o = parse(line);
    EXPECT_EQ(o.family, AF_INET);
    EXPECT_TRUE(o.numeric && o.keep_open && o.listen && o.recv_only && o.crlf);
    EXPECT_EQ(o.verbose, 2);
    EXPECT_EQ(o.timeout, Millis(1500));
    EXPECT_EQ(o.quit_after, Millis(2000));
    EXPECT_EQ(o.source, "127.0.0.1");
  }
  const Options o = parse("-6 --send-only -p 1234 localhost 80");
  EXPECT_EQ(o.family, AF_INET6);
  EXPECT_TRUE(o.send_only);
  EXPECT_TRUE(o.source_port_given);
  EXPECT_EQ(o.source_port, 1234);
}

TEST(NetcatOptions, QuitAfterHasNoLimitAtMinusOne) {
  EXPECT_FALSE(parse("-q -1 localhost 80").quit_after);
  EXPECT_FALSE(parse("-q-1 localhost 80").quit_after);
  EXPECT_FALSE(parse("-q 5 -q -1 localhost 80").quit_after);
  EXPECT_EQ(parse("-q0 localhost 80").quit_after, Millis(0));
}

TEST(NetcatOptions, HalfCloseIsTheDefaultAndCanBeSwitchedOff) {
  EXPECT_FALSE(parse("--no-shutdown localhost 80").shutdown);
  // In a process of its own, as -N is remembered.
  EXPECT_EXIT(std::exit(parse("-N localhost 80").shutdown ? 0 : 1), ExitedWithCode(0), "^$");
}

TEST(NetcatOptions, WhatToScan) {
  using Ports = std::vector<std::uint16_t>;
  struct Row {
    const char* line;
    const char* host;
    Ports ports;
  };
  const Row table[] = {
      {"-z localhost 80", "localhost", {80}},
      {"-z localhost:80", "localhost", {80}},
      {"-z localhost:20-22", "localhost", {20, 21, 22}},
      {"-z [::1]:80,http", "::1", {80}},
      {"-zu localhost tftp", "localhost", {69}},
      {"--scan [::1] 80 20-22 http 7", "::1", {7, 20, 21, 22, 80}},
      {"-zvrn -w 1 -i 100ms localhost 80", "localhost", {80}},
  };
  for (const Row& row : table) {
    const Options o = parse(row.line);
    EXPECT_TRUE(o.scan) << row.line;
    EXPECT_EQ(o.host, row.host) << row.line;
    EXPECT_EQ(o.ports, row.ports) << row.line;
  }
  EXPECT_TRUE(parse("-z --random-ports localhost 80").random_ports);
  EXPECT_EQ(parse("-z --interval 2 localhost 80").interval, Millis(2000));
  EXPECT_EQ(parse("-i 500ms localhost 80").interval, Millis(500));
  EXPECT_EQ(parse("localhost 80").interval, Millis(0));
  EXPECT_EQ(parse("-zU /run/x").path, "/run/x");
}

TEST(NetcatOptions, HowOftenToTry) {
  const Options once = parse("localhost 80");
  EXPECT_EQ(once.retries, 0U);
  EXPECT_FALSE(once.wait);
  EXPECT_EQ(once.retry_interval, Millis(1000));
  const Options often = parse("--retry 5 --retry-interval 200ms localhost 80");
  EXPECT_EQ(often.retries, 5U);
  EXPECT_EQ(often.retry_interval, Millis(200));
  EXPECT_TRUE(parse("-z --wait -w 30 localhost 5432").wait);
}

struct Wrong {
  const char* line;
  const char* sentence;
};

void expect_usage_error(const Wrong& row) {
  EXPECT_EXIT((void)parse(row.line), ExitedWithCode(2), "^netcat: " + std::string(row.sentence))
      << row.line;
}

TEST(NetcatOptions, ContradictionsNameBothOptionsAsTyped) {
  const Wrong table[] = {
      {"-4 -6 localhost 80", "-4 does not work with -6: only one address family\n$"},
      {"-64 localhost 80", "-4 does not work with -6: only one address family\n$"},
      {"-4 --ipv6 localhost 80", "-4 does not work with --ipv6: only one address family\n$"},
      {"-N --no-shutdown localhost 80",
       "-N does not work with --no-shutdown: half-close or not\n$"},
      {"--no-shutdown --shutdown x 80", "--shutdown does not work with --no-shutdown: "},
      {"-d --send-only localhost 80",
       "-d does not work with --send-only: no data would be transferred\n$"},
      {"-d --half-open localhost 80",
       "-d does not work with --half-open: standard input is not read\n$"},
      {"-U4 x", "-U does not work with -4: a path has no address family\n$"},
      {"-U6 x", "-U does not work with -6: a path has no address family\n$"},
      {"-U -p 1 x", "-U does not work with -p: a path has no port\n$"},
      {"-U -s 127.0.0.1 x", "-U does not work with -s: only a datagram client has its own path\n$"},
      {"-lUu -s y x", "-U does not work with -s: the operand is the path\n$"},
      {"-u --no-shutdown localhost 80", "-u does not work with --no-shutdown: "},
      {"-ut localhost 80", "-u does not work with -t: telnet requires a stream\n$"},
      {"-u -W 1 --send-only x 80", "-W does not work with --send-only: "},
      {"-ubU x", "-U does not work with -b: a path is one receiver\n$"},
      {"-zl localhost 80", "-z does not work with -l: a scan only connects\n$"},
      {"-z --send-only localhost 80", "-z does not work with --send-only: a scan sends nothing\n$"},
      {"-zC localhost 80", "-z does not work with -C: a scan sends nothing\n$"},
      {"-zt localhost 80", "-z does not work with -t: a scan sends nothing\n$"},
      {"-zub localhost 80", "-z does not work with -b: a scan probes one host\n$"},
      {"-zuW 1 localhost 80", "-z does not work with -W: a scan receives no data\n$"},
      {"-zuU x", "-z does not work with -U: only UDP ports are probed\n$"},
      {"-zrU x", "-U does not work with -r: a path has no port\n$"},
      {"-lu --max-conns 2 80", "-u does not work with --max-conns: UDP has no connections\n$"},
      {"-lU --allow ::1 x", "-U does not work with --allow: clients have no address\n$"},
      {"-lU --deny ::1 x", "-U does not work with --deny: clients have no address\n$"},
      {"-z --output x localhost 80", "-z does not work with --output: a scan moves no data\n$"},
      {"-z --hex-dump x localhost 80", "-z does not work with --hex-dump: a scan moves no data\n$"},
      {"-zo x localhost 80", "-z does not work with -o: a scan moves no data\n$"},
      {"-z --progress localhost 80", "-z does not work with --progress: a scan moves no data\n$"},
      {"-z --rate 1M localhost 80", "-z does not work with --rate: a scan moves no data\n$"},
      {"--wait --retry 1 localhost 80", "--wait does not work with --retry: use one of them\n$"},
      {"--wait -l 80", "--wait does not work with -l: a server does not retry\n$"},
      {"--retry 1 -l 80", "--retry does not work with -l: a server does not retry\n$"},
      {"-lx p 80", "-x does not work with -l: a proxy only connects\n$"},
      {"-U --proxy p x", "--proxy does not work with -U: a proxy connects to hosts\n$"},
      {"-e a -c b localhost 80", "-e does not work with -c: only one program\n$"},
      {"-uc a localhost 80", "-c does not work with -u: a program requires a stream\n$"},
      {"-FC localhost 80", "-F does not work with -C: another program moves the data\n$"},
      {"-Fo x localhost 80", "-F does not work with -o: another program moves the data\n$"},
      {"-F --rate 1M localhost 80",
       "-F does not work with --rate: another program moves the data\n$"},
      {"-F --tls localhost 80", "-F does not work with --tls: the receiver would have no keys\n$"},
      {"--tls -u localhost 80", "--tls does not work with -u: TLS requires a stream\n$"},
      {"--tls --tls-psk x --tls-ca y localhost 80",
       "--tls-psk does not work with --tls-ca: a pre-shared key replaces certificates\n$"},
      {"-l --tls --tls-name x 80",
       "--tls-name does not work with -l: clients are verified by authority or pin\n$"},
      {"-l -p 1 host 80", "-p does not work with the operand 80: only one port\n$"},
      {"-l -s 127.0.0.1 host 80", "-s does not work with the operand host: only one address\n$"},
      {"-l -p 1 127.0.0.1:80", "-p does not work with the operand 80: only one port\n$"},
  };
  for (const Wrong& row : table) expect_usage_error(row);
}

TEST(NetcatOptions, WhatAnOptionRequires) {
  const Wrong table[] = {
      {"-k localhost 80", "-k requires --listen\n$"},
      {"-uk localhost 80", "-k requires --listen\n$"},
      {"-W 1 localhost 80", "-W requires --udp\n$"},
      {"-b localhost 80", "-b requires --udp\n$"},
      {"-r localhost 80", "-r requires --scan\n$"},
      {"--max-conns 2 localhost 80", "--max-conns requires --listen\n$"},
      {"--allow ::1 localhost 80", "--allow requires --listen\n$"},
      {"--deny ::1 localhost 80", "--deny requires --listen\n$"},
      {"--port-file x localhost 80", "--port-file requires --listen\n$"},
      {"--append-output localhost 80", "--append-output requires --output or --hex-dump\n$"},
      {"--retry-interval 1 localhost 80",
       "--retry-interval requires --retry, --wait or --reconnect\n$"},
      {"-X 5 localhost 80", "-X requires --proxy\n$"},
      {"--exec-grace 1 localhost 80", "--exec-grace requires --exec or --sh-exec\n$"},
      {"--tls-ca x localhost 80", "--tls-ca requires --tls\n$"},
      {"--alpn h2 localhost 80", "--alpn requires --tls\n$"},
      {"--tls-allow-truncation localhost 80",
       "--tls-allow-truncation requires --tls or --proxy\n$"},
      {"--tls --tls-key x localhost 80", "--tls-key requires --tls-cert\n$"},
      {"--tls -U x",
       "--tls with -U requires --tls-name, --tls-pin, --tls-psk or --tls-verify=no\n$"},
  };
  for (const Wrong& row : table) expect_usage_error(row);
}

TEST(NetcatOptions, WhatIsMissingOrTooMuch) {
  const Wrong table[] = {
      {"", "usage: netcat \\[options\\] HOST PORT \\(see --help\\)\n$"},
      {"-v", "a host and a port are missing \\(see --help\\)\n$"},
      {"-l", "a port is missing \\(see --help\\)\n$"},
      {"-U", "a path is missing \\(see --help\\)\n$"},
      {"-lU", "a path is missing \\(see --help\\)\n$"},
      {"localhost", "a port is missing after localhost\n$"},
      {"::1", "a port is missing after ::1\n$"},
      {"::1:1310", "a port is missing after ::1:1310 \\(write \\[::1\\]:1310 or ::1 1310\\)\n$"},
      {"-z ::1:1310", "a port is missing after ::1:1310 \\(write \\[::1\\]:1310 or ::1 1310\\)\n$"},
      {"-z", "a host and a port are missing \\(see --help\\)\n$"},
      {"-z localhost", "a port is missing after localhost\n$"},
      {"-z localhost 80 0-2", "invalid port or port range '0-2'\n$"},
      {"-z localhost 2222-", "invalid port or port range '2222-'\n$"},
      {"-zU a b", "too many operands: b \\(see --help\\)\n$"},
      {"localhost 80 81", "too many operands: 81 \\(see --help\\)\n$"},
      {"-U a b", "too many operands: b \\(see --help\\)\n$"},
      {"localhost 0", "invalid port '0'\n$"},
      {"localhost:0", "invalid port '0'\n$"},
      {"localhost 65536", "invalid port '65536'\n$"},
      {"localhost no-such-service", "invalid port 'no-such-service'\n$"},
      {"-l 65536", "invalid port '65536'\n$"},
      {"-p x localhost 80", "--source-port: invalid port 'x'\n$"},
      {"-p 0 localhost 80", "--source-port: invalid port '0'\n$"},
      {"--retry 0 localhost 80", "--retry: '0' is not a number from 1 to 1000000\n$"},
      {"--wait --retry-interval 0 x 80", "--retry-interval: must be greater than 0\n$"},
      {"-w 0 localhost 80", "--timeout: must be greater than 0 \\(only --udp allows 0\\)\n$"},
      {"-w 0s -lU x", "--timeout: must be greater than 0 \\(only --udp allows 0\\)\n$"},
      {"-zu -w 0 localhost 80", "--timeout: must be greater than 0 with --scan\n$"},
      {"-w -1 localhost 80", "--timeout: '-1' is not a time"},
      {"--rate 1X localhost 80", "--rate: invalid size '1X' \\(try 500K or 10M\\)\n$"},
      {"-l --deny ,x 80", "--deny: invalid HOST or HOST/BITS ''\n$"},
      {"-l --port-file - 80", "--port-file: '-' is not a file\n$"},
  };
  for (const Wrong& row : table) expect_usage_error(row);
}

TEST(NetcatOptions, AnEmptyHostIsAnErrorInEveryMode) {
  for (const Words& words : std::vector<Words>{{"", "80"},
                                               {":80"},
                                               {"-z", "", "80"},
                                               {"-z", ":80"},
                                               {"-u", "", "80"},
                                               {"-u", ":80"},
                                               {"-l", "", "80"},
                                               {"-lu", "", "80"}})
    EXPECT_EXIT((void)parse(words), ExitedWithCode(2), "^netcat: the host is empty\n$");
  EXPECT_EXIT((void)parse(Words{"-s", "", "x", "80"}), ExitedWithCode(2),
              "^netcat: --source: must not be empty\n$");
  EXPECT_EXIT((void)parse(Words{"-l", ""}), ExitedWithCode(2),
              "^netcat: a port is missing \\(see --help\\)\n$");
}

TEST(NetcatOptions, LettersOfOtherNetcatsAreAnswered) {
  for (const char letter : std::string("DgGHKLRSVZ"))
    EXPECT_EXIT((void)parse(Words{std::string("-") + letter, "x", "80"}), ExitedWithCode(2),
                std::string("^netcat: -") + letter + ": not supported; [^\n]+\n$")
        << letter;
}

TEST(NetcatOptions, Telnet) {
  EXPECT_TRUE(parse("-t localhost 23").telnet);
  EXPECT_TRUE(parse("--telnet localhost 23").telnet);
  EXPECT_FALSE(parse("localhost 23").telnet);
}

TEST(NetcatOptions, Files) {
  EXPECT_EQ(parse("-o dump localhost 80").hex_dump, "dump");
  EXPECT_EQ(parse("--hex-dump - localhost 80").hex_dump, "-");
  EXPECT_EQ(parse("-l --port-file port 0").port_file, "port");
}

TEST(NetcatOptions, BracketedAddressAloneLacksAPort) {
  expect_usage_error({"[::1]", "a port is missing after \\[::1\\]\n$"});
  expect_usage_error({"-l [::1]", "a port is missing"});
}

}  // namespace
}  // namespace netcat
