#!/bin/bash
# units_test.sh CMAKE BUILD - are the installed units such as systemd takes without a word, tightly
# confined, and on ports of their own?
set -u
cmake=$1 build=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
"$cmake" --install "$build" --prefix "$root" > /dev/null || exit 1
cd "$root/lib/systemd/system" || exit 1
failed=0

said=$(systemd-analyze verify --man=no ./*.socket ./*.service 2>&1) || failed=1
[ -z "$said" ] || { echo "$said"; failed=1; }
for unit in ./*.service; do  # 15 is 1.5
  systemd-analyze security --offline=true --threshold=15 --no-pager "$unit" > "$root/exposure" ||
    { cat "$root/exposure"; failed=1; }
done
shared=$(sed -n 's/^ListenStream=//p' ./*.socket | sort | uniq -d)
[ -z "$shared" ] || { echo "of more than one socket: $shared"; failed=1; }
exit $failed
