#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs a libFuzzer target of a build with -Dfuzzers=true: fuzz.sh BUILD TARGET [SECONDS]. A finding is a failure.
set -eu
build=$(cd "$1" && pwd)/tests/fuzz
target=$2
seconds=${3:-60}
here=$(cd "$(dirname "$0")" && pwd)
words=
[ ! -f "$here/$target.dict" ] || words=-dict=$here/$target.dict
mkdir -p "$build/$target-corpus"
cd "$build"
# A desk is made for each run: short stacks of its allocations keep that quick.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:malloc_context_size=4:quarantine_size_mb=32"
# The first directory takes what is found, the second holds the seeds.
timeout $((seconds + 60)) "./${target}_fuzz" -max_total_time="$seconds" -max_len=8192 -len_control=0 -timeout=20 -print_final_stats=1 $words \
    -artifact_prefix="$build/" "$target-corpus" "$here/${target}_corpus" 2>"$target.log" || {
    tail -n 40 "$target.log" >&2
    exit 1
}
grep -aE 'number_of_executed_units|^Done' "$target.log"
