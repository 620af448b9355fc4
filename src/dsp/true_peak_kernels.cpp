// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/true_peak_kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/true_peak_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ton::dsp {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
namespace { // the other kernels of this namespace have their own

using D = hn::CappedTag<float, TruePeakKernels::lanes_max>;
using V = hn::Vec<D>;

/// max(a, |b|) that keeps a where b is no number, on every instruction set alike.
HWY_INLINE V keep_larger(V a, V b) {
    const V magnitude = hn::Abs(b);
    return hn::IfThenElse(hn::Gt(magnitude, a), magnitude, a);
}

ChunkScan scan(const float* x) TM_NONBLOCKING {
    const D d;
    const V zero = hn::Zero(d);
    V peak = zero, bend = zero, broken = zero;
    for (int i = 0; i < TruePeakKernels::chunk; i += static_cast<int>(hn::Lanes(d))) {
        const V now = hn::LoadU(d, x + i), middle = hn::LoadU(d, x + i - 1), old = hn::LoadU(d, x + i - 2);
        peak = keep_larger(peak, now);
        bend = keep_larger(bend, hn::Sub(hn::Add(now, old), hn::Add(middle, middle)));
        broken = hn::MulAdd(now, zero, broken); // infinity and NaN leave NaN
    }
    return {hn::GetLane(hn::MaxOfLanes(d, peak)), hn::GetLane(hn::MaxOfLanes(d, bend)),
            hn::AllTrue(d, hn::Eq(broken, zero))};
}

/// The folded filters of `pairs` mirrored pairs and the middle point for one vector of bases; see
/// interpolator.hpp.
template <int pairs> struct Points {
    V half, even[pairs], odd[pairs];

    HWY_INLINE void clear(D d) {
        half = hn::Zero(d);
        for (int p = 0; p < pairs; ++p) even[p] = odd[p] = hn::Zero(d);
    }

    HWY_INLINE void add(D d, const float* x, int k, const float* row) {
        const V before = hn::LoadU(d, x - k), after = hn::LoadU(d, x + 1 + k);
        const V sum = hn::Add(before, after), difference = hn::Sub(before, after);
        half = hn::MulAdd(sum, hn::Set(d, row[0]), half);
        for (int p = 0; p < pairs; ++p) {
            even[p] = hn::MulAdd(sum, hn::Set(d, row[1 + 2 * p]), even[p]);
            odd[p] = hn::MulAdd(difference, hn::Set(d, row[2 + 2 * p]), odd[p]);
        }
    }

    HWY_INLINE V largest(V start) const {
        start = keep_larger(start, half);
        for (int p = 0; p < pairs; ++p) {
            start = keep_larger(start, hn::Add(hn::Abs(even[p]), hn::Abs(odd[p])));
        }
        return start;
    }
};

float peak(const float* x, const Interpolator& filter) TM_NONBLOCKING {
    const D d;
    const int lanes = static_cast<int>(hn::Lanes(d));
    V most = hn::Zero(d);
    for (int i = 0; i < TruePeakKernels::chunk;
         i += 2 * lanes) { // two vectors at once hide the latency of the sums
        Points<1> one, two;
        one.clear(d);
        two.clear(d);
        for (int k = 0; k < Interpolator::folded; ++k) {
            const float* row = filter.table.data() + 3 * k;
            one.add(d, x + i, k, row);
            two.add(d, x + i + lanes, k, row);
        }
        most = two.largest(one.largest(most));
    }
    return hn::GetLane(hn::MaxOfLanes(d, most));
}

void envelope(const float* x, const Interpolator& filter, float* out, int count) TM_NONBLOCKING {
    const D d;
    for (int i = 0; i < count; i += static_cast<int>(hn::Lanes(d))) {
        Points<3> points;
        points.clear(d);
        for (int k = 0; k < Interpolator::folded; ++k) points.add(d, x + i, k, filter.table.data() + 7 * k);
        hn::StoreU(points.largest(hn::Abs(hn::LoadU(d, x + i))), d, out + i);
    }
}

} // namespace

/// HWY_EXPORT takes no noexcept function, so it takes this one and the audio side calls through the table.
const TruePeakKernels* list_true_peak_kernels() {
    static constexpr TruePeakKernels table{scan, peak, envelope};
    return &table;
}

} // namespace HWY_NAMESPACE
} // namespace ton::dsp
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::dsp {
HWY_EXPORT(list_true_peak_kernels);

const TruePeakKernels& true_peak_kernels() {
    return *HWY_DYNAMIC_DISPATCH(list_true_peak_kernels)();
}
} // namespace ton::dsp
#endif
