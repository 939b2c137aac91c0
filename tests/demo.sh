#!/bin/bash
# demo.sh BIN - shows netcat and the daemons at their main job.  Every command is printed before it
# runs, so that it can be typed again; ports are free ones, and nothing stays behind.
set -u
PATH=$(realpath "$1"):$PATH
directory=$(mktemp -d)
port=
# shellcheck disable=SC2317  # the trap calls it
stop_all() {
  for file in ./*.pid; do
    [ -e "$file" ] || continue
    kill "$(cat "$file")" 2> /dev/null
    while kill -0 "$(cat "$file")" 2> /dev/null; do sleep 0.05; done
  done
  rm -rf "$directory"
}
trap stop_all EXIT
cd "$directory" || exit 1
failed=0

say() { printf '\n# %s\n' "$*"; }
run() { printf '$ %s\n' "$1"; bash -c "$1"; }
expect() { [ "$1" = "$2" ] || { echo "demo: expected $2, got $1" >&2; failed=1; }; }
# A daemon on a free port: it prints the port, then lets standard output go.
start() { run_here "port=\$($1 --quiet --print-port 0 & echo \$! > ${1%% *}.pid); echo \$port"; }
run_here() { printf '$ %s\n' "$1"; eval "$1"; }

say "clockd tells the time, on the second; netcat reads three lines of it and head leaves."
start clockd
run "netcat localhost $port | head -3"

say "Many clients at once."
run "netcat localhost $port | head -2 & netcat localhost $port | head -2; wait"

say "reverbd echoes each line three times.  netcat half-closes at the end of its input, which tells
# reverbd that no more will come; every echo still arrives."
start reverbd
run "printf 'Hello\nIs there anybody there?\n' | netcat localhost $port | tee echoes"
expect "$(wc -l < echoes)" 6

say "statusd answers over HTTP, here with a greeting at one path."
start "statusd --route /hello=Hello"
run "curl -si localhost:$port/hello | tee answer; echo"
expect "$(tail -n 1 answer)" Hello

say "passwordd hands out passwords: four of sixteen characters, with their entropy."
start passwordd
run "curl -s 'localhost:$port/password?count=4&length=16&entropy=1' | tee passwords"
expect "$(grep -c '96.36 bits' passwords)" 4

say "counterd counts, on disk: two hundred increments at once, then it is killed, and nothing is lost."
start "counterd --store counters.db"
run "seq 200 | xargs -P 20 -I{} curl -s -o ack{} -d name=jobs localhost:$port/inc; cat ack* | sort | uniq -c"
run_here "kill -9 \$(cat counterd.pid); tail --pid \$(cat counterd.pid) -f /dev/null"
start "counterd --store counters.db"
run "curl -s 'localhost:$port/get?name=jobs' | tee jobs"
expect "$(cat jobs)" "jobs: 200"

say "The exit status can be trusted: 4 is 'connection refused'."
run "netcat localhost 1; echo \"status \$?\"" 2>&1 | tee status
expect "$(grep -c 'status 4' status)" 1
exit $failed
