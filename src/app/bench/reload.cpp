// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/bench/bench.hpp"
#include "app/bench/desk_rig.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>

namespace ton::app::benching {

namespace {
double milliseconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}
constexpr const char* kChain = R"({ "highpass": {} }, { "eq": {} }, { "compressor": {} }, { "fader": {} }, { "pan": {} })";
} // namespace

/// Start: JSON text to audio. Reload: the same desk with one strip more, until the new plan runs, with the longest
/// callback while it was swapped in beside the usual one.
void reload(nlohmann::json& out, bool quick) {
    const int count = quick ? 100 : 1000;
    std::vector<double> starts, reloads, worst, usual;
    for (int i = 0; i < (quick ? 2 : 5); ++i) {
        auto start = std::chrono::steady_clock::now();
        DeskRig rig(strips_into_bus(count, kChain));
        rig.run(1, 64);
        starts.push_back(milliseconds_since(start));
        rig.run(100, 64);
        rig.console().poll();
        const auto longer = strips_into_bus(count + 1, kChain);
        start = std::chrono::steady_clock::now();
        const auto errors = rig.console().apply(DeskRig::desk_of(longer), 48000);
        if (!errors.empty()) throw std::runtime_error(config::format(errors));
        const double compiled = milliseconds_since(start);
        std::vector<double> callbacks;
        while (!rig.console().ready()) {
            const auto one = std::chrono::steady_clock::now();
            rig.run(1, 64);
            callbacks.push_back(milliseconds_since(one));
            rig.console().poll();
        }
        reloads.push_back(compiled + 64.0 / 48.0 * static_cast<double>(callbacks.size()));
        worst.push_back(*std::ranges::max_element(callbacks));
        std::ranges::sort(callbacks);
        usual.push_back(callbacks[callbacks.size() / 2]);
    }
    const auto median = [](std::vector<double>& v) { return std::ranges::sort(v), v[v.size() / 2]; };
    out["reload"] = {{"what", "highpass, eq, compressor, fader, pan in each strip; start: JSON text to the first callback's end; reload: "
                              "one strip more, until the new plan runs in real time"},
                     {"strips", count},
                     {"start_ms", median(starts)},
                     {"reload_ms", median(reloads)},
                     {"longest_callback_ms", median(worst)},
                     {"usual_callback_ms", median(usual)},
                     {"period_ms", 64.0 / 48.0}};
}

} // namespace ton::app::benching
