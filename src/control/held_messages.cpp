// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/held_messages.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ton::control {

bool HeldMessages::any_of(const osc::Peer& peer) const {
    return std::ranges::any_of(lines_, [&](const Line& line) { return line.front().peer == peer; });
}

std::string HeldMessages::add(Held held) {
    if (count_ >= kMost) return "too many messages of all clients wait for changes of the graph";
    auto line = std::ranges::find_if(lines_, [&](const Line& l) { return l.front().peer == held.peer; });
    if (line == lines_.end()) line = lines_.emplace(lines_.end());
    const bool asks = held.messages.size() == 1 && held.messages.front().address == "/tonmeister/sync"; // when the others are done
    if (line->size() >= kMostOfOne + (asks ? kMostAsking : 0))
        return fmt::format("{} messages and bundles of yours wait for changes of the graph already, expected no more (/tonmeister/sync tells when they are done)", kMostOfOne);
    line->push_back(std::move(held));
    ++count_;
    return {};
}

std::optional<HeldMessages::Held> HeldMessages::next(const std::function<bool(const Messages&)>& must_wait) {
    const auto turn = std::ranges::find_if(lines_, [&](const Line& line) { return !must_wait(line.front().messages); });
    if (turn == lines_.end()) return {};
    auto line = std::move(*turn);
    lines_.erase(turn);
    auto held = std::move(line.front());
    line.pop_front();
    --count_;
    if (!line.empty()) lines_.push_back(std::move(line));
    return held;
}

void HeldMessages::for_each(const std::function<void(Held&)>& change) {
    for (auto& line : lines_) std::ranges::for_each(line, change);
}

} // namespace ton::control
