#include "tools/netcat/tls/options.h"

#include <algorithm>
#include <array>
#include <utility>

namespace netcat::tls {

using net::Cli;

static net::Setter file(std::string& out) {
  return
      [&out](std::string_view text) { return out = text, text.empty() ? "must not be empty" : ""; };
}

static void add_trust_options(Cli& cli, Options& o) {
  cli.option("tls-verify", "yes|no", "verify the server's certificate (yes)",
             [&o](std::string_view text) -> std::string {
               o.verify = text == "yes";
               if (text == "yes" || text == "no") return "";
               return "'" + std::string(text) + "' is neither yes nor no";
             });
  cli.option("tls-ca", "FILE|DIR", "trust these CAs instead of the system's; -l: verify clients",
             file(o.ca));
  cli.option("tls-pin", "PIN", "trust this certificate or key only: sha256:HEX, sha256//BASE64",
             [&o](std::string_view text) {
               Pin pin;
               std::string wrong = parse_pin(text, pin);
               if (wrong.empty()) o.pins.push_back(std::move(pin));
               return wrong;
             });
  cli.option("tls-cert", "FILE", "certificate chain to present, PEM (-l: a new self-signed one)",
             file(o.cert));
  cli.option("tls-key", "FILE", "its private key, PEM (the file of --tls-cert)", file(o.key));
  cli.option("tls-name", "NAME", "name to verify and to send as SNI (HOST)",
             [&o](std::string_view text) {
               o.name = text;
               return "";
             });
  cli.option("tls-psk", "FILE", "a pre-shared key, IDENTITY:HEX, in place of certificates",
             file(o.psk));
  cli.option("tls-days", "N", "fail if the server's certificate expires within N days",
             net::number(o.days, 1, 100'000));
}

void add_options(Cli& cli, Options& o) {
  cli.flag("tls", "use TLS; with -l: for every client", o.on);
  add_trust_options(cli, o);
  cli.option("alpn", "P[,P...]", "with --tls: application protocols to offer or accept",
             [&o](std::string_view text) { return parse_alpn(text, o.alpn); });
  cli.option("tls-version", "MIN[-MAX]", "protocol versions (1.2-1.3)",
             [&o](std::string_view text) { return parse_versions(text, o.min, o.max); });
  cli.option("tls-ciphers", "LIST", "ciphers, in OpenSSL's syntax", file(o.ciphers));
  cli.flag("tls-allow-truncation", "accept an end without TLS's close_notify", o.allow_truncation);
}

void check(const Options& o) {
#ifndef WIREUTILS_TLS
  if (o.on) Cli::fail("--tls: this netcat was built without OpenSSL");
#endif
  const std::pair<bool, const char*> contradictions[] = {
      {!o.verify && !o.ca.empty(),
       "--tls-ca does not work with --tls-verify=no: nothing is verified"},
      {!o.verify && !o.psk.empty(),
       "--tls-psk does not work with --tls-verify=no: the key is always verified"},
      {!o.psk.empty() && o.max != Version::k13, "--tls-psk requires TLS 1.3"},
      {o.name == "" && o.verify && o.pins.empty() && o.psk.empty(),
       "--tls-name: an empty name requires --tls-verify=no or --tls-pin"},
  };
  for (const auto& [wrong, sentence] : contradictions)
    if (wrong) Cli::fail(sentence);
}

std::vector<std::string> without_aliases(std::vector<std::string> arguments) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kRenamed{
      {{"--ssl-trustfile", "--tls-ca"},
       {"--ssl-servername", "--tls-name"},
       {"--ssl-alpn", "--alpn"}}};
  for (auto it = arguments.begin(); it != arguments.end() && *it != "--"; ++it) {
    if (!it->starts_with("--ssl")) continue;
    // ncat's --ssl-verify has no value.
    const auto next = it + 1;
    if (*it == "--ssl-verify" && (next == arguments.end() || (*next != "yes" && *next != "no"))) {
      *it = "--tls-verify=yes";
      continue;
    }
    const std::size_t end = std::min(it->find('='), it->size());
    std::string name = "--tls" + it->substr(5, end - 5);
    for (const auto& [theirs, ours] : kRenamed)
      if (it->substr(0, end) == theirs) name = ours;
    *it = name + it->substr(end);
  }
  return arguments;
}

}  // namespace netcat::tls
