// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

/// Marks a function that the audio thread may reach: it never allocates, locks, waits, throws or calls the system.
/// clang 22 proves it (-Wfunction-effects) and RealtimeSanitizer traps what the proof can't see; for gcc it is
/// noexcept. Written after the parameter list: `void process(float* x, int frames) TM_NONBLOCKING;`
#if defined(__clang__) && __clang_major__ >= 20
#define TM_NONBLOCKING noexcept [[clang::nonblocking]]
#else
#define TM_NONBLOCKING noexcept
#endif

/// For the few calls into code that is known to be harmless but can't be declared so (a C library's pure function).
/// Each use says why it is safe.
#if defined(__clang__) && __clang_major__ >= 20
#define TM_TRUST_BEGIN _Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wfunction-effects\"")
#define TM_TRUST_END _Pragma("clang diagnostic pop")
#else
#define TM_TRUST_BEGIN
#define TM_TRUST_END
#endif
