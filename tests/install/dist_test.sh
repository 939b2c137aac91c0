#!/bin/bash
# dist_test.sh - does `dist` give the same bytes again: elsewhere, under other settings, and from
# its own result?
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$(dirname "$0")/../.."
make --no-print-directory -f Makefile.dist dist BUILD="$scratch/first"
tarball=$(basename "$scratch"/first/*.tar.gz)
(umask 077 && TZ=Asia/Tokyo LC_ALL=C.UTF-8 \
  make --no-print-directory -f Makefile.dist dist BUILD="$scratch/second")
(umask 077 && tar -xzf "$scratch/first/$tarball" -C "$scratch")
make --no-print-directory -C "$scratch/${tarball%.tar.gz}" -f Makefile.dist dist
cmp "$scratch/first/$tarball" "$scratch/second/$tarball"
cmp "$scratch/first/$tarball" "$scratch/${tarball%.tar.gz}/build/$tarball"
