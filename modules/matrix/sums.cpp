// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/matrix/sums.cpp"
#include <hwy/foreach_target.h>

#include "modules/matrix/sums.hpp"

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ton::modules::matrix::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
namespace {

using One = hn::CappedTag<float, 1>; // for the rest of a loop: the same bits as in a vector's lane

/// The sum stays in registers while one x after another is added to it.
template <int kVectors, class D> HWY_INLINE void add_stretch(D d, float* y, const float* const* x, const float* gain, int signals, int at) {
    const int lanes = static_cast<int>(hn::Lanes(d));
    hn::Vec<D> total[kVectors];
    for (int v = 0; v < kVectors; ++v) total[v] = hn::LoadU(d, y + at + v * lanes);
    for (int s = 0; s < signals; ++s) {
        const auto g = hn::Set(d, gain[s]);
        for (int v = 0; v < kVectors; ++v) total[v] = total[v] + g * hn::LoadU(d, x[s] + at + v * lanes);
    }
    for (int v = 0; v < kVectors; ++v) hn::StoreU(total[v], d, y + at + v * lanes);
}

void add(float* y, const float* const* x, const float* gain, int signals, int frames) TM_NONBLOCKING {
    const hn::ScalableTag<float> d;
    const int lanes = static_cast<int>(hn::Lanes(d));
    int i = 0;
    for (; i + 4 * lanes <= frames; i += 4 * lanes) add_stretch<4>(d, y, x, gain, signals, i);
    for (; i + lanes <= frames; i += lanes) add_stretch<1>(d, y, x, gain, signals, i);
    for (; i < frames; ++i) add_stretch<1>(One(), y, x, gain, signals, i);
}

} // namespace

/// HWY_EXPORT takes no noexcept function, so it takes this one, and the audio side calls through the table.
const Sums* list_matrix_sums() {
    static constexpr Sums table{add};
    return &table;
}

} // namespace ton::modules::matrix::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::modules::matrix {
HWY_EXPORT(list_matrix_sums);

const Sums& sums() { return *HWY_DYNAMIC_DISPATCH(list_matrix_sums)(); }
} // namespace ton::modules::matrix
#endif
