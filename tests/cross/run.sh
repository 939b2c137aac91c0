#!/bin/bash
# run.sh BUILD NATIVE JOBS - tests BUILD, a build for another architecture, under qemu: its unit, net
# and simulation tests, then its tools with the end-to-end tests of NATIVE, a build for this machine.
# The tests in the file `qemu` are left out.  The output of each is in BUILD/*.log.
set -u
build=$(realpath "$1") native=$(realpath "$2") jobs=$3
cd "$(dirname "$0")" || exit 1
left_out=$(grep -o '^[A-Z][^ ]*' qemu | paste -sd :)
export WIREUTILS_SANITIZED_BIN_DIR=$build/emulated
SEEDS=2000
status=0

# check NAME PROGRAM [SHARDS]: runs PROGRAM, made with GoogleTest, in so many processes at once.
check() {
  local name=$1 program=$2 shards=${3:-1} shard
  rm -f "$build/$name".*.log
  for ((shard = 0; shard < shards; ++shard)); do
    GTEST_TOTAL_SHARDS=$shards GTEST_SHARD_INDEX=$shard timeout 3600 "$program" \
      --gtest_filter="-$left_out" > "$build/$name.$shard.log" 2>&1 || : > "$build/$name.failed.log" &
  done
  wait
  echo "$name: $(count OK "$name") passed, $(count FAILED "$name") failed," \
    "$(count SKIPPED "$name") skipped"
  grep -h '^\[  FAILED  \] .* ms)' "$build/$name".*.log
  [ ! -e "$build/$name.failed.log" ] || status=1
}

count() { cat "$build/$2".*.log | grep -c "^\[ *$1 *\] .* ms)"; }

check unit "$build/emulated/unit_tests"
check net "$build/emulated/net_tests"
../sim/same_transcript.sh "$build/emulated/netcat_sim" || status=1
"$build/emulated/netcat_sim" --list ../sim/seeds --seeds $SEEDS || status=1
check e2e "$native/bin/e2e_tests" "$jobs"
exit $status
