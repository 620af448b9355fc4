// SPDX-License-Identifier: GPL-3.0-or-later
// The kernel of highpass and lowpass: bilinear Butterworth filters of order 1, 2, 3, 4, 6 and 8.
// Included once per instruction set, after <hwy/foreach_target.h>.

#if defined(TON_MODULES_CUT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TON_MODULES_CUT_INL_H
#undef TON_MODULES_CUT_INL_H
#else
#define TON_MODULES_CUT_INL_H
#endif

#include "modules/support/svf_bank-inl.h"

#ifndef TON_MODULES_CUT_TYPES
#define TON_MODULES_CUT_TYPES
namespace ton::modules::cut {
enum Row { frequency, slope };
inline constexpr int kSections = 4;
inline constexpr int kSlopes = 6;
/// k = 2 sin((2i - 1) pi/2n) of a Butterworth filter's sections s^2 + k s + 1, most damped first; 0: no
/// section. Odd orders (6 and 18 dB/oct) begin with s + 1, written as (s + 1)^2/(s + 1).
inline constexpr double kDamping[kSlopes][kSections] = {
    {2.0, 0.0, 0.0, 0.0},
    {1.4142135623730951, 0.0, 0.0, 0.0},
    {2.0, 1.0, 0.0, 0.0},
    {1.8477590650225735, 0.7653668647301796, 0.0, 0.0},
    {1.9318516525781366, 1.4142135623730951, 0.5176380902050415, 0.0},
    {1.9615705608064609, 1.6629392246050905, 1.1111404660392044, 0.3901806440322565},
};
constexpr bool is_odd(int slope) {
    return slope == 0 || slope == 2;
}
} // namespace ton::modules::cut
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {

template <class D, bool kHigh> struct Cut {
    using V = hn::Vec<D>;
    using M = dsp::HWY_NAMESPACE::LaneMath<D>;
    static constexpr int kFilters = cut::kSections;
    struct Shared {
        LaneBits<V> own;
        V kind; // the slope that is played, or being travelled to
        MovingSvfs<V, kFilters> filters;
    };
    static constexpr std::uint32_t kChanged = 1, kPrimed = 2; // in `own`
    struct Channel {
        SvfState<V> filter[kFilters];
    };
    /// Section n of the slope that is played; where it has none the identity.
    static HWY_INLINE SvfCoefficients<V> design(const Shared& s, V g, int n) {
        V k = hn::Set(D(), 0.0F), first = k;
        for (int slope = 0; slope < cut::kSlopes; ++slope) {
            const auto here = s.kind == M::set(slope);
            k = hn::IfThenElse(here, M::set(cut::kDamping[slope][n]), k);
            if (n == 0 && cut::is_odd(slope)) first = hn::IfThenElse(here, M::set(1.0), first);
        }
        const auto none = k == M::set(0.0);
        auto f = dsp::HWY_NAMESPACE::butterworth<M>(kHigh, g, hn::IfThenElse(none, M::set(1.0), k), first);
        using Filters = MovingSvfs<V, kFilters>;
        Filters::each(f, Filters::identity(f), typename Filters::Replace{none});
        return f;
    }
    /// A section that no lane's slope has, and that none is on its way from: whatever the corner, it sleeps on.
    static HWY_INLINE bool spare(const Shared& s, int n) {
        if ((s.filters.flags.any() & (s.filters.awake(n) | s.filters.busy(n))) != 0) return false;
        auto none = s.kind != s.kind;
        for (int slope = 0; slope < cut::kSlopes; ++slope)
            if (cut::kDamping[slope][n] == 0.0) none = hn::Or(none, s.kind == M::set(slope));
        return hn::AllTrue(D(), none);
    }
    static HWY_INLINE V tangent(const engine::Setup& setup, V frequency) {
        const V half = M::set(0.5) * dsp::HWY_NAMESPACE::angle<M>(frequency, setup.sample_rate);
        return M::sine(half) / M::cosine(half);
    }

    template <class Memory> static HWY_INLINE void update(D d, Memory m, const engine::Update& u) {
        auto& s = m.shared;
        const auto all = hn::Zero(d) == hn::Zero(d);
        if (u.any_stepped(cut::frequency, 2)) s.own.set(kChanged, all);
        const auto fresh = hn::Not(s.own.test(kPrimed));
        if (hn::AllFalse(d, fresh)) return;
        s.kind = hn::IfThenElse(fresh, hn::LoadU(d, u.row(cut::slope)), s.kind);
        s.own.set(kChanged, hn::AndNot(fresh, s.own.test(kChanged)));
        s.own.set(kPrimed, all);
        const V g = tangent(m.setup, hn::LoadU(d, u.row(cut::frequency)));
        for (int n = 0; n < kFilters; ++n) s.filters.start(n, design(s, g, n), fresh);
    }
    template <class Memory> static HWY_INLINE void step(D d, Memory m, const float* cells_end, SvfWay<V>* ways) {
        auto& s = m.shared;
        bool due = (s.own.any() & kChanged) != 0;
        const auto flags = s.filters.flags.any();
        for (int n = 0; n < kFilters; ++n) due = due || (flags & s.filters.busy(n)) != 0;
        if (!due) return;
        const auto row = [&](int r) HWY_ATTR { return hn::LoadU(d, cells_end + r * static_cast<std::ptrdiff_t>(hn::Lanes(d))); };
        const V slope = row(cut::slope);
        // All sections of a lane travel together; a new slope waits until the last one has been reached.
        const auto turns = hn::AndNot(s.filters.flags.test(s.filters.kAllTravels), slope != s.kind);
        s.kind = hn::IfThenElse(turns, slope, s.kind);
        s.own.set(kChanged, slope != slope);
        const V cells = M::set(cells_of_travel(m.setup.sample_rate));
        const V g = tangent(m.setup, row(cut::frequency));
        for (int n = 0; n < kFilters; ++n) {
            if (spare(s, n)) continue;
            const auto asleep = s.filters.cell(n, design(s, g, n), turns, cells, bank::kCell, ways[n]);
            clear_states(d, asleep, &m.channel[0].filter[n], kFilters, m.setup.channels_out);
        }
    }
    template <class Memory> static HWY_INLINE void run(D d, Memory m, const engine::Block& b) {
        run_bank<Cut>(d, m, b);
    }
    template <class Memory> static HWY_INLINE void silence(D d, Memory m) {
        for (int c = 0; c < m.setup.channels_out; ++c)
            for (auto& s : m.channel[c].filter) s = {hn::Zero(d), hn::Zero(d)};
    }
};

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
