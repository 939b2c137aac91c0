#!/bin/sh
# man_lint.sh [FILE...] - every man page (or each FILE) passes mandoc's lint at its warning level.
# Exit 1 with mandoc's lines where one does not, or where there is no page to check.
set -u

if [ $# -eq 0 ]; then
  cd "$(dirname "$0")/../.." || exit 1
  set -- man/*.[1-8]
fi
if ! command -v mandoc >/dev/null; then
  echo "man_lint: mandoc is not installed" >&2
  exit 1
fi

status=0
for page in "$@"; do
  said=$(mandoc -T lint -W warning "$page" 2>&1)
  lint=$?
  [ -z "$said" ] && [ $lint -eq 0 ] && continue
  printf '%s\n' "${said:-mandoc: $page: status $lint}"
  status=1
done
exit $status
