#!/bin/bash
# installation.sh install|uninstall BUILD PREFIX [DESTDIR] - installs what BUILD holds, or removes
# it again, with the directories that it made and that are empty.  BUILD remembers which those are.
set -eu -o pipefail
action=$1 build=$(realpath "$2") prefix=$3 destdir=${4-}
made=$build/made_directories
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
DESTDIR=$scratch cmake --install "$build" --prefix "$prefix" > /dev/null

# The directories of an installation, each after those in it.
directories() {
  find "$scratch" -mindepth 1 -depth -type d -printf '/%P\n' |
    while read -r directory; do echo "$destdir$directory"; done
}

print_next_steps() {
  echo "Installed in $prefix.  To begin with:"
  case :$PATH: in
    *:"$prefix"/bin:*) ;;
    *) echo "  export PATH=$prefix/bin:\$PATH" ;;
  esac
  echo "  man netcat"
  echo "  man wireutils"
  if [[ $prefix =~ ^/usr(/local)?$ ]] && command -v systemctl > /dev/null; then
    echo "A server that systemd starts for its first client, here clockd on localhost, port 8000:"
    echo "  sudo systemctl daemon-reload"
    echo "  sudo systemctl enable --now clockd.socket"
  fi
  echo "To remove all of it:"
  echo "  sudo make uninstall prefix=$prefix"
}

install() {
  directories | while read -r directory; do
    [ -d "$directory" ] || echo "$directory"
  done >> "$made"
  umask 022
  DESTDIR=$destdir cmake --install "$build" --prefix "$prefix"
  [ -n "$destdir" ] || print_next_steps
}

uninstall() {
  (cd "$scratch" && find . ! -type d -print0) | (cd "$destdir/" && xargs -0 rm -fv)
  touch "$made"
  directories | while read -r directory; do
    if [ -d "$directory" ] && { [[ $directory = */doc/wireutils ]] || grep -qxF "$directory" "$made"; }
    then rmdir --ignore-fail-on-non-empty "$directory"; fi
  done
  while read -r directory; do
    [ ! -d "$directory" ] || echo "$directory"
  done < "$made" > "$scratch/made"
  mv "$scratch/made" "$made"
}

"$action"
