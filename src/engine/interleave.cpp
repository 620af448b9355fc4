// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/interleave.cpp"
#include <hwy/foreach_target.h>

#include "engine/interleave.hpp"

#include <hwy/highway.h>

#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace ton::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR
// Four rows of four become four columns of four.
template <class D, class V = hn::Vec<D>> HWY_INLINE void transpose4(D d, V& a, V& b, V& c, V& e) {
    const hn::Repartition<double, D> dd;
    const auto ab_low = hn::BitCast(dd, hn::InterleaveLower(d, a, b)), ab_high = hn::BitCast(dd, hn::InterleaveUpper(d, a, b));
    const auto ce_low = hn::BitCast(dd, hn::InterleaveLower(d, c, e)), ce_high = hn::BitCast(dd, hn::InterleaveUpper(d, c, e));
    a = hn::BitCast(d, hn::InterleaveLower(dd, ab_low, ce_low));
    b = hn::BitCast(d, hn::InterleaveUpper(dd, ab_low, ce_low));
    c = hn::BitCast(d, hn::InterleaveLower(dd, ab_high, ce_high));
    e = hn::BitCast(d, hn::InterleaveUpper(dd, ab_high, ce_high));
}
#endif

static void gather(const float* const* from, float* to, int width, int frames) TM_NONBLOCKING {
    if (width == 1) {
        std::memcpy(to, from[0], static_cast<size_t>(frames) * sizeof(float));
        return;
    }
    int i = 0;
#if HWY_TARGET != HWY_SCALAR
    const hn::FixedTag<float, 4> d;
    for (; i + 4 <= frames; i += 4)
        for (int l = 0; l < width; l += 4) {
            auto a = hn::LoadU(d, from[l] + i), b = hn::LoadU(d, from[l + 1] + i);
            auto c = hn::LoadU(d, from[l + 2] + i), e = hn::LoadU(d, from[l + 3] + i);
            transpose4(d, a, b, c, e);
            float* out = to + i * width + l;
            hn::StoreU(a, d, out);
            hn::StoreU(b, d, out + width);
            hn::StoreU(c, d, out + 2 * width);
            hn::StoreU(e, d, out + 3 * width);
        }
#endif
    for (; i < frames; ++i)
        for (int l = 0; l < width; ++l) to[i * width + l] = from[l][i];
}

static void scatter(const float* from, float* const* to, int width, int frames) TM_NONBLOCKING {
    if (width == 1) {
        std::memcpy(to[0], from, static_cast<size_t>(frames) * sizeof(float));
        return;
    }
    int i = 0;
#if HWY_TARGET != HWY_SCALAR
    const hn::FixedTag<float, 4> d;
    for (; i + 4 <= frames; i += 4)
        for (int l = 0; l < width; l += 4) {
            const float* in = from + i * width + l;
            auto a = hn::LoadU(d, in), b = hn::LoadU(d, in + width);
            auto c = hn::LoadU(d, in + 2 * width), e = hn::LoadU(d, in + 3 * width);
            transpose4(d, a, b, c, e);
            hn::StoreU(a, d, to[l] + i);
            hn::StoreU(b, d, to[l + 1] + i);
            hn::StoreU(c, d, to[l + 2] + i);
            hn::StoreU(e, d, to[l + 3] + i);
        }
#endif
    for (; i < frames; ++i)
        for (int l = 0; l < width; ++l) to[l][i] = from[i * width + l];
}

static bool sane(const float* x, int count) TM_NONBLOCKING {
    const hn::ScalableTag<float> d;
    const int n = static_cast<int>(hn::Lanes(d));
    const auto bound = hn::Set(d, 1e12F);
    auto good = hn::Set(d, 1.0F);
    int i = 0;
    for (; i + n <= count; i += n) // a comparison with NaN is false
        good = hn::IfThenElseZero(hn::Abs(hn::LoadU(d, x + i)) < bound, good);
    bool all = hn::AllTrue(d, good > hn::Zero(d));
    for (; i < count; ++i) all = all && is_sane(x[i]);
    return all;
}

static void add(float* sum, const float* x, int count) TM_NONBLOCKING {
    const hn::ScalableTag<float> d;
    const int n = static_cast<int>(hn::Lanes(d));
    int i = 0;
    for (; i + n <= count; i += n) hn::StoreU(hn::LoadU(d, sum + i) + hn::LoadU(d, x + i), d, sum + i);
    for (; i < count; ++i) sum[i] += x[i];
}

static const Interleave& Table() {
    static constexpr Interleave table{gather, scatter, sane, add};
    return table;
}

} // namespace ton::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::engine {
HWY_EXPORT(Table);
namespace {
// Namespace scope, so that no guard of a local static is taken on the audio thread.
const Interleave* const kChosen = &HWY_DYNAMIC_DISPATCH(Table)();
} // namespace
const Interleave& interleave() TM_NONBLOCKING { return *kChosen; }
} // namespace ton::engine
#endif
