#!/bin/bash
# packages_test.sh - does packages.sh print what it installs and how much, unpack what it should not
# install, and end with a command to type where it fails?  With an apt of our own.
set -eu
packages=$(realpath "$(dirname "$0")/../../packaging/packages.sh")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/bin"
cd "$scratch/bin"
cat > dpkg-query << 'END'
#!/bin/sh
[ "$4" != present ] || echo 'install ok installed'
END
cat > apt-cache << 'END'
#!/bin/sh
[ "$2" != new ]
END
cat > apt-get << 'END'
#!/bin/sh
echo "$*" >> "$LOG"
case $* in
  *--print-uris*) printf 'Need to get 95.1 MB of archives.\n' ;;
  install*) printf 'dlstatus:1:100.0:done\npmstatus:one:50.0:half\n'; exit "${STATUS:-0}" ;;
  download*) cp "$DEB" . ;;
esac
END
printf '#!/bin/sh\nexec "$@"\n' > sudo
chmod +x ./*
cd ..
mkdir -p deb/DEBIAN deb/usr
printf 'Package: old\nVersion: 1\nArchitecture: all\nMaintainer: none\nDescription: none\n' \
  > deb/DEBIAN/control
touch deb/usr/source.c
dpkg-deb -b deb old.deb > /dev/null
export PATH=$PWD/bin:$PATH LOG=$PWD/log DEB=$PWD/old.deb

"$packages" --unpack "$PWD/unpacked" present one new/old > said
grep -qx '  one' said
grep -qx '  95.1 MB to download' said
grep -qx 'downloading 20% 40% 60% 80% 100%; installing 20% 40%; done' said
[ -e unpacked/old/usr/source.c ]
[ "$(grep -c '^install' log)" = 2 ]

: > log
"$packages" --unpack "$PWD/unpacked" present new/old > said
[ ! -s said ]
[ ! -s log ]

: > log
"$packages" present new/ one/ > said
grep -qx '  one' said
if grep -q new said log; then exit 1; fi

if STATUS=1 "$packages" present one new/old > said 2>&1; then exit 1; fi
grep -qx '  apt-get install --no-install-recommends one old' said
