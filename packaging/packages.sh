#!/bin/bash
# packages.sh [--unpack DIRECTORY] PACKAGE... - installs the Debian packages that are missing, and
# first prints how much that is.  ONE/OTHER is the first of the two that the release has; ONE/ is
# left out where the release does not have it.  With --unpack an OTHER is not installed but unpacked
# in DIRECTORY, without the packages that it needs.
set -u -o pipefail
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
directory=
[ "$1" != --unpack ] || { directory=$2; shift 2; }

installed() { dpkg-query -W -f '${Status}' "$1" 2> /dev/null | grep -q 'ok installed'; }
available() { apt-cache show "$1" > /dev/null 2>&1; }

# Prints the packages of the operands that are neither installed nor unpacked.
missing_of() {
  local package one
  for package in "$@"; do
    for one in ${package//\// }; do
      installed "$one" && continue 2
      [ -n "$directory" ] && [ -e "$directory/$one" ] && continue 2
    done
    echo "$package"
  done
}

# Sorts the missing packages: install, unpack.
choose() {
  local package
  install=() unpack=()
  for package in "${missing[@]}"; do
    if [[ $package != */* ]] || available "${package%/*}"; then install+=("${package%/*}")
    elif [[ $package == */ ]]; then continue
    elif [ -n "$directory" ] && available "${package#*/}"; then unpack+=("${package#*/}")
    else install+=("${package#*/}"); fi
  done
}

give_up() {
  local packages=("${install[@]}" "${unpack[@]}")
  echo "packages.sh: $1; to install what is missing, type as root:" >&2
  echo "  apt-get install --no-install-recommends ${packages[*]}" >&2
  exit 1
}

# Prints apt-get's progress, which it reads from standard input, in steps of a fifth.
progress() {
  awk -F: '/^(dl|pm)status:/ {
    if ($1 != last) { printf "%s%s", (last ? "; " : ""), ($1 ~ /^dl/ ? "downloading" : "installing")
                      last = $1; step = 0 }
    for (; $3 >= 20 * (step + 1); fflush()) printf " %d%%", 20 * ++step
  } END { if (last) print "; done" }'
}

# Downloads and unpacks a package as it is.
unpack() {
  local scratch
  scratch=$(mktemp -d) || return
  (cd "$scratch" && apt-get download -qq -o APT::Sandbox::User=root "$1" > /dev/null &&
    dpkg-deb -x ./*.deb unpacked) && mkdir -p "$directory" && mv "$scratch/unpacked" "$directory/$1"
  local status=$?
  rm -rf "$scratch"
  return $status
}

mapfile -t missing < <(missing_of "$@")
[ ${#missing[@]} != 0 ] || exit 0
if ! command -v apt-get > /dev/null; then
  echo "This is not a Debian system: continuing as if these Debian packages were installed:"
  echo "  ${missing[*]}"
  exit 0
fi
choose
if [ ${#install[@]} != 0 ]; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  [ "$(id -u)" = 0 ] || command -v sudo > /dev/null || give_up "root, or sudo, is required"
  echo "Updating the lists of packages (${as_root[*]}${as_root:+ }apt-get update)"
  "${as_root[@]}" apt-get update -qq || give_up "apt-get update failed"
  choose
fi
if [ ${#install[@]} != 0 ]; then
  apt=(env DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes apt-get install --no-install-recommends -q)
  echo "To be installed, with what they depend on:"
  echo "${install[*]}" | fold -s -w 76 | sed 's/^/  /'
  "${apt[@]}" -y --print-uris "${install[@]}" 2> /dev/null |
    sed -n 's/.*, \([0-9]*\) newly installed.*/  \1 packages/p
      s/^Need to get \(.*\) of archives.*/  \1 to download/p
      s/^After this operation, \(.*\) of additional disk space.*/  \1 of disk space/p'
  "${as_root[@]}" "${apt[@]}" -y -o APT::Status-Fd=1 "${install[@]}" | progress ||
    give_up "apt-get install failed"
fi
for package in "${unpack[@]}"; do
  echo "To be unpacked in $directory, without what it depends on: $package"
  unpack "$package" || give_up "apt-get download $package failed"
done
