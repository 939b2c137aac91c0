#!/bin/bash
# recipes_lint.sh - the recipes for other distributions have the version of CMakeLists.txt and, where
# makepkg and nix-instantiate are installed, these can read them.  script_lint.sh checks their shell.
set -eu -o pipefail
cd "$(dirname "$0")/../../packaging"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
version=$(awk '/^project/ { print $3 }' ../CMakeLists.txt)
status=0
for recipe in alpine/APKBUILD arch/PKGBUILD; do
  if ! grep -qx "pkgver=$version" "$recipe"; then
    echo "recipes_lint: packaging/$recipe: pkgver is not $version, as in CMakeLists.txt"
    status=1
  fi
done

as_user=()
[ "$(id -u)" != 0 ] || as_user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
if command -v makepkg > /dev/null; then
  cp arch/PKGBUILD "$scratch"
  chmod 777 "$scratch"
  (cd "$scratch" && HOME=$scratch PACMAN=true "${as_user[@]}" makepkg --printsrcinfo) \
    > "$scratch/arch" && grep -qx $'\tpkgver = '"$version" "$scratch/arch" || status=1
fi
if command -v nix-instantiate > /dev/null; then
  packages='builtins.listToAttrs (map (name: { inherit name; value = name; })
    [ "cmake" "hiredis" "libuv" "llhttp" "ninja" "openssl" "pkg-config" "sqlite" ]) // {
    stdenv.mkDerivation = recipe: recipe;
    lib = { cleanSource = path: path; makeLibraryPath = builtins.concatStringsSep ":";
            licenses.mit = "mit"; platforms.linux = "linux"; };
  }'
  export NIX_CONFIG='build-users-group =' NIX_STATE_DIR=$scratch NIX_STORE_DIR=$scratch
  nix-instantiate --eval --strict --json \
    -E "builtins.removeAttrs (import ./nix { pkgs = $packages; }) [ \"src\" ]" > "$scratch/nix" &&
    grep -q "\"version\":\"$version\"" "$scratch/nix" || status=1
fi
[ $status = 0 ] || exit $status
for linter in makepkg nix-instantiate; do
  command -v $linter > /dev/null || { echo "$linter is not installed"; exit 77; }
done
