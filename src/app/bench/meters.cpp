// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/bench/bench.hpp"
#include "app/bench/libebur128.hpp"
#include "app/bench/module_rig.hpp"
#include "dsp/loudness.hpp"
#include "engine/engine.hpp"

#include <nlohmann/json.hpp>

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

/// Both must have measured the same programme the same way, or their times mean nothing.
void compare_readings(const dsp::LoudnessReading& ours, const Libebur128Reading& theirs) {
    const double peak = 20.0 * std::log10(static_cast<double>(ours.true_peak));
    // True peaks differ by their filters (libebur128: 49 taps at 4 times the rate), most on white noise.
    if (std::abs(ours.integrated - theirs.integrated) > 0.02 || std::abs(ours.range - theirs.range) > 0.1 ||
        std::abs(peak - theirs.true_peak) > 0.5)
        throw std::runtime_error("loudness: the meter and libebur128 read different things");
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
    compare_readings(ours, theirs);
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
