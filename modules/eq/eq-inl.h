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
    static HWY_INLINE dsp::HWY_NAMESPACE::Wish<V> wish(const Band& b, const Wanted& w, double sample_rate) {
        return {b.shape, dsp::HWY_NAMESPACE::angle<M>(w.row[eq::frequency], sample_rate), w.row[eq::gain], w.row[eq::q]};
    }
    /// The designed filter; the identity, with its poles, where the band is idle.
    static HWY_INLINE SvfCoefficients<V> coefficients(const dsp::HWY_NAMESPACE::Transfer<V>& transfer, Mask idle) {
        auto f = dsp::HWY_NAMESPACE::realise<M>(transfer);
        MovingSvf<V>::each(f, MovingSvf<V>::identity(f), typename MovingSvf<V>::Replace{idle});
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
            const auto designed = dsp::HWY_NAMESPACE::matched<M>(wish(b, w, m.setup.sample_rate));
            b.filter.start(coefficients(designed, idle(b, w)), fresh);
        }
        s.primed = hn::Set(d, 1.0F);
    }

    /// A band that takes its next step.
    struct Due {
        int band;
        Mask turns, idle;
        bool designs; ///< not where all lanes are idle and asleep: they stay so, whatever the poles
        dsp::HWY_NAMESPACE::Draft<M> draft;
    };
    /// What is wanted of the bands that are busy or whose settings changed; returns how many.
    static HWY_INLINE int collect(D d, Memory m, const engine::Control* controls, Due* due) {
        int count = 0;
        for (int n = 0; n < eq::kBands; ++n) {
            auto& b = m.shared.band[n];
            if (!any_set(d, b.changed) && !b.filter.any_busy()) continue;
            const auto w = wanted(d, n, [controls](int r) HWY_ATTR { return controls[r].values; });
            auto& next = due[count++];
            next.band = n;
            const auto differs = hn::Or(w.row[eq::on] != b.plays, w.row[eq::type] != b.shape);
            next.turns = hn::And(b.filter.travel == hn::Zero(d), differs);
            b.plays = hn::IfThenElse(next.turns, w.row[eq::on], b.plays);
            b.shape = hn::IfThenElse(next.turns, w.row[eq::type], b.shape);
            b.changed = hn::Zero(d);
            next.idle = idle(b, w);
            next.designs = b.filter.any_awake() || !hn::AllTrue(d, next.idle);
            if (next.designs) next.draft.begin(wish(b, w, m.setup.sample_rate));
        }
        return count;
    }
    static HWY_INLINE void step(D d, Memory m, const engine::Control* controls, SvfWay<V>* ways) {
        const V cells = M::set(cells_of_travel(m.setup.sample_rate));
        Due due[eq::kBands];
        const int count = collect(d, m, controls, due);
        for (int i = 0; i < count; ++i)
            if (due[i].designs) due[i].draft.find_poles();
        dsp::HWY_NAMESPACE::Transfer<V> transfer[eq::kBands];
        for (int i = 0; i < count; ++i)
            if (due[i].designs) transfer[i] = due[i].draft.transfer();
        for (int i = 0; i < count; ++i) {
            auto& filter = m.shared.band[due[i].band].filter;
            const auto next = due[i].designs ? coefficients(transfer[i], due[i].idle) : MovingSvf<V>::identity(MovingSvf<V>::asleep());
            const auto asleep = filter.cell(next, due[i].turns, cells, bank::kCell, ways[due[i].band]);
            clear_states(d, asleep, &m.channel[0].filter[due[i].band], kFilters, m.setup.channels_out);
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
