#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the OSC fuzz target with clang 22 and runs it: osc_fuzz.sh [SECONDS] [BUILD_DIR]. A finding is a failure.
set -eu
seconds=${1:-120}
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${2:-$root/build/fuzz-osc}
osc=$root/src/control/osc
flags="-std=c++20 -O1 -g1 -I$root/src -fno-sanitize-recover=all -Wall -Wextra -Wpedantic -Werror"
mkdir -p "$build/corpus"
objects=""
for unit in wire validate decode encode value pattern framing timetag; do
    clang++-22 $flags -fsanitize=fuzzer-no-link,address,undefined -c "$osc/$unit.cpp" -o "$build/$unit.o"
    objects="$objects $build/$unit.o"
done
clang++-22 $flags -fsanitize=fuzzer,address,undefined "$root/tests/fuzz/osc_fuzz.cpp" $objects -llo -lfmt -o "$build/osc_fuzz"
# The first directory takes what is found, the second holds the seeds.
timeout $((seconds + 60)) "$build/osc_fuzz" -max_total_time="$seconds" -max_len=8192 -print_final_stats=1 \
    -artifact_prefix="$build/" "$build/corpus" "$root/tests/fuzz/osc_corpus" 2>"$build/log.txt" || {
    tail -n 30 "$build/log.txt" >&2
    exit 1
}
grep -E 'number_of_executed_units|^Done' "$build/log.txt"
