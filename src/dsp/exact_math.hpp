// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cmath>

namespace ton::dsp {

/// The number type of filter_design-inl.h for plain double: tests hold the float lanes against it, and the
/// control side draws response curves with it.
struct ExactMath {
    using V = double;
    using Mask = bool;
    static V set(double x) { return x; }
    static V sine(V x) { return std::sin(x); }
    static V cosine(V x) { return std::cos(x); }
    static V exp2(V x) { return std::exp2(x); }
    static V expm1(V x) { return std::expm1(x); }
    static V sqrt(V x) { return std::sqrt(x); }
    static V min(V a, V b) { return std::min(a, b); }
    static V max(V a, V b) { return std::max(a, b); }
    static V abs(V x) { return std::abs(x); }
    static V select(Mask m, V yes, V no) { return m ? yes : no; }
    static Mask less(V a, V b) { return a < b; }
    static Mask equal(V a, V b) { return a == b; }
    static Mask both(Mask a, Mask b) { return a && b; }
    static Mask either(Mask a, Mask b) { return a || b; }
    static bool any(Mask m) { return m; }
};

} // namespace ton::dsp
