#!/bin/bash
# script_lint.sh - shellcheck is content with every script of the project: what says in its first
# line that it is for sh or bash, wherever it is.
set -u
cd "$(dirname "$0")/../.." || exit 1
mapfile -t scripts < <(find . \( -path ./build -o -path ./.git \) -prune -o -type f -exec awk '
  FNR == 1 && /^(#!.*[\/ ](ba)?sh|# shellcheck shell=)/ { print FILENAME } { nextfile }' {} +)
if [ ${#scripts[@]} -lt 5 ]; then
  echo "script_lint: found no more than: ${scripts[*]}" >&2
  exit 1
fi
shellcheck "${scripts[@]}"
