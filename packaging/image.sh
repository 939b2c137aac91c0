#!/bin/bash
# image.sh TARBALL IMAGE [ARCHITECTURE] - makes a container image, the OCI archive IMAGE, of the
# programs in TARBALL, which binaries.sh made for this machine or for ARCHITECTURE.  It needs
# buildah(1), and leaves nothing in its storage.
set -eu -o pipefail
tarball=$(realpath "$1") image=$(realpath "$2")
cd "$(dirname "$0")"
umask 022
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

mkdir -p "$scratch/context/locale"
tar -xzf "$tarball" -C "$scratch/context" --strip-components=1
time=$(stat -c %Y "$scratch/context/LICENSE")
cp -r /usr/lib/locale/C.utf8 "$scratch/context/locale"
storage=(--root "$scratch/root" --runroot "$scratch/run" --storage-driver vfs)
buildah "${storage[@]}" bud --quiet --isolation chroot --timestamp "$time" \
  ${3:+--arch "$3"} -t wireutils -f Containerfile "$scratch/context" > "$scratch/log"
rm -f "$image"
buildah "${storage[@]}" push --quiet wireutils "oci-archive:$image:wireutils"
