// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/loudness_kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/loudness_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ton::dsp {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
namespace { // the other kernels of this namespace have their own

using D = hn::CappedTag<double, 2>; // one lane on the scalar target only
using V = hn::Vec<D>;

struct Filter {
    V b1, b2, a1, a2, c1, c2;
    V x1, x2, y1, y2, z1, z2, energy;

    /// The terms that wait for the newest output come last: one multiply-add per stage is the loop's critical
    /// path.
    HWY_INLINE void step(V x) {
        const V shelf = hn::NegMulAdd(a2, y2, hn::MulAdd(b1, x1, hn::MulAdd(b2, x2, x)));
        const V y = hn::NegMulAdd(a1, y1, shelf);
        const V high = hn::NegMulAdd(c2, z2, hn::Sub(hn::Add(y, y2), hn::Add(y1, y1)));
        const V z = hn::NegMulAdd(c1, z1, high);
        energy = hn::MulAdd(z, z, energy);
        x2 = x1;
        x1 = x;
        y2 = y1;
        y1 = y;
        z2 = z1;
        z1 = z;
    }
};

#if HWY_TARGET == HWY_SCALAR
HWY_INLINE void run(Filter& filter, const float* a, const float*, int frames) {
    for (int n = 0; n < frames; ++n) filter.step(hn::Set(D(), static_cast<double>(a[n])));
}
#else
HWY_INLINE void run(Filter& filter, const float* a, const float* b, int frames) {
    const D d;
    const hn::FixedTag<float, 2> half;
    const hn::FixedTag<float, 4> full;
    int n = 0;
    for (; n + 4 <= frames; n += 4) {
        const auto left = hn::LoadU(full, a + n), right = hn::LoadU(full, b + n);
        const auto early = hn::InterleaveLower(full, left, right),
                   late = hn::InterleaveUpper(full, left, right);
        filter.step(hn::PromoteTo(d, hn::LowerHalf(half, early)));
        filter.step(hn::PromoteTo(d, hn::UpperHalf(half, early)));
        filter.step(hn::PromoteTo(d, hn::LowerHalf(half, late)));
        filter.step(hn::PromoteTo(d, hn::UpperHalf(half, late)));
    }
    for (; n < frames; ++n) {
        const double both[2] = {static_cast<double>(a[n]), static_cast<double>(b[n])};
        filter.step(hn::LoadU(d, both));
    }
}
#endif

void weigh(KPair& pair, const float* a, const float* b, int frames) TM_NONBLOCKING {
    const D d;
    const int lanes = static_cast<int>(hn::Lanes(d));
    for (int lane = 0; lane < 2; lane += lanes) {
        Filter filter{
            hn::Set(d, pair.shelf_b1),       hn::Set(d, pair.shelf_b2),    hn::Set(d, pair.shelf_a1),
            hn::Set(d, pair.shelf_a2),       hn::Set(d, pair.high_a1),     hn::Set(d, pair.high_a2),
            hn::LoadU(d, pair.x1 + lane),    hn::LoadU(d, pair.x2 + lane), hn::LoadU(d, pair.y1 + lane),
            hn::LoadU(d, pair.y2 + lane),    hn::LoadU(d, pair.z1 + lane), hn::LoadU(d, pair.z2 + lane),
            hn::LoadU(d, pair.energy + lane)};
        run(filter, lane == 0 ? a : b, b, frames);
        hn::StoreU(filter.x1, d, pair.x1 + lane);
        hn::StoreU(filter.x2, d, pair.x2 + lane);
        hn::StoreU(filter.y1, d, pair.y1 + lane);
        hn::StoreU(filter.y2, d, pair.y2 + lane);
        hn::StoreU(filter.z1, d, pair.z1 + lane);
        hn::StoreU(filter.z2, d, pair.z2 + lane);
        hn::StoreU(filter.energy, d, pair.energy + lane);
    }
}

} // namespace

/// HWY_EXPORT takes no noexcept function, so it takes this one and the audio side calls through the table.
const KWeightingKernels* list_k_weighting_kernels() {
    static constexpr KWeightingKernels table{weigh};
    return &table;
}

} // namespace HWY_NAMESPACE
} // namespace ton::dsp
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::dsp {
HWY_EXPORT(list_k_weighting_kernels);

const KWeightingKernels& k_weighting_kernels() {
    return *HWY_DYNAMIC_DISPATCH(list_k_weighting_kernels)();
}
} // namespace ton::dsp
#endif
