// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/width/width.cpp"
#include <hwy/foreach_target.h>

#include "dsp/lane_math-inl.h"
#include "engine/lanes-inl.h"
#include "engine/module.hpp"

#ifndef TON_WIDTH_ROWS
#define TON_WIDTH_ROWS
namespace ton::modules::width {
enum Row { width, mono_below };
inline constexpr float kOff = 20.0F;  ///< Hz, the lowest setting of mono_below: no filter
inline constexpr float kFull = 25.0F; ///< Hz, from here on the filter is in to the full
} // namespace ton::modules::width
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using dsp::HWY_NAMESPACE::mul_add;
using engine::HWY_NAMESPACE::LaneMemory;
using engine::HWY_NAMESPACE::Moving;

/// S = (L - R)/2, L' = L + D, R' = R - D with D = w (S - b low(S)) - S, where S - low(S) is a Butterworth
/// high-pass of second order and b fades it in. With w = 1 and b = 0, D is exactly 0 and every bit passes.
/// Filter: trapezoidal state variable (Zavalishin, The Art of VA Filter Design, 2012, section 4; form after
/// Simper 2013), g = tan(pi f/fs), k = sqrt 2; high = x - k band - low.
template <class D> struct Width {
    using V = hn::Vec<D>;
    struct Shared {
        Moving<V> a1, a2, a3, blend;
        V band, low;
    };
    struct Channel {};
    using Memory = LaneMemory<Width, D>;

    /// tan x for 0 <= x < 0.25 by its series; the first term left out is below 2e-8.
    static HWY_INLINE V tangent(D d, V x) {
        const V x2 = x * x;
        V p = hn::Set(d, 62.0F / 2835.0F);
        p = mul_add(p, x2, hn::Set(d, 17.0F / 315.0F));
        p = mul_add(p, x2, hn::Set(d, 2.0F / 15.0F));
        p = mul_add(p, x2, hn::Set(d, 1.0F / 3.0F));
        return mul_add(p * x2, x, x);
    }

    static HWY_INLINE void update(D d, Memory m, const engine::Update& u) {
        const V one = hn::Set(d, 1.0F), k = hn::Set(d, 1.41421356F);
        const V f = hn::LoadU(d, u.row(width::mono_below));
        const V g = tangent(d, f * hn::Set(d, static_cast<float>(3.14159265358979 / m.setup.sample_rate)));
        const V a1 = one / mul_add(g, g + k, one);
        const V t = (f - hn::Set(d, width::kOff)) * hn::Set(d, 1.0F / (width::kFull - width::kOff));
        const V s = hn::Min(hn::Max(t, hn::Zero(d)), one);
        auto& z = m.shared;
        z.a1.aim(a1);
        z.a2.aim(g * a1);
        z.a3.aim(g * g * a1);
        z.blend.aim(s * s * (hn::Set(d, 3.0F) - (s + s)));
    }

    static HWY_INLINE void silence(D d, Memory m) { m.shared.band = m.shared.low = hn::Zero(d); }

    static HWY_INLINE void run(D d, Memory m, const engine::Block& b) {
        const int lanes = static_cast<int>(hn::Lanes(d));
        const V half = hn::Set(d, 0.5F), k = hn::Set(d, 1.41421356F);
        const auto& width = b.controls[width::width];
        auto z = m.shared;
        float *left = b.audio[0], *right = b.audio[1];
        for (int i = 0; i < b.frames; ++i, left += lanes, right += lanes) {
            const V l = hn::LoadU(d, left), r = hn::LoadU(d, right);
            const V s = half * (l - r);
            const V v = s - z.low;
            const V band = mul_add(z.a1.value, z.band, z.a2.value * v);
            const V low = z.low + mul_add(z.a2.value, z.band, z.a3.value * v);
            z.band = band + band - z.band;
            z.low = low + low - z.low;
            const V bass = mul_add(k, band, low); // what the high-pass takes away
            const V wide = hn::LoadU(d, width.at(i)) * (s - z.blend.value * bass);
            const V delta = wide - s;
            hn::StoreU(l + delta, d, left);
            hn::StoreU(r - delta, d, right);
            if (b.moving) z.a1.advance(), z.a2.advance(), z.a3.advance(), z.blend.advance();
        }
        m.shared = z;
    }
};
TON_LANE_KERNELS(Width)

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::modules {
using namespace engine;

HWY_EXPORT(WidthLanes);

namespace {
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "width",
              .minimum = 0,
              .maximum = 2,
              .initial = 1,
              .help = "0 is mono, 1 as it is, 2 twice as wide.",
              .rate = Rate::sample},
    Parameter{.name = "mono_below",
              .unit = "Hz",
              .minimum = width::kOff,
              .maximum = 500,
              .initial = width::kOff,
              .help = "Below it the stereo picture narrows to mono, 12 dB per octave; at 20 Hz off.",
              .scale = Scale::logarithmic,
              .smoothing = 50},
});

const LaneKernels& lanes() {
    return HWY_DYNAMIC_DISPATCH(WidthLanes)();
}
int stereo_only(int channels_in, const Settings&) {
    return channels_in == 2 ? 2 : 0;
}
} // namespace

extern const ModuleType width_module;
const ModuleType width_module{
    .name = "width",
    .summary = "Width: narrows or widens a stereo picture, and keeps its bass in the middle.",
    .parameters = kRows,
    .channels_out = stereo_only,
    .lanes = lanes,
};

} // namespace ton::modules
#endif
