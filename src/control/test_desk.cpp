// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/test_desk.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>

namespace ton::test {

Planes noise(int channels, int frames, unsigned seed) {
    std::mt19937 random(seed);
    Planes planes(static_cast<std::size_t>(channels), std::vector<float>(static_cast<std::size_t>(frames)));
    for (auto& plane : planes)
        for (auto& x : plane) x = static_cast<float>(static_cast<int>(random() % 256) - 128) / 1024.0F;
    return planes;
}

TestDesk::TestDesk(const std::string& json, Options options) : options_(std::move(options)) {
    control::ConsoleOptions o;
    o.disk = &disk_;
    o.offline = true;
    o.injected = options_.inputs;
    o.captured = options_.outputs;
    o.lane_width = options_.lane_width;
    console_ = std::make_unique<control::Console>(engine_, o);
    reload(json);
}

graph::Desk TestDesk::desk_of(const std::string& json) {
    auto reading = config::read_text(json, "test");
    auto desk = graph::resolve(reading.config, reading.errors);
    if (!reading.errors.empty()) throw std::runtime_error(config::format(reading.errors.take()));
    return desk;
}

void TestDesk::reload(const std::string& json) {
    console_->settle(); // one change at a time
    const auto errors = console_->apply(desk_of(json), 48000);
    if (!errors.empty()) throw std::runtime_error(config::format(errors));
}

void TestDesk::set(const std::string& address, double value, double seconds) {
    const auto* control = console_->find(address);
    if (!control) throw std::runtime_error("no address " + address);
    if (const auto outcome = console_->set(*control, {value}, seconds); !outcome.error.empty()) throw std::runtime_error(outcome.error);
}

int TestDesk::latency(const std::string& strip) const {
    return console_->compiled()->layout.latency_of(console_->compiled()->desk.index(strip));
}

std::map<std::string, Planes> TestDesk::play(int frames, const std::map<std::string, Planes>& input, int block) {
    std::map<std::string, Planes> output;
    for (int start = 0, count = 0; start < frames; start += count) {
        console_->settle();
        count = std::min(block, frames - start);
        const auto now = engine_.counters().frames.load();
        if (const auto swap = engine_.next_swap(); swap > now) count = static_cast<int>(std::min<std::int64_t>(count, swap - now));
        const auto ports = console_->live_ports();
        std::vector<std::vector<float>> in_memory(ports.size()), out_memory(ports.size());
        std::vector<const float*> in(64 + ports.size());
        std::vector<float*> out(64 + ports.size());
        for (std::size_t p = 0; p < ports.size(); ++p) {
            const auto& port = ports[p];
            const auto& name = port.instance.empty() || !input.contains(port.instance) ? port.strip_key : port.instance;
            auto& plane = port.input ? in_memory[p] : out_memory[p];
            plane.resize(static_cast<std::size_t>(count));
            if (!port.input) {
                out[static_cast<std::size_t>(port.slot)] = plane.data();
                continue;
            }
            if (const auto it = input.find(name); it != input.end())
                std::copy_n(it->second[static_cast<std::size_t>(port.channel)].begin() + start, count, plane.begin());
            in[static_cast<std::size_t>(port.slot)] = plane.data();
        }
        disk_.run_once();
        if (options_.around_process) options_.around_process(true);
        engine_.process({in, out, count});
        if (options_.around_process) options_.around_process(false);
        for (std::size_t p = 0; p < ports.size(); ++p) {
            const auto& port = ports[p];
            if (port.input) continue;
            auto& planes = output[port.strip_key];
            if (planes.size() <= static_cast<std::size_t>(port.channel)) planes.resize(static_cast<std::size_t>(port.channel) + 1);
            planes[static_cast<std::size_t>(port.channel)].insert(planes[static_cast<std::size_t>(port.channel)].end(), out_memory[p].begin(), out_memory[p].end());
        }
    }
    console_->settle();
    return output;
}

} // namespace ton::test
