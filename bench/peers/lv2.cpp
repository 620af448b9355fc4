// SPDX-License-Identifier: GPL-3.0-or-later
// Limiters and meters that a user would pick instead, as LV2 plugins through lilv, on the programme of
// `tonmeister bench`: ns of processor time per sample and channel, as JSON. bench/peers/run builds and calls it.
#include "lv2_host.hpp"

#include "app/bench/libebur128.hpp"
#include "app/bench/timing.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace ton::app::benching;
using ton::peers::KeyedEvent;
using ton::peers::Lv2Host;

struct Case {
    std::string name, uri;
    std::map<std::string, float> controls;
    std::vector<KeyedEvent> events = {};
    bool limiter = true;
};

const std::string kX42 = "http://gareus.org/oss/lv2/";
const std::string kMeters = kX42 + "meters#";
const std::string kLspLimiter = "http://lsp-plug.in/plugins/lv2/limiter_stereo";

/// Ceiling -1 dB everywhere. LSP: no make-up of the threshold, no level regulation, so that it does no more than ours.
std::map<std::string, float> lsp(float oversampling) {
    return {{"th", std::pow(10.0F, -1.0F / 20.0F)}, {"ovs", oversampling}, {"boost", 0.0F}, {"alr", 0.0F}};
}

/// The settings that its window sends: integrate (I and LRA), and measure the true peak.
KeyedEvent meter_setting(std::int32_t key, float value) {
    return {kMeters + "metercfg", kMeters + "controlkey", kMeters + "controlval", key, value};
}

std::vector<Case> cases() {
    constexpr std::int32_t start = 1, settings = 7;
    constexpr float with_true_peak = 64;
    return {
        {"dpl_true_peak", kX42 + "dpl#stereo", {{"threshold", -1.0F}, {"truepeak", 1.0F}}},
        {"dpl_sample_peak", kX42 + "dpl#stereo", {{"threshold", -1.0F}, {"truepeak", 0.0F}}},
        {"lsp_limiter_full_x8", kLspLimiter, lsp(20)},
        {"lsp_limiter_half_x4", kLspLimiter, lsp(5)},
        {"lsp_limiter_plain", kLspLimiter, lsp(0)},
        {"ebur128_all", kMeters + "EBUr128", {}, {meter_setting(start, 0), meter_setting(settings, with_true_peak)}, false},
        {"ebur128_momentary_shortterm", kMeters + "EBUr128", {}, {}, false},
        {"dbtp", kMeters + "dBTPstereo", {}, {}, false},
    };
}

nlohmann::json to_json(const Timing& t, Lv2Host& host, const Programme& input, bool limiter) {
    nlohmann::json out = {{"ns_per_sample_and_channel", t.median}, {"best", t.best}};
    if (!limiter) return out;
    Programme output;
    host.run(input, &output);
    const int start = kProgrammeRate; // its gain has settled after the jump back to the programme's beginning
    out["output_sample_peak"] = sample_peak_dbfs(output, start);
    out["output_true_peak"] = true_peak_dbtp(output, start);
    return out;
}

nlohmann::json measure_all(bool quick) {
    const int frames = kProgrammeRate * (quick ? 2 : 10);
    const auto driven = programme(Material::driven, frames), quiet = programme(Material::quiet, frames),
               noise = programme(Material::noise, frames);
    const auto all = cases();
    std::vector<std::unique_ptr<Lv2Host>> hosts;
    std::vector<std::function<double()>> works;
    for (const auto& c : all) {
        auto* host = hosts.emplace_back(std::make_unique<Lv2Host>(c.uri, c.controls, c.events)).get();
        works.push_back([host, &driven] { return host->run(driven); });
        works.push_back([host, &other = c.limiter ? quiet : noise] { return host->run(other); });
    }
    const auto times = measure_in_turn(quick ? 3 : 7, works);
    auto out = nlohmann::json::object();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto& c = all[i];
        out[c.name] = {{"uri", c.uri},
                       {"bundle", hosts[i]->bundle()},
                       {c.limiter ? "driven" : "programme", to_json(times[2 * i], *hosts[i], driven, c.limiter)},
                       {c.limiter ? "quiet" : "noise", to_json(times[2 * i + 1], *hosts[i], quiet, c.limiter)}};
    }
    return out;
}

} // namespace

int main(int argc, char** argv) {
    try {
        const bool quick = argc > 1 && std::string(argv[1]) == "--quick";
        std::printf("%s\n", measure_all(quick).dump(2).c_str());
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "lv2: %s\n", e.what());
        return 1;
    }
}
