// SPDX-License-Identifier: GPL-3.0-or-later
// What filter modules share: a chain of moving filters on the engine's grid.
// Included once per instruction set, after <hwy/foreach_target.h>.

#if defined(TON_MODULES_SVF_BANK_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TON_MODULES_SVF_BANK_INL_H
#undef TON_MODULES_SVF_BANK_INL_H
#else
#define TON_MODULES_SVF_BANK_INL_H
#endif

#include "dsp/filter_design-inl.h"
#include "dsp/filter_math-inl.h"
#include "dsp/svf-inl.h"
#include "engine/lanes-inl.h"

#ifndef TON_MODULES_SVF_BANK_TYPES
#define TON_MODULES_SVF_BANK_TYPES
namespace ton::modules::bank {
/// Samples between new coefficients: the coarser grid halves their cost, and a step of any parameter still leaves no
/// click (see the modules' tests). Such a module's type says so too.
inline constexpr int kCell = engine::kCoarseGrid;
/// ms that a change of kind takes (type, slope, on and off).
inline constexpr double kTravel = 50.0;
} // namespace ton::modules::bank
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using dsp::HWY_NAMESPACE::LaneBits;
using dsp::HWY_NAMESPACE::MovingSvfs;
using dsp::HWY_NAMESPACE::SvfCoefficients;
using dsp::HWY_NAMESPACE::SvfState;
using dsp::HWY_NAMESPACE::SvfWay;

inline double cells_of_travel(double sample_rate) {
    return static_cast<double>(static_cast<int>(bank::kTravel * 1e-3 * sample_rate / bank::kCell) + 1);
}

/// Clears a filter's memory in those lanes, all channels.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void clear_states(D d, hn::Mask<D> where, SvfState<V>* states, int channel_stride, int channels) {
    if (hn::AllFalse(d, where)) return;
    for (int c = 0; c < channels; ++c, states += channel_stride) {
        states->i1 = hn::IfThenElse(where, hn::Zero(d), states->i1);
        states->i2 = hn::IfThenElse(where, hn::Zero(d), states->i2);
    }
}

/// One block through Kernel's chain of filters: at each cell's start Kernel::step lets those that are busy or
/// whose settings changed take their next step, and says by what way. This runs by the filters' own flags, not by
/// block.moving, because a change of kind goes on after the parameters have arrived.
template <class Kernel, class D, class Memory>
HWY_INLINE void run_bank(D d, Memory m, const engine::Block& b) {
    constexpr int kCount = Kernel::kFilters;
    auto& filters = m.shared.filters;
    SvfWay<hn::Vec<D>> ways[kCount];
    float* planes[engine::kMaxChannels];
    for (int done = 0; done < b.frames;) {
        const int into_cell = static_cast<int>((b.position + done) & (bank::kCell - 1));
        if (into_cell == 0) Kernel::step(d, m, b.cells, ways);
        const auto flags = filters.flags.any();
        bool moving = false;
        for (int n = 0; n < kCount; ++n) {
            const bool busy = (flags & filters.busy(n)) != 0;
            moving = moving || busy;
            if (busy && into_cell != 0) ways[n] = filters.resume(n);
        }
        for (int n = 0; moving && n < kCount; ++n)
            if ((flags & (filters.busy(n) | filters.awake(n))) == filters.awake(n)) ways[n] = filters.rest(n);
        int count = b.frames - done;
        if (moving && count > bank::kCell - into_cell) count = bank::kCell - into_cell;
        const auto offset = static_cast<std::ptrdiff_t>(done) * static_cast<std::ptrdiff_t>(hn::Lanes(d));
        for (int c = 0; c < m.setup.channels_out; ++c) planes[c] = b.audio[c] + offset;
        dsp::HWY_NAMESPACE::svf_chain<kCount>(d, filters, moving, ways, m.channel[0].filter, kCount, planes,
                                              m.setup.channels_out, count);
        done += count;
        if (into_cell + count == bank::kCell) continue;
        for (int n = 0; n < kCount; ++n)
            if ((flags & filters.busy(n)) != 0) filters.kept[n] = ways[n];
    }
}

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
