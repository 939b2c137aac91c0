#!/bin/bash
# demo.sh BIN - shows netcat and the daemons at their main job.  Every command is printed before it
# runs, so that it can be typed again; ports are free ones, and nothing stays behind.
set -u
PATH=$(realpath "$1"):$PATH
directory=$(mktemp -d)
cd "$directory" || exit 1
pids=() failed=0
# shellcheck disable=SC2317  # the trap calls it
stop_all() {
  [ ${#pids[@]} = 0 ] || { kill "${pids[@]}"; wait "${pids[@]}"; } 2> /dev/null
  rm -rf "$directory"
}
trap stop_all EXIT

say() { echo; printf '# %s\n' "$@"; }
run() { printf '$ %s\n' "$1"; bash -c "$1" 2>&1 | tee printed; }
expect() { [ "$1" = "$2" ] || { echo "demo: expected '$2', got '$1'" >&2; failed=1; }; }
# Starts a daemon; $port is where its log says that it listens.
start() {
  printf '$ %s 0 &\n' "$1"
  rm -f log
  # shellcheck disable=SC2086  # options are words
  $1 0 2> log &
  pids+=($!)
  until grep -s 127.0.0.1: log; do
    kill -0 $! 2> /dev/null || { cat log >&2; exit 1; }
    sleep 0.05
  done
  port=$(sed -n 's/.*127\.0\.0\.1://p' log)
}

say "clockd sends the time, once per second.  Port 0 is any free port: see the log."
start clockd
run "netcat localhost $port | head -n 3"

say "reverbd echoes each line three times.  netcat half-closes the connection at" \
  "the end of its input, and still prints every echo."
start reverbd
run "echo 'Is there anybody there?' | netcat localhost $port"
expect "$(wc -l < printed)" 3

say "netcat checks which ports are open.  Its exit status says what went wrong:" \
  "4 is 'refused'."
run "netcat -z localhost $port && echo open"
run "netcat localhost 1; echo \"status \$?\""
expect "$(tail -n 1 printed)" "status 4"

say "statusd answers HTTP requests as a test requires."
start "statusd --route /hello=Hello"
run "curl -s -w '\n' localhost:$port/hello"
expect "$(cat printed)" Hello

say "passwordd generates passwords."
start passwordd
run "curl -s 'localhost:$port/password?count=2&length=16'"
expect "$(grep -c '^.\{16\}$' printed)" 2

say "counterd counts, on disk: 200 concurrent increments survive kill -9."
start "counterd --store jobs.db"
run "seq 200 | xargs -P 20 -I{} curl -so ok -d name=jobs localhost:$port/inc"
printf '$ kill -9 %%%%\n'
kill -9 "${pids[-1]}" && wait "${pids[-1]}" 2> /dev/null
start "counterd --store jobs.db"
run "curl -s 'localhost:$port/get?name=jobs'"
expect "$(cat printed)" "jobs: 200"
exit $failed
