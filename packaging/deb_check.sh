#!/bin/bash
# deb_check.sh TARBALL CHROOTS SUITE - builds the Debian package of TARBALL in a bare SUITE, checks
# it with lintian, and installs, runs, upgrades and purges it in another one, under systemd.  Requires
# root.  The bare system, and the one with the build's packages, stay in CHROOTS for the next run.
set -eu -o pipefail
tarball=$(realpath "$1") suite=$3
probe=$(realpath "$(dirname "$0")/deb_probe.sh")
mkdir -p "$2"
cd "$2"
export DEBIAN_FRONTEND=noninteractive
inside() {
  systemd-nspawn --quiet --register=no --keep-unit --setenv=DEBIAN_FRONTEND -D "$@" < /dev/null
}

if [ ! -e "$suite" ]; then
  debootstrap --variant=minbase "$suite" "$suite.new"
  mv "$suite.new" "$suite"
fi
[ -e "$suite-build" ] || cp -a "$suite" "$suite-build"
rm -rf "$suite-build"/root/wireutils*
cp "$tarball" "$suite-build/root/"
inside "$suite-build" sh -eux -c "
  apt-get update -qq
  apt-get install -qq -y --no-install-recommends make lintian > /dev/null
  cd /root
  tar -xzf $(basename "$tarball")
  cd $(basename "$tarball" .tar.gz)
  make -f Makefile.dist deb > /root/deb.log 2>&1 || { cat /root/deb.log; exit 1; }
  lintian --allow-root --fail-on error,warning build/deb/*.changes"

rm -rf "$suite-check"
cp -a "$suite" "$suite-check"
cp "$probe" "$suite-build"/root/wireutils-*/build/deb/wireutils_*.deb "$suite-check/root/"
inside "$suite-check" /root/deb_probe.sh with_network
status=0
inside "$suite-check" --private-network --boot systemd.run=/root/deb_probe.sh \
  > "$suite-check/root/boot.log" || status=$?
cat "$suite-check/root/probe.log"
[ "$status" = 0 ] || { echo "deb_check: $suite: the last command failed" >&2; exit "$status"; }
echo "deb_check: $suite: installs, runs, upgrades and purges"
