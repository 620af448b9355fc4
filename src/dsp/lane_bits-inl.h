// SPDX-License-Identifier: GPL-3.0-or-later
// Included once per instruction set, after <hwy/foreach_target.h>.

#if defined(TON_DSP_LANE_BITS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TON_DSP_LANE_BITS_INL_H
#undef TON_DSP_LANE_BITS_INL_H
#else
#define TON_DSP_LANE_BITS_INL_H
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace ton::dsp::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// 32 bits per lane, as a row of a kernel's state: what is yes or no of some filters takes little memory.
template <class V> struct LaneBits {
    using D = hn::DFromV<V>;
    using Mask = hn::Mask<D>;
    using U = hn::RebindToUnsigned<D>;
    V bits;

    /// The lanes that have any of those bits.
    HWY_INLINE Mask test(std::uint32_t which) const {
        const U u;
        return hn::RebindMask(D(), hn::And(hn::BitCast(u, bits), hn::Set(u, which)) != hn::Zero(u));
    }
    /// Those bits become 1 in the lanes `on` and 0 in all others.
    HWY_INLINE void set(std::uint32_t which, Mask on) {
        const U u;
        const auto all = hn::BitCast(u, bits), mask = hn::Set(u, which);
        bits = hn::BitCast(D(), hn::Or(hn::AndNot(mask, all), hn::And(hn::VecFromMask(u, hn::RebindMask(u, on)), mask)));
    }
    /// The bits that any lane has.
    HWY_INLINE std::uint32_t any() const {
        const U u;
        std::uint32_t lanes[hn::MaxLanes(U())], all = 0;
        hn::StoreU(hn::BitCast(u, bits), u, lanes);
        for (std::size_t l = 0; l < hn::Lanes(u); ++l) all |= lanes[l];
        return all;
    }
};

} // namespace ton::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
