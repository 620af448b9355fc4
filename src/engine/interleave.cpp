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
// In every block of four values: four rows of four become four columns of four.
template <class D, class V = hn::Vec<D>> HWY_INLINE void transpose4(D d, V& a, V& b, V& c, V& e) {
    const hn::Repartition<double, D> dd;
    const auto ab_low = hn::BitCast(dd, hn::InterleaveLower(d, a, b)), ab_high = hn::BitCast(dd, hn::InterleaveUpper(d, a, b));
    const auto ce_low = hn::BitCast(dd, hn::InterleaveLower(d, c, e)), ce_high = hn::BitCast(dd, hn::InterleaveUpper(d, c, e));
    a = hn::BitCast(d, hn::InterleaveLower(dd, ab_low, ce_low));
    b = hn::BitCast(d, hn::InterleaveUpper(dd, ab_low, ce_low));
    c = hn::BitCast(d, hn::InterleaveLower(dd, ab_high, ce_high));
    e = hn::BitCast(d, hn::InterleaveUpper(dd, ab_high, ce_high));
}

// Blocks of four frames of every fourth lane, one behind the other in a vector: a transposition within the blocks makes lanes
// of frames of them, or back, and none crosses the vector's halves.
template <class D> HWY_INLINE hn::Vec<D> load_blocks(D d, const float* const* from, int frame) {
    if constexpr (hn::MaxLanes(D()) == 4) {
        return hn::LoadU(d, from[0] + frame);
    } else {
        const hn::Half<D> half;
        return hn::Combine(d, load_blocks(half, from + hn::MaxLanes(D()) / 2, frame), load_blocks(half, from, frame));
    }
}
template <class D> HWY_INLINE void store_blocks(D d, hn::Vec<D> v, float* const* to, int frame) {
    if constexpr (hn::MaxLanes(D()) == 4) {
        hn::StoreU(v, d, to[0] + frame);
    } else {
        const hn::Half<D> half;
        store_blocks(half, hn::LowerHalf(half, v), to, frame);
        store_blocks(half, hn::UpperHalf(half, v), to + hn::MaxLanes(D()) / 2, frame);
    }
}

template <int W> static HWY_INLINE int gather_fours(const float* const* from, float* to, int frames) {
    const hn::CappedTag<float, W> d;
    const int step = static_cast<int>(hn::Lanes(d));
    int i = 0;
    for (; i + 4 <= frames; i += 4)
        for (int l = 0; l < W; l += step) {
            auto a = load_blocks(d, from + l, i), b = load_blocks(d, from + l + 1, i);
            auto c = load_blocks(d, from + l + 2, i), e = load_blocks(d, from + l + 3, i);
            transpose4(d, a, b, c, e);
            float* out = to + i * W + l;
            hn::StoreU(a, d, out);
            hn::StoreU(b, d, out + W);
            hn::StoreU(c, d, out + 2 * W);
            hn::StoreU(e, d, out + 3 * W);
        }
    return i;
}
template <int W> static HWY_INLINE int scatter_fours(const float* from, float* const* to, int frames) {
    const hn::CappedTag<float, W> d;
    const int step = static_cast<int>(hn::Lanes(d));
    int i = 0;
    for (; i + 4 <= frames; i += 4)
        for (int l = 0; l < W; l += step) {
            const float* in = from + i * W + l;
            auto a = hn::LoadU(d, in), b = hn::LoadU(d, in + W);
            auto c = hn::LoadU(d, in + 2 * W), e = hn::LoadU(d, in + 3 * W);
            transpose4(d, a, b, c, e);
            store_blocks(d, a, to + l, i);
            store_blocks(d, b, to + l + 1, i);
            store_blocks(d, c, to + l + 2, i);
            store_blocks(d, e, to + l + 3, i);
        }
    return i;
}
#endif

static void gather(const float* const* from, float* to, int width, int frames) TM_NONBLOCKING {
    int i = 0;
    if (width == 1) std::memcpy(to, from[0], static_cast<size_t>(i = frames) * sizeof(float));
#if HWY_TARGET != HWY_SCALAR
    else if (width == 16) i = gather_fours<16>(from, to, frames);
    else if (width == 8) i = gather_fours<8>(from, to, frames);
    else i = gather_fours<4>(from, to, frames);
#endif
    for (; i < frames; ++i)
        for (int l = 0; l < width; ++l) to[i * width + l] = from[l][i];
}

static void scatter(const float* from, float* const* to, int width, int frames) TM_NONBLOCKING {
    int i = 0;
    if (width == 1) std::memcpy(to[0], from, static_cast<size_t>(i = frames) * sizeof(float));
#if HWY_TARGET != HWY_SCALAR
    else if (width == 16) i = scatter_fours<16>(from, to, frames);
    else if (width == 8) i = scatter_fours<8>(from, to, frames);
    else i = scatter_fours<4>(from, to, frames);
#endif
    for (; i < frames; ++i)
        for (int l = 0; l < width; ++l) to[l][i] = from[i * width + l];
}

// As whole numbers, magnitudes are in order: infinity is above every number, and NaN above infinity.
static bool sane(const float* x, int count) TM_NONBLOCKING {
    const hn::ScalableTag<float> d;
    const hn::RebindToSigned<decltype(d)> di;
    const int n = static_cast<int>(hn::Lanes(d));
    const auto magnitude = hn::Set(di, 0x7FFFFFFF);
    auto most = hn::Zero(di), other = most; // two, so that one does not wait for the other
    int i = 0;
    for (; i + 2 * n <= count; i += 2 * n) {
        most = hn::Max(most, hn::And(hn::BitCast(di, hn::LoadU(d, x + i)), magnitude));
        other = hn::Max(other, hn::And(hn::BitCast(di, hn::LoadU(d, x + i + n)), magnitude));
    }
    bool all = hn::AllTrue(di, hn::Max(most, other) < hn::BitCast(di, hn::Set(d, 1e12F)));
    for (; i < count; ++i) all = all && is_sane(x[i]);
    return all;
}

// The sum stays in registers while one x after another is added to it.
template <int kVectors, class D>
static HWY_INLINE void mix_stretch(D d, float* sum, const float* const* x, int signals, bool afresh, int at) {
    const int n = static_cast<int>(hn::Lanes(d));
    hn::Vec<D> total[kVectors];
    const float* start = afresh ? x[0] : sum;
    for (int v = 0; v < kVectors; ++v) total[v] = hn::LoadU(d, start + at + v * n);
    for (int s = afresh ? 1 : 0; s < signals; ++s)
        for (int v = 0; v < kVectors; ++v) total[v] = total[v] + hn::LoadU(d, x[s] + at + v * n);
    for (int v = 0; v < kVectors; ++v) hn::StoreU(total[v], d, sum + at + v * n);
}
static void mix(float* sum, const float* const* x, int signals, bool afresh, int frames) TM_NONBLOCKING {
    const hn::ScalableTag<float> d;
    const hn::CappedTag<float, 1> one;
    const int n = static_cast<int>(hn::Lanes(d));
    int i = 0;
    for (; i + 4 * n <= frames; i += 4 * n) mix_stretch<4>(d, sum, x, signals, afresh, i);
    for (; i + n <= frames; i += n) mix_stretch<1>(d, sum, x, signals, afresh, i);
    for (; i < frames; ++i) mix_stretch<1>(one, sum, x, signals, afresh, i);
}

static const Interleave& Table() {
    static constexpr Interleave table{gather, scatter, sane, mix};
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
