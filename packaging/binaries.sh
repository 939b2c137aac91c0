#!/bin/bash
# binaries.sh BUILD NAME - writes a tarball of the programs of BUILD, stripped, and their manual pages
# to standard output, as NAME/*.  The same programs always give the same bytes; the time of the files
# is SOURCE_DATE_EPOCH or that of the sources.
set -eu -o pipefail
build=$(realpath "$1") name=$2
cd "$(dirname "$0")/.."
umask 022
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

time=${SOURCE_DATE_EPOCH-}
if [ -z "$time" ] && [ -e .git ]; then
  time=$(git -c safe.directory='*' log -1 --format=%ct)
fi
time=${time:-$(stat -c %Y CMakeLists.txt)}  # `dist` has set it

cmake --install "$build" --prefix "$scratch/all" --strip > /dev/null
mkdir -p "$scratch/$name/share"
cp -a "$scratch/all/bin" LICENSE README.md "$scratch/$name"
cp -a "$scratch/all/share/man" "$scratch/$name/share"
find "$scratch/$name" ! -type d -printf "$name/%P\0" | LC_ALL=C sort -z |
  tar -c -C "$scratch" --format=ustar --null -T - --mode=u+rw,go=rX,a-s --mtime="@$time" \
    --owner=0 --group=0 --numeric-owner | gzip -n -9
