#!/bin/bash
# binaries_test.sh CMAKE BUILD - does binaries.sh pack what it should, and the same bytes again under
# other settings and at another time?
set -eu
build=$(realpath "$2")
pack=$(realpath "$(dirname "$0")/../../packaging/binaries.sh")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
"$pack" "$build" some-name > first.tar.gz
(umask 077 && TZ=Asia/Tokyo LC_ALL=C.UTF-8 "$pack" "$build" some-name > second.tar.gz)
cmp first.tar.gz second.tar.gz
SOURCE_DATE_EPOCH=86400 "$pack" "$build" some-name > third.tar.gz
(umask 077 && tar -xzf third.tar.gz)
[ -z "$(find some-name -type f -newermt '1970-01-02 00:00:01 UTC')" ]

cd some-name
for program in bin/*; do
  name=${program##*/}
  [ -f "share/man/man1/$name.1" ] || [ -f "share/man/man8/$name.8" ]
  "$program" --version | grep -q "^$name "
  [ "$(readelf -SW "$program" | grep -c ' \.symtab ')" = 0 ]
done
[ "$(ls)" = $'LICENSE\nREADME.md\nbin\nshare' ]
[ "$(find bin -type f | wc -l)" -eq "$(find share/man/man[18] -type f | wc -l)" ]
