#!/bin/bash
# installation_test.sh CMAKE BUILD - does an installation end with what to do next, and does its end
# leave what was there before, and nothing else?
set -eu
build=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
installation=$(realpath "$(dirname "$0")/../../packaging/installation.sh")
everything() { (cd "$root" && find . | LC_ALL=C sort); }

mkdir -p "$root/opt/share/man" "$root/opt/bin"
touch "$root/opt/bin/another"
before=$(everything)
"$installation" install "$build" "$root/opt" | tail -n 8 | tee "$root/said" |
  grep -F "export PATH=$root/opt/bin:" > /dev/null
grep -qF "uninstall prefix=$root/opt" "$root/said"
rm "$root/said"
"$root/opt/bin/netcat" --version > /dev/null
"$installation" uninstall "$build" "$root/opt" > /dev/null
diff <(echo "$before") <(everything)

"$installation" install "$build" /usr "$root/stage" | grep -q 'sudo' && exit 1
touch "$root/stage/usr/share/man/man1/another.1"
"$installation" uninstall "$build" /usr "$root/stage" > /dev/null
diff - <(cd "$root/stage/usr" && find . | LC_ALL=C sort) << END
.
./share
./share/man
./share/man/man1
./share/man/man1/another.1
END
