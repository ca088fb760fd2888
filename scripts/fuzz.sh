#!/bin/sh
# Runs one fuzz target that has been built: scripts/fuzz.sh NAME SECONDS. New inputs go to build/native/corpus/NAME, an
# input that breaks something to build/native/fuzz/NAME-crash-…. FUZZ_SEED makes runs alike; without it each is another.
set -eu
name=$1
seconds=$2
mkdir -p "build/native/corpus/$name"
dictionary=""
[ ! -f "tests/fuzz/$name.dict" ] || dictionary="-dict=tests/fuzz/$name.dict"
echo "fuzz $name for $seconds s"
log=build/native/fuzz/$name.log
# shellcheck disable=SC2086 # the dictionary is there or not
if ! "build/native/fuzz/$name" -max_total_time="$seconds" -seed="${FUZZ_SEED:-0}" -timeout=20 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 \
  -artifact_prefix="build/native/fuzz/$name-" $dictionary "build/native/corpus/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
  tail -n 60 "$log" >&2
  exit 1
fi
grep -E '^(stat::number_of_executed_units|Done)' "$log" || true
