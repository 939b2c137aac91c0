#!/bin/bash
# files_test.sh CMAKE BUILD - is what BUILD installs what tests/install/files says, and nothing else?
set -eu
cmake=$1 build=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
DESTDIR=$root "$cmake" --install "$build" --prefix /opt/wireutils > /dev/null
"$(dirname "$0")/list_files.sh" "$root" /opt/wireutils |
  diff -u --label expected <("$(dirname "$0")/expected_files.sh") --label installed -
