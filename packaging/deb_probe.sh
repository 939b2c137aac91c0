#!/bin/bash
# deb_probe.sh [PHASE] - deb_check.sh's test of the package, in a bare system of its own.
set -eux

files() { find /usr /etc /var/lib/systemd ! -name '*.pyc' | sort; }

listeners() { cat /proc/net/tcp /proc/net/tcp6 | grep -c ' 0A ' || true; }

with_network() {
  apt-get update -qq
  apt-get install -qq -y --no-install-recommends systemd-sysv man-db bash-completion > /dev/null
  files > /root/before
  apt-get install -y --no-install-recommends /root/wireutils_*.deb
  [ "$(readlink -f /bin/nc)" = /usr/bin/nc.wireutils ]
  apt-get install -qq -y --no-install-recommends netcat-openbsd > /dev/null
  [ "$(readlink -f /bin/nc)" = /usr/bin/nc.openbsd ]
  [ "$(readlink -f /bin/netcat)" = /usr/bin/nc.openbsd ]
  apt-get purge -qq -y --autoremove netcat-openbsd > /dev/null
}

commands_and_pages() {
  netcat -h | grep 'usage: netcat'
  nc --version
  man netcat | grep half-clos
  man nc.wireutils clockd wireutils > /dev/null
  mkfifo /tmp/port
  clockd --once --count 1 --print-port 0 > /tmp/port &
  netcat -d localhost "$(head -n 1 /tmp/port)" | grep -E '^[0-9:]{8}$'
  wait $!
  # shellcheck disable=SC2016
  bash -eu -c 'set +u; . /usr/share/bash-completion/bash_completion
    for tool in netcat nc.wireutils clockd; do
      _completion_loader $tool || true
      complete -p $tool
      COMP_WORDS=($tool --vers) COMP_CWORD=1
      _wireutils
      [ "${COMPREPLY[*]}" = --version ]
    done'
}

# A first client starts each service; an upgrade keeps them running; a removal ends them.
services() {
  local socket sockets before
  sockets=$(dpkg -L wireutils | sed -n 's|.*/\(.*\.socket\)$|\1|p')
  before=$(listeners)
  for socket in $sockets; do
    [ "$(systemctl is-enabled "$socket")" = disabled ]
    systemctl enable --now "$socket"
    netcat -z 127.0.0.1 "$(sed -n 's/^ListenStream=127.0.0.1://p' "/lib/systemd/system/$socket")"
    until systemctl is-active "${socket%.socket}.service"; do sleep 0.1; done
  done
  netcat -d 127.0.0.1 8000 | head -n 1
  echo Hey | netcat ::1 8001
  dpkg -i /root/wireutils_*.deb
  for socket in $sockets; do systemctl is-active "$socket" "${socket%.socket}.service"; done
  [ -z "$(systemctl --failed --no-legend)" ]
  apt-get purge -qq -y --autoremove wireutils
  [ "$(listeners)" = "$before" ]
  journalctl --no-pager --no-hostname -t clockd -t reverbd
}

nothing_left() {
  [ -z "$(update-alternatives --query nc)" ]
  files | comm -13 /root/before - | sed '\|/machine-id$|d;\|/.updated$|d' > /root/left
  diff /dev/null /root/left
}

under_systemd() {
  exec > /root/probe.log 2>&1
  commands_and_pages
  services
  nothing_left
}

"${1:-under_systemd}"  # a kernel command line has no arguments
