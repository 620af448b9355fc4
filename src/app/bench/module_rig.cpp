// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/bench/module_rig.hpp"

#include "engine/engine.hpp"
#include "modules/registry.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace ton::app::benching {

namespace {

constexpr int kBlock = 64;

const engine::ModuleType& type_of(std::string_view name) {
    const auto* type = modules::find(name);
    if (!type || !type->make) throw std::invalid_argument("no planar module " + std::string(name));
    return *type;
}

int row_of(const engine::ModuleType& type, std::string_view path) {
    const int row = engine::find_parameter(type.parameters, path);
    if (row < 0) throw std::invalid_argument("no parameter " + std::string(path));
    return row;
}

} // namespace

ModuleRig::ModuleRig(std::string_view module, const std::vector<std::pair<std::string_view, float>>& settings)
    : type_(type_of(module)) {
    std::vector<float> values;
    std::vector<std::string> texts;
    for (const auto& p : type_.parameters) {
        values.push_back(p.initial);
        texts.emplace_back(p.initial_text);
    }
    for (const auto& [path, value] : settings) values[static_cast<std::size_t>(row_of(type_, path))] = value;
    const engine::Settings all{type_.parameters, values, texts};
    engine::Setup setup;
    setup.sample_rate = kProgrammeRate;
    setup.channels_in = 2;
    setup.channels_out = type_.channels_out(2, all);
    if (setup.channels_out != 2) throw std::invalid_argument("the module is not stereo to stereo");
    setup.latency = type_.latency ? type_.latency(all, setup.sample_rate) : 0;
    stage_ = std::make_unique<engine::Stage>(type_, setup, nullptr, type_.make({setup, all, nullptr, true}));
    stage_->set(0, values);
    stage_->prime();
    scratch_ = std::make_unique<engine::Scratch>(stage_->ramps().sample_rows(), stage_->state_floats());
    readouts_.resize(static_cast<std::size_t>(stage_->readouts()));
    engine::prepare_audio_thread();
}

/// Copies in and out, as a host does between its own buffers and a plugin's.
void ModuleRig::block(const Programme& in, int start, int frames, Programme* out) {
    alignas(64) float left[kBlock], right[kBlock];
    std::copy_n(in.left.data() + start, frames, left);
    std::copy_n(in.right.data() + start, frames, right);
    float* const audio[] = {left, right};
    stage_->run(audio, nullptr, nullptr, frames, position_, *scratch_);
    position_ += frames;
    if (!out) return;
    std::copy_n(left, frames, out->left.data() + start);
    std::copy_n(right, frames, out->right.data() + start);
}

double ModuleRig::run(const Programme& in, Programme* out, int poll) {
    if (out) {
        out->left.resize(in.left.size());
        out->right.resize(in.right.size());
    }
    for (int start = 0, count = 1; start < in.frames(); start += kBlock, ++count) {
        block(in, start, std::min(kBlock, in.frames() - start), out);
        if (poll > 0 && count % poll == 0) stage_->read(readouts_.data());
    }
    return 2.0 * in.frames();
}

std::size_t ModuleRig::readout_index(std::string_view name) const {
    const int index = row_of(type_, name) - engine::first_meter(type_.parameters);
    if (index < 0) throw std::invalid_argument("no read-out " + std::string(name));
    return static_cast<std::size_t>(index);
}

float ModuleRig::readout(std::string_view name) const {
    return engine::from_kernel(type_.parameters[static_cast<std::size_t>(row_of(type_, name))], readouts_[readout_index(name)]);
}

double ModuleRig::share_below(std::string_view name, float limit, const Programme& in) {
    int below = 0, polls = 0;
    for (int start = 0; start < in.frames(); start += kBlock, ++polls) {
        block(in, start, std::min(kBlock, in.frames() - start), nullptr);
        stage_->read(readouts_.data());
        if (readout(name) < limit) ++below;
    }
    return static_cast<double>(below) / polls;
}

} // namespace ton::app::benching
