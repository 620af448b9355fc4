// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/bench/bench.hpp"
#include "app/bench/libebur128.hpp"
#include "app/bench/module_rig.hpp"
#include "dsp/loudness.hpp"
#include "engine/engine.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <stdexcept>

namespace ton::app::benching {

namespace {

constexpr int kBlock = 64;

dsp::LoudnessReading meter(const Programme& p) {
    dsp::LoudnessMeter meter(2, kProgrammeRate);
    for (int n = 0; n < p.frames(); n += kBlock) {
        const float* const in[] = {p.left.data() + n, p.right.data() + n};
        meter.process(in, std::min(kBlock, p.frames() - n));
    }
    meter.flush();
    return meter.reading();
}

nlohmann::json pair_to_json(const Timing& ours, const Timing& theirs) {
    return {{"ns_per_sample_and_channel", ours.median},
            {"best", ours.best},
            {"libebur128_ns_per_sample_and_channel", theirs.median},
            {"libebur128_best", theirs.best},
            {"times_libebur128", theirs.median / ours.median}};
}

/// Both must have measured the same programme the same way, or their times mean nothing. Range: libebur128 takes a
/// value a second, ours ten, so on short programme they differ in the percentiles. True peaks: ours is read from more and
/// longer filters, so on white noise, which libebur128's 49 taps attenuate below half the rate, it is up to 2 dB higher.
void compare_readings(const dsp::LoudnessReading& ours, const Libebur128Reading& theirs, Material material) {
    const double peak = 20.0 * std::log10(static_cast<double>(ours.true_peak));
    if (std::abs(ours.integrated - theirs.integrated) <= 0.02 && std::abs(ours.range - theirs.range) <= 0.5 &&
        peak >= theirs.true_peak - 0.1 &&
        peak <= theirs.true_peak + (material == Material::noise ? 2.0 : 0.1))
        return;
    throw std::runtime_error(fmt::format("the meter reads {:.2f} LUFS, {:.2f} LU, {:.2f} dBTP, libebur128 {:.2f}, {:.2f}, {:.2f}",
                                         ours.integrated, ours.range, peak, theirs.integrated, theirs.range, theirs.true_peak));
}

nlohmann::json compare(Material material, bool quick) {
    const auto p = programme(material, kProgrammeRate * (quick ? 4 : 20));
    const auto samples = interleaved(p);
    const double work = 2.0 * p.frames();
    dsp::LoudnessReading ours{};
    Libebur128Reading theirs;
    ModuleRig module("loudness");
    const std::array<std::function<double()>, 4> all{
        [&] { return ours = meter(p), work; },
        [&] { return theirs = libebur128(samples, false), work; },
        [&] { return module.run(p, nullptr, 1); },
        [&] { return libebur128(samples, true), work; },
    };
    const auto times = measure_in_turn(quick ? 3 : 7, all);
    compare_readings(ours, theirs, material);
    return {{"unpolled", pair_to_json(times[0], times[1])},
            {"polled", pair_to_json(times[2], times[3])},
            {"integrated", ours.integrated},
            {"libebur128_integrated", theirs.integrated},
            {"range", ours.range},
            {"libebur128_range", theirs.range}};
}

} // namespace

void loudness(nlohmann::json& out, bool quick) {
    engine::prepare_audio_thread();
    out["loudness"] = {{"what", "M, S, I, LRA and true peak of stereo, 48 kHz, 64 frames, beside libebur128 on the same samples; "
                                "polled: the module with all read-outs every block, libebur128 asked for M, S, I, LRA at 10 Hz"},
                       {"programme", compare(Material::driven, quick)},
                       {"noise", compare(Material::noise, quick)}};
}

} // namespace ton::app::benching
