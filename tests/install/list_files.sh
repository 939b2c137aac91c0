#!/bin/sh
# list_files.sh ROOT PREFIX - lists what was installed below ROOT: the files under PREFIX, by names
# that begin there, and any others.
cd "$1" && find . ! -type d -printf '%M .%P %l\n' | sed "s| \.${2#/}/| |; s| *\$||" | LC_ALL=C sort
