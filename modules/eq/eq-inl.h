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
    using Filters = MovingSvfs<V, eq::kBands>;
    struct Shared {
        LaneBits<V> own;
        V shape[eq::kBands]; // the type that is played, or being travelled to
        Filters filters;
    };
    /// In `own`: the band is on, or being travelled to; its settings changed; its type or `on` may differ from what is played.
    static constexpr std::uint32_t plays(int n) { return 1U << n; }
    static constexpr std::uint32_t changed(int n) { return 0x100U << n; }
    static constexpr std::uint32_t differs(int n) { return 0x10000U << n; }
    static constexpr std::uint32_t kPrimed = 0x1000000U;
    struct Channel {
        SvfState<V> filter[eq::kBands];
    };
    /// A row of a band at the grid cell's end.
    static HWY_INLINE V row(D d, const float* cells_end, int band, int r) {
        return hn::LoadU(d, cells_end + (band * eq::kRowsPerBand + r) * static_cast<std::ptrdiff_t>(hn::Lanes(d)));
    }
    static HWY_INLINE dsp::HWY_NAMESPACE::Wish<V> wish(D d, Memory m, int band, const float* cells_end) {
        return {m.shared.shape[band], dsp::HWY_NAMESPACE::angle<M>(row(d, cells_end, band, eq::frequency), m.setup.sample_rate),
                row(d, cells_end, band, eq::gain), row(d, cells_end, band, eq::q)};
    }
    /// Where the band has nothing to do: it is off, or has no gain and only gain would make it heard.
    static HWY_INLINE Mask idle(Memory m, int band, const dsp::HWY_NAMESPACE::Wish<V>& wish) {
        const auto by_gain = wish.shape < M::set(dsp::highpass); // bell and shelves
        return hn::Or(hn::Not(m.shared.own.test(plays(band))), hn::And(by_gain, wish.gain == M::set(0.0)));
    }
    /// The designed filter; the identity, with its poles, where the band is idle.
    static HWY_INLINE SvfCoefficients<V> coefficients(const dsp::HWY_NAMESPACE::Transfer<V>& transfer, Mask idle) {
        auto f = dsp::HWY_NAMESPACE::realise<M>(transfer);
        Filters::each(f, Filters::identity(f), typename Filters::Replace{idle});
        return f;
    }

    static HWY_INLINE void update(D d, Memory m, const engine::Update& u) {
        auto& s = m.shared;
        const auto fresh = hn::Not(s.own.test(kPrimed)), known = hn::Not(fresh);
        for (int n = 0; n < eq::kBands; ++n) {
            const int first = n * eq::kRowsPerBand;
            if (!u.any_stepped(first, eq::kRowsPerBand)) continue;
            s.own.set(changed(n), known);
            if (u.any_stepped(first, eq::frequency)) s.own.set(differs(n), known);
            if (!hn::AllFalse(d, fresh)) start(d, m, n, fresh, u.values);
        }
        s.own.set(kPrimed, hn::Or(fresh, known));
    }
    static HWY_INLINE void start(D d, Memory m, int n, Mask fresh, const float* cells_end) {
        auto& s = m.shared;
        const auto on = row(d, cells_end, n, eq::on) != M::set(0.0);
        s.own.set(plays(n), hn::Or(hn::And(fresh, on), hn::AndNot(fresh, s.own.test(plays(n)))));
        s.shape[n] = hn::IfThenElse(fresh, row(d, cells_end, n, eq::type), s.shape[n]);
        const auto wished = wish(d, m, n, cells_end);
        s.filters.start(n, coefficients(dsp::HWY_NAMESPACE::matched<M>(wished), idle(m, n, wished)), fresh);
    }

    /// A band that takes its next step.
    struct Due {
        int band;
        Mask turns, idle;
        bool designs; ///< not where all lanes are idle and asleep: they stay so, whatever the poles
        dsp::HWY_NAMESPACE::Draft<M> draft;
    };
    /// Begins a change of kind where a type or `on` is another; one that is under way is waited for.
    static HWY_INLINE Mask turn(D d, Memory m, int n, const float* cells_end) {
        auto& s = m.shared;
        const auto on = row(d, cells_end, n, eq::on) != M::set(0.0), was_on = s.own.test(plays(n));
        const V type = row(d, cells_end, n, eq::type);
        const auto other = hn::Or(hn::Xor(on, was_on), type != s.shape[n]), waits = s.filters.flags.test(s.filters.travels(n));
        const auto turns = hn::AndNot(waits, other);
        s.own.set(plays(n), hn::Or(hn::And(turns, on), hn::AndNot(turns, was_on)));
        s.shape[n] = hn::IfThenElse(turns, type, s.shape[n]);
        s.own.set(differs(n), hn::And(waits, other));
        return turns;
    }
    /// What is wanted of the bands that are busy, whose settings changed, or whose next kind waits; returns how many.
    static HWY_INLINE int collect(D d, Memory m, const float* cells_end, Due* due) {
        auto& s = m.shared;
        const auto none = hn::Zero(d) != hn::Zero(d);
        const auto own = s.own.any(), flags = s.filters.flags.any();
        int count = 0;
        for (int n = 0; n < eq::kBands; ++n) {
            if ((own & (changed(n) | differs(n))) == 0 && (flags & s.filters.busy(n)) == 0) continue;
            auto& next = due[count++];
            next.band = n;
            next.turns = (own & differs(n)) != 0 ? turn(d, m, n, cells_end) : none;
            s.own.set(changed(n), none);
            const auto wished = wish(d, m, n, cells_end);
            next.idle = idle(m, n, wished);
            next.designs = (flags & s.filters.awake(n)) != 0 || !hn::AllTrue(d, next.idle);
            if (next.designs) next.draft.begin(wished);
        }
        return count;
    }
    static HWY_INLINE void step(D d, Memory m, const float* cells_end, SvfWay<V>* ways) {
        const V cells = M::set(cells_of_travel(m.setup.sample_rate));
        Due due[eq::kBands];
        const int count = collect(d, m, cells_end, due);
        for (int i = 0; i < count; ++i)
            if (due[i].designs) due[i].draft.find_poles();
        dsp::HWY_NAMESPACE::Transfer<V> transfer[eq::kBands];
        for (int i = 0; i < count; ++i)
            if (due[i].designs) transfer[i] = due[i].draft.transfer();
        for (int i = 0; i < count; ++i) {
            const int n = due[i].band;
            const auto next = due[i].designs ? coefficients(transfer[i], due[i].idle) : Filters::identity(Filters::asleep());
            const auto asleep = m.shared.filters.cell(n, next, due[i].turns, cells, bank::kCell, ways[n]);
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
