#!/bin/bash
# run.sh BUILD NATIVE JOBS - tests BUILD, a build for another architecture, under qemu if this machine
# needs it: its unit, net and simulation tests, then its tools with the end-to-end tests of NATIVE, a
# build for this machine.  The tests in the files left_out.* are left out.  The output of each is in
# BUILD/*.log.
set -u
build=$(realpath "$1") native=$(realpath "$2") jobs=$3
cd "$(dirname "$0")" || exit 1
lists=(left_out.all)
if grep -q qemu "$build/emulated/netcat"; then lists+=(left_out.qemu); fi
left_out=$(sed '/^#/d; /^$/d' "${lists[@]}" | paste -sd :)
export WIREUTILS_SANITIZED_BIN_DIR=$build/emulated
SEEDS=2000
status=0

# check NAME PROGRAM [SHARDS]: runs PROGRAM, made with GoogleTest, in so many processes at once.  A test
# that fails is run again, by itself: under qemu a test is slow enough to fail in a crowd.
check() {
  local name=$1 program=$2 shards=${3:-1} shard failed
  rm -f "$build/$name".*.log
  for ((shard = 0; shard < shards; ++shard)); do
    GTEST_TOTAL_SHARDS=$shards GTEST_SHARD_INDEX=$shard timeout 3600 "$program" \
      --gtest_filter="-$left_out" > "$build/$name.$shard.log" 2>&1 &
  done
  wait
  echo "$name: $(count "$build/$name".?.log), $("$program" --gtest_list_tests --gtest_filter="$left_out" |
    grep -c '^  ') left out"
  if grep -L '^\[  PASSED  \]' "$build/$name".?.log | sed 's/^/no end in /' | grep .; then status=1; fi
  failed=$(sed -n 's/^\[  FAILED  \] \([^ ,]*\).* ms)$/\1/p' "$build/$name".?.log | paste -sd :)
  if [ -n "$failed" ]; then
    timeout 3600 "$program" --gtest_filter="$failed" > "$build/$name.again.log" 2>&1 || status=1
    echo "$name, what failed, again: $(count "$build/$name.again.log")"
    grep '^\[  FAILED  \] .* ms)' "$build/$name.again.log"
  fi
}

# count LOG...: the tests in them, by their results.
count() {
  awk '/^\[ .* ms\)$/ { ++n[$0 ~ /^\[ *OK/ ? 1 : $0 ~ /^\[ *FAILED/ ? 2 : 3] }
    END { printf "%d passed, %d failed, %d skipped\n", n[1], n[2], n[3] }' "$@"
}

check unit "$build/emulated/unit_tests"
check net "$build/emulated/net_tests"
../sim/same_transcript.sh "$build/emulated/netcat_sim" || status=1
"$build/emulated/netcat_sim" --list ../sim/seeds --seeds $SEEDS || status=1
check e2e "$native/bin/e2e_tests" "$jobs"
exit $status
