#include "netns.h"

#include <unistd.h>

namespace e2e {

namespace {

constexpr const char* kPrologue = R"(
set -e
ip link set lo up
printf '::1 localhost\n127.0.0.1 localhost\n' > "$HOSTS"
mount --bind "$HOSTS" /etc/hosts
nft 'add table inet test; add chain inet test in { type filter hook input priority 0; }'
drop() {
  case $1 in
    *:*) nft add rule inet test in ip6 daddr "$1" tcp dport "$2" counter drop ;;
    *) nft add rule inet test in ip daddr "$1" tcp dport "$2" counter drop ;;
  esac
}
dropped() { nft list ruleset | sed -n 's/.*counter packets \([0-9]*\) .*/\1/p'; }
set +e
)";

}  // namespace

std::string why_no_namespaces() {
  const Outcome probe = in_namespace("drop ::1 7; drop 127.0.0.1 7; echo works");
  return probe.out == "works\n" ? "" : "no network namespaces here: " + probe.err;
}

Outcome in_namespace(const std::string& script) {
  const TempDir dir;
  std::vector<std::string> argv{"unshare", "-n", "-m"};
  if (geteuid() != 0) argv.push_back("-Ur");
  for (const auto& arg : {std::string("bash"), std::string("-c"), kPrologue + script}) {
    argv.push_back(arg);
  }
  return run(std::move(argv), {}, {.env = {"HOSTS=" + dir.path("hosts")}});
}

}  // namespace e2e
