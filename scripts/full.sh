# SPDX-License-Identifier: GPL-3.0-or-later
# The rest of `scripts/test --full`; sourced by it. Every configuration is one meson option.

export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1

# The audio side proven not to block, at compile time, with every other warning of clang on.
step "build (clang 22, function effects)" env CXX=clang++-22 meson setup "$builds-effects" --buildtype=release -Deffects=true
step "compile (clang 22, function effects)" ninja -C "$builds-effects"

# Two instruction sets are enough here (scalar and AVX2): the release build tests them all.
fewer=-Dfewer_targets=true
step "build (clang 22, ASan and UBSan)" env CXX=clang++-22 meson setup "$builds-address" --buildtype=debugoptimized $fewer -Dsanitizer=address -Dfuzzers=true
step "compile (ASan and UBSan)" ninja -C "$builds-address"
unit "$builds-address"
step "fuzz OSC, two minutes" timeout 180 "$builds-address/tests/fuzz/osc_fuzz" -max_total_time=120 -rss_limit_mb=2048

step "build (clang 22, TSan)" env CXX=clang++-22 meson setup "$builds-thread" --buildtype=debugoptimized $fewer -Dsanitizer=thread
step "compile (TSan)" ninja -C "$builds-thread"
unit "$builds-thread" --suite threads

step "build (clang 22, RealtimeSanitizer)" env CXX=clang++-22 meson setup "$builds-realtime" --buildtype=debugoptimized $fewer -Dsanitizer=realtime
step "compile (RealtimeSanitizer)" ninja -C "$builds-realtime"
unit "$builds-realtime"
