#!/bin/bash
# image_test.sh CMAKE BUILD - has the container image the programs and nothing that it should not
# have, in an archive of at most 15 MB?  If BUILD is static, each program is started in it.
set -eu -o pipefail
build=$(realpath "$2")
packaging=$(realpath "$(dirname "$0")/../../packaging")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
skip() { echo "skipped: $1"; exit 77; }
command -v buildah > /dev/null || skip "buildah is not installed"
unshare --map-root-user --mount true 2> /dev/null || skip "the kernel allows no user namespaces"

"$packaging/binaries.sh" "$build" some-name > some-name.tar.gz
"$packaging/image.sh" some-name.tar.gz image.tar
tar -xzf some-name.tar.gz
mkdir image root
tar -xf image.tar -C image
for blob in image/blobs/sha256/*; do
  if tar -tzf "$blob" > /dev/null 2>&1; then tar -xzf "$blob" -C root; fi
done
diff -r some-name/bin root/bin
diff <(cd root && ls) <(printf '%s\n' LICENSE bin usr)
"$packaging/image.sh" some-name.tar.gz arm64.tar arm64
tar -xOf arm64.tar --wildcards 'blobs/sha256/*' | grep -a '"architecture":"arm64"' > found
size=$(stat -c %s image.tar)
echo "The image has $size bytes, unpacked $(du -sb root | cut -f1)"
[ "$size" -le 15000000 ]

for program in root/bin/*; do
  if readelf -lW "$program" | grep -q INTERP; then continue; fi
  unshare --map-root-user --root=root "${program#root}" --version
done
