# SPDX-License-Identifier: GPL-3.0-or-later
# The rest of `scripts/test --full`; sourced by it. Every configuration is one meson option.

export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:suppressions=$root/scripts/thread.supp

# configure NAME OPTIONS...: a clang 22 build beside the release build. Two instruction sets are enough in the builds with
# sanitizers (plain x86-64 and AVX2): the release build tests them all.
configure() {
  local name=$1; shift
  step "configure ($name)" env CXX=clang++-22 sh -c \
    'if [ -f "$0/build.ninja" ]; then exec meson configure "$0" "$@"; else exec meson setup "$0" "$@"; fi' "$builds-$name" "$@"
}
sanitized="--buildtype=debugoptimized -Doptimization=1 -Dfewer_targets=true"

# The audio side is proven not to block, at compile time.
configure effects --buildtype=release -Deffects=true
step "function effects of the audio side" ninja -C "$builds-effects" src/dsp/libdsp.a src/files/libfiles.a \
  src/engine/libengine.a modules/libmodules.a src/backend/libbackend.a

configure address $sanitized -Dsanitizer=address -Dfuzzers=true
step "compile (ASan, UBSan)" ninja -C "$builds-address"
unit "$builds-address"
TONMEISTER=$builds-address/src/app/tonmeister step "hostile packets against the daemon (ASan, UBSan)" \
  /usr/bin/python3 -m pytest -q --tb=short -p no:cacheprovider tests/test_osc_hostile.py
# Both targets at once, a core each.
fuzz() {
  sh tests/fuzz/fuzz.sh "$builds-address" desk 120 & local desk=$! good=true
  sh tests/fuzz/fuzz.sh "$builds-address" osc 120 || good=false
  wait $desk && $good
}
step "two minutes of fuzzing, OSC packets and a desk" fuzz

configure realtime $sanitized -Dsanitizer=realtime
step "compile (RealtimeSanitizer)" ninja -C "$builds-realtime" meson-test-prereq
unit "$builds-realtime"

# What has threads.
configure thread $sanitized -Dsanitizer=thread
step "compile (TSan)" ninja -C "$builds-thread" src/files/test-files src/control/osc/test-osc src/backend/test-backend \
  src/control/test-promises src/control/test-random-edits
unit "$builds-thread" files osc backend 'engine promises' 'random edits'
