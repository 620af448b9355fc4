// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/journal.hpp"

#include <algorithm>

namespace ton::control {

namespace {

std::size_t bytes_of(const Value& value) {
    const auto* text = std::get_if<std::string>(&value.data);
    return sizeof(Value) + (text ? text->size() : 0);
}

} // namespace

std::size_t Step::bytes() const {
    std::size_t sum = sizeof(Step) + what.size();
    for (const auto& splice : text) sum += sizeof splice + splice.bytes();
    for (const auto* map : {&origins, &back})
        for (const auto& [a, b] : *map) sum += 2 * sizeof(std::string) + a.size() + b.size();
    for (const auto& move : moves) sum += sizeof move + move.address.size() + bytes_of(move.before) + bytes_of(move.after);
    for (const auto& [address, value] : lost) sum += sizeof(std::string) + address.size() + bytes_of(value);
    return sum;
}

/// A fader under a hand sends many values: they are one step. Two recalls are two.
bool Journal::merge(const Step& step) {
    if (!fresh_ || done_.empty() || !step.text.empty() || !done_.back().text.empty()) return false;
    auto& last = done_.back();
    if (step.time - last.time > limits_.together || step.time < last.time) return false;
    const bool same = step.what == last.what && std::ranges::equal(step.moves, last.moves, {}, &Move::address, &Move::address);
    if (!same) return false;
    bytes_ -= last.bytes();
    for (std::size_t i = 0; i < step.moves.size(); ++i) last.moves[i].after = step.moves[i].after;
    bytes_ += last.bytes();
    last.time = step.time;
    return true;
}

void Journal::add(Step step) {
    undone_.clear();
    if (merge(step)) return forget_oldest();
    bytes_ += step.bytes();
    done_.push_back(std::move(step));
    fresh_ = true;
    forget_oldest();
}

void Journal::forget_oldest() {
    while (done_.size() > limits_.steps || (bytes_ > limits_.bytes && done_.size() > 1)) {
        bytes_ -= done_.front().bytes();
        done_.pop_front();
    }
}

void Journal::undone() {
    bytes_ -= done_.back().bytes();
    undone_.push_back(std::move(done_.back()));
    done_.pop_back();
    fresh_ = false;
}

void Journal::redone() {
    bytes_ += undone_.back().bytes();
    done_.push_back(std::move(undone_.back()));
    undone_.pop_back();
    fresh_ = false;
}

void Journal::clear() {
    done_.clear();
    undone_.clear();
    bytes_ = 0;
    fresh_ = false;
}

bool Journal::can_undo() const { return std::ranges::any_of(done_, [](const Step& s) { return !s.silent; }); }
bool Journal::can_redo() const { return std::ranges::any_of(undone_, [](const Step& s) { return !s.silent; }); }

} // namespace ton::control
