#!/bin/sh
# man_lint.sh [FILE...] - every man page (or each FILE) passes mandoc's lint at its warning level, and
# is named after its file.  Exit 1 with the reasons where one does not, or there is none to check.
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
  name=$(basename "${page%.*}")
  for line in ".Dt $(echo "$name" | tr '[:lower:]' '[:upper:]') ${page##*.}" ".Nm $name"; do
    grep -qxF "$line" "$page" && continue
    echo "man_lint: $page: no line '$line'"
    status=1
  done
  said=$(mandoc -T lint -W warning "$page" 2>&1)
  lint=$?
  [ -z "$said" ] && [ $lint -eq 0 ] && continue
  printf '%s\n' "${said:-mandoc: $page: status $lint}"
  status=1
done
exit $status
