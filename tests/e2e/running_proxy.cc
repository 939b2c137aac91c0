#include "running_proxy.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace e2e {

void start_microsocks(RunningProxy& proxy, bool login) {
  Words argv{"/usr/bin/microsocks", "-i", "127.0.0.1", "-p", proxy.port_text()};
  if (login) argv = with(argv, {"-u", "me", "-P", "secret"});
  proxy.start(argv);
}

void start_tinyproxy(RunningProxy& proxy, bool login) {
  std::string conf = "Port " + proxy.port_text() +
                     "\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 60\nLogLevel Critical\n"
                     "MaxClients 10\n";
  if (login) conf += "BasicAuth me secret\n";
  proxy.start({"/usr/bin/tinyproxy", "-d", "-c", proxy.dir.file("conf", conf)});
}

void start_squid(RunningProxy& proxy, bool) {
  chmod(proxy.dir.path("").c_str(), 0777);  // squid gives up root
  const std::string conf = "http_port 127.0.0.1:" + proxy.port_text() +
                           "\nhttp_access allow all\ncache deny all\naccess_log none\n"
                           "cache_log /dev/null\npid_filename none\nshutdown_lifetime 0 seconds\n"
                           "pinger_enable off\nvisible_hostname test\ncoredump_dir none\n";
  proxy.start({"/usr/sbin/squid", "-N", "-f", proxy.dir.file("conf", conf)});
}

void start_ssh(RunningProxy& proxy, bool) {
  const std::string host_key = proxy.dir.path("host"), key = proxy.dir.path("key");
  for (const std::string& file : {host_key, key})
    (void)run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file});
  const int port = free_port();
  if (getuid() == 0) mkdir("/run/sshd", 0755);
  const std::string conf =
      proxy.dir.file("conf", "ListenAddress 127.0.0.1\nPort " + std::to_string(port) +
                                 "\nHostKey " + host_key + "\nAuthorizedKeysFile " + key +
                                 ".pub\nStrictModes no\nPidFile none\n"
                                 "PermitRootLogin yes\nUsePAM no\nAllowTcpForwarding yes\n");
  proxy.start({"/usr/sbin/sshd", "-D", "-e", "-f", conf});
  proxy.wait_for(port);
  proxy.start({"ssh", "-F", "none", "-N", "-D", "127.0.0.1:" + proxy.port_text(), "-i", key, "-p",
               std::to_string(port), "-o", "StrictHostKeyChecking=no", "-o",
               "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes",
               std::string(getpwuid(getuid())->pw_name) + "@127.0.0.1"});
}

void start_dante(RunningProxy& proxy, bool) {
  const std::string user = getpwuid(getuid())->pw_name;
  const std::string conf =
      "logoutput: /dev/null\ninternal: 127.0.0.1 port = " + proxy.port_text() +
      "\nexternal: lo\nclientmethod: none\nsocksmethod: none\nuser.privileged: " + user +
      "\nuser.unprivileged: " + user +
      "\nclient pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }\n"
      "socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }\n";
  proxy.start(
      {"/usr/sbin/danted", "-f", proxy.dir.file("conf", conf), "-p", proxy.dir.path("pid")});
}

}  // namespace e2e
