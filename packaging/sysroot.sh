#!/bin/bash
# sysroot.sh ARCHITECTURE DIRECTORY PACKAGE... - unpacks Debian packages of another architecture, and
# those that they need, in DIRECTORY.  It installs nothing, and needs no root: its lists of packages
# are in DIRECTORY.lists.  ONE/OTHER is ONE if the release has it, else nothing.
set -eu -o pipefail
architecture=$1 directory=$(realpath -m "$2") lists=$(realpath -m "$2").lists
shift 2
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

done_file=$directory/.packages
[ "$(cat "$done_file" 2> /dev/null)" != "$*" ] || exit 0
rm -rf "$directory"
mkdir -p "$directory/usr/lib" "$lists"/{state/lists,cache/archives}/partial
ln -s usr/lib "$directory/lib"  # before Debian 13 packages have files in both
: > "$lists/status"  # nothing is installed there, not even a C library
options=(-qq -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture"
  -o "Dir::State=$lists/state" -o "Dir::State::status=$lists/status" -o "Dir::Cache=$lists/cache"
  -o APT::Sandbox::User=root)

apt-get "${options[@]}" update || true  # a list that fails is used as it was, or not at all
packages=()
for package in "$@"; do
  if [[ $package != */* ]] || apt-cache "${options[@]}" show "${package%/*}" > /dev/null 2>&1; then
    packages+=("${package%/*}")
  fi
done
echo "Unpacking in $directory, for $architecture: ${packages[*]}"
apt-get "${options[@]}" install --yes --no-install-recommends --download-only "${packages[@]}"
for archive in "$lists"/cache/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$archive" | tar -x --keep-directory-symlink -C "$directory"
done
rm -rf "$lists"
# An absolute link would lead out of the directory.
find "$directory" -type l -lname '/*' -printf '%p\0%l\0' |
  while IFS= read -r -d '' link && IFS= read -r -d '' target; do
    ln -sfr "$directory$target" "$link"
  done
echo "$*" > "$done_file"
