// SPDX-License-Identifier: GPL-3.0-or-later
#include "subject.hpp"

#include <algorithm>
#include <cmath>

namespace ton::conformance {

using engine::Kind;
using engine::Parameter;
using test::Planar;
using test::Rig;
using test::RigOptions;

std::string Subject::label() const {
    auto text = std::string(type->name) + (channels == 1 ? ", mono" : ", stereo");
    if (sidechain > 0) text += type->sources ? ", sources" : type->insert ? ", return" : ", side-chain";
    if (taps > 0 && type->insert) text += ", send";
    else if (taps > 0) text += taps == 1 ? " into mono" : " into stereo";
    return text;
}

RigOptions Subject::options(double sample_rate) const {
    return {.channels = channels,
            .sample_rate = sample_rate,
            .sidechain_channels = sidechain,
            .tap_channels = taps};
}

std::unique_ptr<Rig> Subject::rig(const RigOptions& options) const {
    auto rig = std::make_unique<Rig>(std::string(type->name), options);
    if (sidechain > 0)
        for (const int row : engine::point_rows(type->parameters))
            rig->text(engine::parameter_path(type->parameters[static_cast<std::size_t>(row)]), "another");
    return rig;
}

std::vector<Subject> subjects() {
    std::vector<Subject> all;
    for (const auto* type : modules::all()) {
        std::vector<float> values;
        for (const auto& p : type->parameters) values.push_back(p.initial);
        const std::vector<std::string> texts(values.size());
        for (int channels = 1; channels <= 2; ++channels) {
            if (type->channels_out(channels, {type->parameters, values, texts}) == 0) continue;
            if (type->send) {
                for (int taps = 1; taps <= 2; ++taps) all.push_back({type, channels, 0, taps});
                continue;
            }
            if (type->insert) {
                all.push_back({type, channels, channels, channels});
                continue;
            }
            const auto points = static_cast<int>(engine::point_rows(type->parameters).size());
            if (!type->sources) all.push_back({type, channels});
            if (points > 0) all.push_back({type, channels, points * channels});
        }
    }
    return all;
}

Outcome outcome(Rig& rig, const RigOptions& options, const Planar& input, int block,
                const std::vector<test::Event>& events) {
    Planar side(static_cast<std::size_t>(options.sidechain_channels), input[0]);
    for (auto& plane : side) std::ranges::reverse(plane);
    Outcome o;
    o.audio = rig.run(input, block, events, side);
    o.taps = rig.taps;
    std::vector<float> all(static_cast<std::size_t>(rig.stage().readouts()));
    rig.stage().read(all.data());
    const auto width = static_cast<std::size_t>(rig.stage().width());
    for (auto i = static_cast<std::size_t>(options.lane); i < all.size(); i += width)
        o.readouts.push_back(all[i]);
    return o;
}

float settable(const Parameter& p, float value) {
    return p.kind == Kind::number ? value : std::round(value);
}

bool moves(const Parameter& p) {
    return engine::is_control(p) && !p.structural;
}

std::vector<test::Event> storm(const engine::ModuleType& type, int frames, std::uint32_t seed, int per_row) {
    const auto next = [&seed] { // 0…1
        seed = seed * 1664525U + 1013904223U;
        return static_cast<float>(seed >> 8U) / 16777216.0F;
    };
    std::vector<test::Event> events;
    for (const auto& p : type.parameters) {
        if (!moves(p)) continue;
        for (int i = 0; i < per_row; ++i) {
            const auto time = static_cast<std::int64_t>(next() * static_cast<float>(frames - 1));
            const float value = settable(p, engine::from_normal(p, next())), kind = next();
            const double fade = kind < 0.6F ? -1.0 : kind < 0.8F || p.kind != engine::Kind::number ? 0.0 : 0.03; // only numbers fade
            events.push_back({time, engine::parameter_path(p), value, fade});
        }
    }
    return events;
}

double loudest(const Planar& x, std::size_t from) {
    double most = 0;
    for (const auto& plane : x) most = std::max(most, test::peak(plane, from));
    return most;
}

bool finite(const Planar& x) {
    for (const auto& plane : x)
        for (const float v : plane)
            if (!std::isfinite(v)) return false;
    return true;
}

} // namespace ton::conformance
