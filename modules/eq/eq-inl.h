// SPDX-License-Identifier: GPL-3.0-or-later
// The equaliser's kernel: eight matched second-order filters in series (see dsp/filter_design-inl.h,
// dsp/svf-inl.h). Included once per instruction set, after <hwy/foreach_target.h>.

#if defined(TON_MODULES_EQ_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TON_MODULES_EQ_INL_H
#undef TON_MODULES_EQ_INL_H
#else
#define TON_MODULES_EQ_INL_H
#endif

#include "modules/support/svf_bank-inl.h"

#ifndef TON_MODULES_EQ_TYPES
#define TON_MODULES_EQ_TYPES
namespace ton::modules::eq {
inline constexpr int kBands = 8;
enum Row { on, type, frequency, gain, q, kRowsPerBand };
} // namespace ton::modules::eq
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {

template <class D> struct Eq {
    using V = hn::Vec<D>;
    using Mask = hn::Mask<D>;
    using M = dsp::HWY_NAMESPACE::LaneMath<D>;
    using Memory = engine::HWY_NAMESPACE::LaneMemory<Eq, D>;
    static constexpr int kFilters = eq::kBands;
    struct Band {
        V plays, shape; // on and type that are played, or being travelled to
        V changed;      // 1 or 0
        MovingSvf<V> filter;
    };
    struct Shared {
        Band band[eq::kBands];
        V primed;
        SvfWay<V> kept[eq::kBands]; // where a block ended in a cell's middle
    };
    struct Channel {
        SvfState<V> filter[eq::kBands];
    };
    static HWY_INLINE MovingSvf<V>& filter(Memory m, int n) { return m.shared.band[n].filter; }

    /// A band's rows at the grid cell's end.
    struct Wanted {
        V row[eq::kRowsPerBand];
    };
    template <class Rows> static HWY_INLINE Wanted wanted(D d, int band, Rows rows) {
        Wanted w;
        for (int r = 0; r < eq::kRowsPerBand; ++r) w.row[r] = hn::LoadU(d, rows(band * eq::kRowsPerBand + r));
        return w;
    }

    /// Where the band has nothing to do: it is off, or has no gain and only gain would make it heard.
    static HWY_INLINE Mask idle(const Band& b, const Wanted& w) {
        const auto by_gain = b.shape < M::set(dsp::highpass); // bell and shelves
        return hn::Or(b.plays == M::set(0.0), hn::And(by_gain, w.row[eq::gain] == M::set(0.0)));
    }
    /// The band's filter; the identity where it is idle. Where all lanes are idle and asleep they stay so,
    /// whatever the poles: nothing is computed.
    static HWY_INLINE SvfCoefficients<V> design(const Band& b, const Wanted& w, double sample_rate) {
        using namespace dsp::HWY_NAMESPACE;
        if (hn::AllTrue(D(), idle(b, w)) && !b.filter.any_awake())
            return MovingSvf<V>::identity(MovingSvf<V>::asleep());
        const Wish<V> wish{b.shape, angle<M>(w.row[eq::frequency], sample_rate), w.row[eq::gain], w.row[eq::q]};
        auto f = realise<M>(matched<M>(wish));
        MovingSvf<V>::each(f, MovingSvf<V>::identity(f), typename MovingSvf<V>::Replace{idle(b, w)});
        return f;
    }

    static HWY_INLINE void update(D d, Memory m, const engine::Update& u) {
        auto& s = m.shared;
        const auto fresh = s.primed == hn::Zero(d);
        const bool any_fresh = !hn::AllFalse(d, fresh);
        for (int n = 0; n < eq::kBands; ++n) {
            if (!u.any_stepped(n * eq::kRowsPerBand, eq::kRowsPerBand)) continue;
            auto& b = s.band[n];
            b.changed = hn::Set(d, 1.0F);
            if (!any_fresh) continue;
            const auto w = wanted(d, n, [&u](int r) HWY_ATTR { return u.row(r); });
            b.plays = hn::IfThenElse(fresh, w.row[eq::on], b.plays);
            b.shape = hn::IfThenElse(fresh, w.row[eq::type], b.shape);
            b.changed = hn::IfThenElse(fresh, hn::Zero(d), b.changed);
            b.filter.start(design(b, w, m.setup.sample_rate), fresh);
        }
        s.primed = hn::Set(d, 1.0F);
    }

    static HWY_INLINE void step(D d, Memory m, const engine::Control* controls, SvfWay<V>* ways) {
        const V cells = M::set(cells_of_travel(m.setup.sample_rate));
        for (int n = 0; n < eq::kBands; ++n) {
            auto& b = m.shared.band[n];
            if (!any_set(d, b.changed) && !b.filter.any_busy()) continue;
            const auto w = wanted(d, n, [controls](int r) HWY_ATTR { return controls[r].values; });
            const auto differs = hn::Or(w.row[eq::on] != b.plays, w.row[eq::type] != b.shape);
            const auto turns = hn::And(b.filter.travel == hn::Zero(d), differs);
            b.plays = hn::IfThenElse(turns, w.row[eq::on], b.plays);
            b.shape = hn::IfThenElse(turns, w.row[eq::type], b.shape);
            b.changed = hn::Zero(d);
            const auto asleep = b.filter.cell(design(b, w, m.setup.sample_rate), turns, cells, bank::kCell, ways[n]);
            clear_states(d, asleep, &m.channel[0].filter[n], kFilters, m.setup.channels_out);
        }
    }

    static HWY_INLINE void run(D d, Memory m, const engine::Block& b) { run_bank<Eq>(d, m, b); }

    static HWY_INLINE void silence(D d, Memory m) {
        for (int c = 0; c < m.setup.channels_out; ++c)
            for (auto& s : m.channel[c].filter) s = {hn::Zero(d), hn::Zero(d)};
    }
};

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
