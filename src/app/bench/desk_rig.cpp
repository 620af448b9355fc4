// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/bench/desk_rig.hpp"
#include "app/bench/programme.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace ton::app::benching {

namespace {
constexpr int kMostFrames = 64;
}

graph::Desk DeskRig::desk_of(const std::string& json) {
    auto reading = config::read_text(json, "bench");
    auto desk = graph::resolve(reading.config, reading.errors);
    if (!reading.errors.empty()) throw std::runtime_error(config::format(reading.errors.take()));
    return desk;
}

DeskRig::DeskRig(const std::string& json, int lane_width) {
    control::ConsoleOptions options;
    options.disk = &disk_;
    options.offline = true;
    options.lane_width = lane_width;
    console_ = std::make_unique<control::Console>(engine_, options);
    const auto errors = console_->apply(desk_of(json), 48000);
    if (!errors.empty()) throw std::runtime_error(config::format(errors));
    std::uint32_t noise = 1;
    for (const auto& port : console_->compiled()->ports) {
        auto& plane = memory_.emplace_back(kMostFrames); // small blocks lie side by side, as a backend's own would
        fill_noise(plane, kDeskNoisePeak, noise);
        const auto slot = static_cast<std::size_t>(port.slot);
        if (port.input) {
            if (inputs_.size() <= slot) inputs_.resize(slot + 1);
            inputs_[slot] = plane.data();
        } else {
            if (outputs_.size() <= slot) outputs_.resize(slot + 1);
            outputs_[slot] = plane.data();
        }
    }
    engine::prepare_audio_thread();
}

void DeskRig::run(int callbacks, int block) {
    if (block > kMostFrames) throw std::invalid_argument("the bench's blocks are short");
    for (int i = 0; i < callbacks; ++i) engine_.process({inputs_, outputs_, block});
}

void DeskRig::move(const std::string& address, double value, double seconds) {
    const auto* control = console_->find(address);
    if (!control) throw std::runtime_error("no address " + address);
    const auto outcome = console_->set(*control, {value}, seconds);
    if (!outcome.error.empty()) throw std::runtime_error(outcome.error);
}

std::string strips_into_bus(int count, const std::string& chain, bool ports) {
    std::string text = R"({ "version": 1, "strips": {)";
    for (int i = 0; i < count; ++i)
        text += fmt::format(R"("s{}": {{ {} "channels": 1, "chain": [{}], "to": "bus" }},)", i, ports ? R"("input": [],)" : "", chain);
    return text + R"("bus": { "channels": 2, "output": [] } } })";
}

} // namespace ton::app::benching
