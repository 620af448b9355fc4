// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/fades.hpp"

#include <algorithm>
#include <cmath>

namespace ton::control {

double Fades::Move::part(std::int64_t now) const {
    return frames <= 0 ? 1.0 : std::clamp(static_cast<double>(now - begin) / static_cast<double>(frames), 0.0, 1.0);
}

double Fades::Move::value(std::int64_t now) const {
    const double v = travel.at(part(now));
    return logarithmic ? std::exp2(v) : v;
}

/// The last that has begun, else the first to come.
const Fades::Move* Fades::under_way(const std::vector<Move>& moves, std::int64_t now) {
    const auto later = std::ranges::upper_bound(moves, now, {}, &Move::begin);
    return &*(later == moves.begin() ? later : later - 1);
}

void Fades::aim(Key key, const engine::Parameter& row, float before, float target, std::int64_t begin, std::int64_t frames, engine::Way way) {
    const auto known = moves_.find(key);
    if (known == moves_.end() && frames <= 0) return;
    const bool logarithmic = row.scale == engine::Scale::logarithmic && row.kind == engine::Kind::number;
    const auto in_curve = [&](double value) { return logarithmic ? std::log2(value) : value; };
    double start = in_curve(static_cast<double>(before)), speed = 0; // over the whole way to come
    auto& moves = known == moves_.end() ? moves_[key] : known->second;
    std::erase_if(moves, [&](const Move& move) { return move.begin >= begin; }); // a later word for the same moment, or before it
    if (!moves.empty()) {
        const auto& last = moves.back();
        start = in_curve(last.value(begin));
        const bool moving = last.frames > 0 && begin < last.begin + last.frames;
        if (moving) speed = last.travel.speed(last.part(begin)) / static_cast<double>(last.frames) * static_cast<double>(frames);
    }
    moves.push_back({.begin = begin, .frames = std::max<std::int64_t>(frames, 0), .travel = engine::Travel<double>::between(start, in_curve(static_cast<double>(target)), speed, way),
                     .logarithmic = logarithmic});
}

std::optional<float> Fades::at(Key key, std::int64_t now) const {
    const auto known = moves_.find(key);
    if (known == moves_.end()) return {};
    const auto& last = known->second.back();
    if (now >= last.begin + last.frames) return {};
    return static_cast<float>(under_way(known->second, now)->value(now));
}

void Fades::settle(std::int64_t now) {
    std::erase_if(moves_, [&](const auto& entry) { return now >= entry.second.back().begin + entry.second.back().frames; });
}

void Fades::keep(const std::unordered_set<std::uint32_t>& slots) {
    std::erase_if(moves_, [&](const auto& entry) { return !slots.contains(entry.first.slot); });
}

} // namespace ton::control
