// SPDX-License-Identifier: GPL-3.0-or-later
#include "modules/limiter/kernels.hpp"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/limiter/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ton::modules::limiter::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
namespace {

using D = hn::CappedTag<float, Kernels::kLanes>;
using V = hn::Vec<D>;
using One = hn::CappedTag<float, 1>; // for the rest of a loop: the same bits as in a vector's lane

bool condition(const float* x, const float* gain, int stride, float* out, int count) TM_NONBLOCKING {
    const D d;
    const auto lanes = static_cast<int>(hn::Lanes(d));
    bool finite = true;
    int i = 0;
    for (; i + lanes <= count; i += lanes) {
        const V v = hn::LoadU(d, x + i) * (stride == 0 ? hn::Set(d, *gain) : hn::LoadU(d, gain + i));
        const auto good = hn::Eq(v * hn::Zero(d), hn::Zero(d)); // infinity and NaN make NaN
        finite = finite && hn::AllTrue(d, good);
        hn::StoreU(hn::IfThenElseZero(good, v), d, out + i);
    }
    for (; i < count; ++i) {
        const float v = x[i] * gain[i * stride];
        const bool good = v * 0.0F == 0.0F;
        finite = finite && good;
        out[i] = good ? v : 0.0F;
    }
    return finite;
}

Extent extent(const float* x, int count) TM_NONBLOCKING {
    const D d;
    const auto lanes = static_cast<int>(hn::Lanes(d));
    V peak = hn::Zero(d), bend = hn::Zero(d);
    int i = 0;
    for (; i + lanes <= count; i += lanes) {
        const V now = hn::LoadU(d, x + i);
        peak = hn::Max(peak, hn::Abs(now));
        bend = hn::Max(bend, hn::Abs(hn::LoadU(d, x + i - 1) + hn::LoadU(d, x + i + 1) - (now + now)));
    }
    Extent e{hn::GetLane(hn::MaxOfLanes(d, peak)), hn::GetLane(hn::MaxOfLanes(d, bend))};
    for (; i < count; ++i) {
        e.peak = std::max(e.peak, std::abs(x[i]));
        e.bend = std::max(e.bend, std::abs(x[i - 1] + x[i + 1] - (x[i] + x[i])));
    }
    e.peak = std::max({e.peak, std::abs(x[-1]), std::abs(x[count])});
    return e;
}

template <class T> HWY_INLINE void keep_larger(T d, const float* x, float* out) {
    hn::StoreU(hn::Max(hn::LoadU(d, out), hn::Abs(hn::LoadU(d, x))), d, out);
}

void sample_peaks(const float* x, float* out, int count) TM_NONBLOCKING {
    const D d;
    const auto lanes = static_cast<int>(hn::Lanes(d));
    int i = 0;
    for (; i + lanes <= count; i += lanes) keep_larger(d, x + i, out + i);
    for (; i < count; ++i) keep_larger(One(), x + i, out + i);
}

/// The larger of the second differences at x[n] and x[n+1].
HWY_INLINE V larger_bend(D d, const float* x) {
    const V now = hn::LoadU(d, x), next = hn::LoadU(d, x + 1);
    const V rise = next - now;
    return hn::Max(hn::Abs(rise - (now - hn::LoadU(d, x - 1))), hn::Abs(hn::LoadU(d, x + 2) - next - rise));
}

void true_peaks(const float* x, const Interpolation& filter, float* out, int count) TM_NONBLOCKING {
    const D d;
    for (int i = 0; i < count; i += static_cast<int>(hn::Lanes(d))) {
        V half = hn::Zero(d), even1 = half, odd1 = half, even2 = half, odd2 = half, even3 = half, odd3 = half;
        // The small outer taps first: so the sums lose least to rounding. No fused multiply-add, which not
        // every instruction set has: so all of them find the same bits, and it costs nothing, as the loads
        // set the pace.
        const float* row = filter.table.data() + Interpolation::kHalf * Interpolation::kStride;
        for (int k = Interpolation::kHalf - 1; k >= 0; --k) {
            row -= Interpolation::kStride;
            const V before = hn::LoadU(d, x + i - k), after = hn::LoadU(d, x + i + 1 + k);
            const V sum = before + after, difference = before - after;
            half = half + sum * hn::Set(d, row[0]);
            even1 = even1 + sum * hn::Set(d, row[1]);
            odd1 = odd1 + difference * hn::Set(d, row[2]);
            even2 = even2 + sum * hn::Set(d, row[3]);
            odd2 = odd2 + difference * hn::Set(d, row[4]);
            even3 = even3 + sum * hn::Set(d, row[5]);
            odd3 = odd3 + difference * hn::Set(d, row[6]);
        }
        V most = hn::Max(hn::Abs(half), hn::Abs(even1) + hn::Abs(odd1));
        most = hn::Max(most, hn::Abs(even2) + hn::Abs(odd2));
        most = hn::Max(most, hn::Abs(even3) + hn::Abs(odd3));
        const V between = most + hn::Set(d, Interpolation::kBetween) * larger_bend(d, x + i);
        hn::StoreU(hn::Max(hn::LoadU(d, out + i), between), d, out + i);
    }
}

template <class T> HWY_INLINE bool request(T d, const float* peak, const float* ceiling, float* gain) {
    const auto p = hn::LoadU(d, peak), c = hn::LoadU(d, ceiling), one = hn::Set(d, 1.0F);
    const auto below = hn::Le(p, c);
    const auto asked = hn::Set(d, 1.0F - 0x1p-22F) * c / hn::IfThenElse(below, one, p);
    hn::StoreU(hn::IfThenElse(below, one, asked), d, gain);
    return hn::AllTrue(d, below);
}

bool requests(const float* peak, const float* ceiling, float* gain, int count) TM_NONBLOCKING {
    const D d;
    const auto lanes = static_cast<int>(hn::Lanes(d));
    bool all = true;
    int i = 0;
    for (; i + lanes <= count; i += lanes) all = request(d, peak + i, ceiling + i, gain + i) && all;
    for (; i < count; ++i) all = request(One(), peak + i, ceiling + i, gain + i) && all;
    return all;
}

void minima(const float* x, int back, float* out, int count) TM_NONBLOCKING {
    const D d;
    const auto lanes = static_cast<int>(hn::Lanes(d));
    int i = 0;
    for (; i + lanes <= count; i += lanes)
        hn::StoreU(hn::Min(hn::LoadU(d, x + i), hn::LoadU(d, x + i - back)), d, out + i);
    for (; i < count; ++i) out[i] = x[i] < x[i - back] ? x[i] : x[i - back];
}

void multiply(const float* x, const float* gain, float* out, int count) TM_NONBLOCKING {
    const D d;
    const auto lanes = static_cast<int>(hn::Lanes(d));
    int i = 0;
    for (; i + lanes <= count; i += lanes)
        hn::StoreU(hn::LoadU(d, x + i) * hn::LoadU(d, gain + i), d, out + i);
    for (; i < count; ++i) out[i] = x[i] * gain[i];
}

} // namespace

/// HWY_EXPORT takes no noexcept function, so it takes this one, and the audio side calls through the table.
const Kernels* list_limiter_kernels() {
    static constexpr Kernels table{condition, extent, sample_peaks, true_peaks, requests, minima, multiply};
    return &table;
}

} // namespace ton::modules::limiter::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::modules::limiter {
HWY_EXPORT(list_limiter_kernels);

const Kernels& kernels() {
    return *HWY_DYNAMIC_DISPATCH(list_limiter_kernels)();
}
} // namespace ton::modules::limiter
#endif
