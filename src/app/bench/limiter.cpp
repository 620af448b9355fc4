// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/bench/bench.hpp"
#include "app/bench/libebur128.hpp"
#include "app/bench/module_rig.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <functional>

namespace ton::app::benching {

namespace {

constexpr float kCeiling = -1.0F, kTruePeak = 0, kSamplePeak = 1; // mode's indices

nlohmann::json to_json(const Timing& t, const Programme& input, float mode) {
    ModuleRig rig("limiter", {{"ceiling", kCeiling}, {"mode", mode}});
    Programme output;
    rig.run(input, &output);
    const int start = rig.latency(); // before it there is nothing but the delay's silence
    return {{"ns_per_sample_and_channel", t.median},
            {"best", t.best},
            {"output_sample_peak", sample_peak_dbfs(output, start)},
            {"output_true_peak", true_peak_dbtp(output, start)},
            {"share_of_blocks_limited", rig.share_below("reduction", -0.01F, input)}};
}

} // namespace

void limiter(nlohmann::json& out, bool quick) {
    const int frames = kProgrammeRate * (quick ? 2 : 10);
    const auto driven = programme(Material::driven, frames), quiet = programme(Material::quiet, frames);
    ModuleRig true_peak("limiter", {{"ceiling", kCeiling}, {"mode", kTruePeak}});
    ModuleRig sample_peak("limiter", {{"ceiling", kCeiling}, {"mode", kSamplePeak}});
    const std::array<std::function<double()>, 4> all{
        [&] { return true_peak.run(driven); },
        [&] { return true_peak.run(quiet); },
        [&] { return sample_peak.run(driven); },
        [&] { return sample_peak.run(quiet); },
    };
    const auto times = measure_in_turn(quick ? 3 : 7, all);
    out["limiter"] = {{"what", "the limiter module, stereo, 48 kHz, 64 frames, ceiling -1; driven: programme with peaks at +12 dBFS, quiet: "
                               "at -9 dBFS; output peaks as libebur128 reads them, dBTP and dBFS"},
                      {"true_peak", {{"driven", to_json(times[0], driven, kTruePeak)}, {"quiet", to_json(times[1], quiet, kTruePeak)}}},
                      {"sample_peak",
                       {{"driven", to_json(times[2], driven, kSamplePeak)}, {"quiet", to_json(times[3], quiet, kSamplePeak)}}}};
}

} // namespace ton::app::benching
