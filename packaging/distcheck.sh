#!/bin/bash
# distcheck.sh TARBALL JOBS - is the tarball complete?  Unpacks it beside itself, builds, tests,
# installs, packs and uninstalls from there.
set -eu
tarball=$(realpath "$1") jobs=$2
name=$(basename "$tarball" .tar.gz)
rm -rf "$(dirname "$tarball")/distcheck"
mkdir "$(dirname "$tarball")/distcheck"
cd "$(dirname "$tarball")/distcheck"
tar -xzf "$tarball"
root=$PWD/root
cd "$name"

make -f Makefile.dist dist
cmp "$tarball" "build/$name.tar.gz"
make -f Makefile.dist test-release JOBS="$jobs"

umask 077  # installed files are readable by all users nevertheless
install=(make -f Makefile.dist DESTDIR="$root" prefix=/usr JOBS="$jobs")
"${install[@]}" install > /dev/null
tests/install/list_files.sh "$root" /usr | diff -u <(tests/install/expected_files.sh) -
[ -z "$(find "$root/usr" -type d ! -perm 755)" ]
touch "$root/usr/bin/another"
"${install[@]}" uninstall > /dev/null
[ "$(find "$root/usr" -mindepth 1 -printf '%P ')" = "bin bin/another " ]
# The static tools run in an empty root directory, and load none of the modules that it names.
make -f Makefile.dist static > /dev/null
(cd build && sha256sum --check SHA256SUMS)
tests/install/hardening_test.py build/static/libcommon.a build/static/bin/*
tests/install/image_test.sh cmake build/static || [ $? = 77 ]
bin=build/static/bin
for tool in "$bin"/*; do
  unshare --map-root-user --root="$bin" "/${tool##*/}" --version
done
mkdir "$bin/etc"
echo 'hosts: nowhere' > "$bin/etc/nsswitch.conf"
echo '127.0.0.1 here' > "$bin/etc/hosts"
{ unshare --map-root-user --root="$bin" /netcat -w 5 here 1 2>&1 || true; } | tee /dev/stderr |
  grep -q refused
echo "distcheck: $tarball is complete"
