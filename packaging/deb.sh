#!/bin/bash
# deb.sh TARBALL PACKAGE... - makes a Debian package of the tarball, beside it in deb/.  PACKAGE: a
# build dependency, ONE/OTHER for either.  The version and date are the tarball's.
set -eu -o pipefail
tarball=$(realpath "$1")
shift
name=$(basename "$tarball" .tar.gz)
rm -rf "$(dirname "$tarball")/deb"
mkdir "$(dirname "$tarball")/deb"
cd "$(dirname "$tarball")/deb"
tar -xzf "$tarball"
date=$(date -R -u -r "$name/CHANGELOG.md")
cd "$name"
cp -r packaging/debian debian

depends=$(printf '%s, ' "$@")
depends=${depends%, }
tools=$(for page in man/*.[18]; do
  sed -n "s|^\.Nd |  * $(basename "${page%.*}"): |p" "$page"
done)
control=$(< debian/control.in)
control=${control/@BUILD_PACKAGES@/"${depends//\// | }"}
echo "${control/@TOOLS@/"$tools"}" > debian/control
cat > debian/changelog << EOF
wireutils (${name#wireutils-}) unstable; urgency=medium

  * See /usr/share/doc/wireutils/changelog.gz.

 -- $(sed -n 's/^Maintainer: //p' debian/control)  $date
EOF
dpkg-buildpackage --build=binary --no-sign
cd ..
echo "To install it:"
echo "  sudo apt install $(realpath wireutils_*.deb)"
