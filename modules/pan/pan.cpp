// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/pan/pan.cpp"
#include <hwy/foreach_target.h>

#include "dsp/lane_math-inl.h"
#include "dsp/pan_law-inl.h"
#include "engine/lanes-inl.h"
#include "engine/module.hpp"

#ifndef TON_PAN_ROWS
#define TON_PAN_ROWS
namespace ton::modules::pan {
enum Row { position, law };
enum Law {
    kZero,
    kThree,
    kFourAndHalf,
    kSix,
    kLaws
}; // in the order of the choices: ever softer in the centre
} // namespace ton::modules::pan
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using dsp::HWY_NAMESPACE::mul_add;
using dsp::HWY_NAMESPACE::balance;
using dsp::HWY_NAMESPACE::equal_power;
using dsp::HWY_NAMESPACE::GainPair;
using dsp::HWY_NAMESPACE::quarter_sine;
using dsp::HWY_NAMESPACE::travel;
using engine::HWY_NAMESPACE::LaneMemory;

/// y_L[n] = g_L(p[n]) x[n], y_R[n] = g_R(p[n]) x[n] with u = (1 -+ p)/2 and, by law:
///   0: 1 on the near side, cos(pi/2 |p|) on the far one; -3: sin(pi/2 u); -6: u; -4.5: the geometric mean of
///   both.
/// A change of law fades through the laws in between, each weighted by a smooth step. Stereo is balanced.
template <class D> struct Pan {
    using V = hn::Vec<D>;
    struct Shared {};
    struct Channel {};
    using Memory = LaneMemory<Pan, D>;

    struct Weights {
        V of[pan::kLaws];
        bool used[pan::kLaws];
    };

    static HWY_INLINE Weights weights(D d, V law) {
        Weights w;
        const V one = hn::Set(d, 1.0F);
        for (int k = 0; k < pan::kLaws; ++k) {
            const V s = hn::Max(one - hn::Abs(law - hn::Set(d, static_cast<float>(k))), hn::Zero(d));
            w.of[k] = s * s * (hn::Set(d, 3.0F) - (s + s));
            w.used[k] = !hn::AllFalse(d, w.of[k] > hn::Zero(d)); // a weight of 0 adds exactly nothing
        }
        return w;
    }

    static HWY_INLINE void add(GainPair<V>& sum, V weight, const GainPair<V>& gains) {
        sum.left = mul_add(weight, gains.left, sum.left);
        sum.right = mul_add(weight, gains.right, sum.right);
    }

    static HWY_INLINE GainPair<V> gains(D d, const Weights& w, V position) {
        const V one = hn::Set(d, 1.0F);
        position =
            hn::Min(hn::Max(position, hn::Neg(one)), one); // a ramp turned round in flight may overshoot
        GainPair<V> sum{hn::Zero(d), hn::Zero(d)};
        if (w.used[pan::kZero]) add(sum, w.of[pan::kZero], balance(d, position));
        if (w.used[pan::kThree]) add(sum, w.of[pan::kThree], equal_power(d, position));
        if (w.used[pan::kFourAndHalf] || w.used[pan::kSix]) {
            const auto linear = travel(d, position);
            const auto power = equal_power(d, position);
            add(sum, w.of[pan::kFourAndHalf],
                {hn::Sqrt(linear.left * power.left), hn::Sqrt(linear.right * power.right)});
            add(sum, w.of[pan::kSix], linear);
        }
        return sum;
    }

    static HWY_INLINE void update(D, Memory, const engine::Update&) {}
    static HWY_INLINE void silence(D, Memory) {}

    /// `gains_at(i)`: of sample i.
    template <bool mono, class Gains> static HWY_INLINE void apply(D d, const engine::Block& b, Gains gains_at) {
        const int width = static_cast<int>(hn::Lanes(d));
        float *left = b.audio[0], *right = b.audio[1];
        for (int i = 0; i < b.frames; ++i, left += width, right += width) {
            const GainPair<V> g = gains_at(i);
            const V l = hn::LoadU(d, left), r = mono ? l : hn::LoadU(d, right);
            hn::StoreU(l * g.left, d, left);
            hn::StoreU(r * g.right, d, right);
        }
    }
    template <bool mono> static HWY_INLINE void run_as(D d, const engine::Block& b) {
        const auto position = b.controls[pan::position], law = b.controls[pan::law];
        // Balancing stereo is what the 0 dB law does.
        Weights w = weights(d, mono ? hn::LoadU(d, law.at(0)) : hn::Zero(d));
        if (mono && law.stride != 0) {
            apply<mono>(d, b, [&](int i) HWY_ATTR {
                return gains(d, weights(d, hn::LoadU(d, law.at(i))), hn::LoadU(d, position.at(i)));
            });
        } else if (position.stride == 0) {
            const auto g = gains(d, w, hn::LoadU(d, position.at(0)));
            apply<mono>(d, b, [g](int) HWY_ATTR { return g; });
        } else if (mono && hn::AllTrue(d, w.of[pan::kThree] == hn::Set(d, 1.0F))) { // the usual law: the same bits, sooner
            apply<mono>(d, b, [&](int i) HWY_ATTR { return equal_power(d, hn::LoadU(d, position.at(i))); });
        } else {
            apply<mono>(d, b, [&](int i) HWY_ATTR { return gains(d, w, hn::LoadU(d, position.at(i))); });
        }
    }
    static HWY_INLINE void run(D d, Memory m, const engine::Block& b) {
        if (m.setup.channels_in == 1) run_as<true>(d, b);
        else run_as<false>(d, b);
    }
};
TON_LANE_KERNELS(Pan)

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::modules {
using namespace engine;

HWY_EXPORT(PanLanes);

namespace {
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "position",
              .minimum = -1,
              .maximum = 1,
              .initial = 0,
              .help = "Left is -1, the centre 0, right 1.",
              .rate = Rate::sample},
    Parameter{.name = "law",
              .unit = "dB",
              .minimum = 0,
              .maximum = 3,
              .initial = pan::kThree,
              .help = "What mono loses in the centre; stereo is balanced and loses nothing there.",
              .kind = Kind::choice,
              .rate = Rate::sample,
              .choices = "0|-3|-4.5|-6"},
});

const LaneKernels& lanes() {
    return HWY_DYNAMIC_DISPATCH(PanLanes)();
}
int channels_out(int channels_in, const Settings&) {
    return channels_in <= 2 ? 2 : 0;
}
} // namespace

extern const ModuleType pan_module;
const ModuleType pan_module{
    .name = "pan",
    .summary = "Pan: places mono in the stereo picture; balances stereo.",
    .parameters = kRows,
    .channels_out = channels_out,
    .lanes = lanes,
};

} // namespace ton::modules
#endif
