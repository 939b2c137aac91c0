#!/bin/bash
# dist.sh NAME - writes a tarball of the sources to standard output, as NAME/*: the files that git
# tracks or, in an unpacked tarball, all files.  The same sources always give the same bytes.
set -eu -o pipefail
name=$1
cd "$(dirname "$0")/.."
umask 022
list=$(mktemp)
trap 'rm -f "$list"' EXIT

if [ -e .git ] && command -v git > /dev/null; then
  # CI checks out as one user and builds as another, which git refuses by default.
  git -c safe.directory='*' ls-files -z > "$list"
  time=$(git -c safe.directory='*' log -1 --format=%ct)
else
  find . -type f ! -path './.git/*' ! -path './build/*' -printf '%P\0' > "$list"
  time=$(xargs -0 -a "$list" stat -c %Y | sort -n | tail -n 1)
fi
LC_ALL=C sort -z "$list" |
  tar -c --format=ustar --null -T - --transform "s|^|$name/|" --mode=u+rw,go=rX,a-s \
    --mtime="@$time" --owner=0 --group=0 --numeric-owner | gzip -n -9
