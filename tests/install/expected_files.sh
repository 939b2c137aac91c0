#!/bin/bash
# expected_files.sh - prints the files of an installation, sorted: tests/install/files, filled in.
cd "$(dirname "$0")/../.." || exit 1
while read -r line; do
  case $line in
    '#'*) ;;
    *TOOL*) for page in man/*.[18]; do
      tool=$(basename "${page%.*}")
      line_of_tool=${line//TOOL/$tool}
      echo "${line_of_tool//N/${page##*.}}"
    done ;;
    *DAEMON*) for page in man/*.8; do echo "${line//DAEMON/$(basename "$page" .8)}"; done ;;
    *) echo "$line" ;;
  esac
done < tests/install/files | LC_ALL=C sort
