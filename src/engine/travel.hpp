// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace ton::engine {

/// How a value travels: on a curve that leaves with the present slope and arrives with none, or straight.
enum class Way : std::uint8_t { smooth, linear };

/// A value's way, v(t) = start + t (slope + t (square + t cube)) for t from 0 to 1; square and cube follow from
/// v(1) = start + delta, v'(1) = 0. Where slope equals delta both are 0, and the way is straight. In float it is the audio
/// side's to the bit, whoever moves the value (Ramps' kernels, for lanes, have these lines once more).
template <class T> struct Travel {
    T start{}, slope{}, delta{}; ///< slope and delta over the whole way

    /// From a value that moves at `speed` (per whole way to come). A smooth way keeps as much of it as leaves the way monotone
    /// (Fritsch and Carlson, SIAM J. Numer. Anal. 17, 1980): without this bound a long fade would carry a short one's speed
    /// far beyond both ends.
    static Travel between(T from, T to, T speed, Way way) TM_NONBLOCKING {
        const T delta = to - from;
        if (way == Way::linear) return {from, delta, delta};
        const T m = speed * delta <= T(0) ? T(0) : delta > T(0) ? std::min(speed, T(3) * delta) : std::max(speed, T(3) * delta);
        // Equal numbers mean straight; a curve that happens to leave at just that speed is kept off it by one bit.
        return {from, m == delta ? std::nextafter(m, T(0)) : m, delta};
    }
    bool straight() const TM_NONBLOCKING { return slope == delta; }
    T square() const TM_NONBLOCKING { return straight() ? T(0) : T(3) * delta - T(2) * slope; }
    T cube() const TM_NONBLOCKING { return straight() ? T(0) : slope - T(2) * delta; }
    T at(T t) const TM_NONBLOCKING { return start + t * (slope + t * (square() + t * cube())); }
    /// Per whole way.
    T speed(T t) const TM_NONBLOCKING { return slope + t * (T(2) * square() + T(3) * t * cube()); }
};

} // namespace ton::engine
