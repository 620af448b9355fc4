// SPDX-License-Identifier: GPL-3.0-or-later
// The daemon's audio side: the backend, its ports, and what is connected to them.
#include "app/daemon.hpp"
#include "app/path_latencies.hpp"

#include "engine/loop.hpp"
#include "engine/stage.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace ton::app {

namespace {
constexpr int kLook = 300; // ticks between looks for a server, on the internal clock
} // namespace

void Daemon::start_backend() {
    backend_ = make_backend();
    backend_->on_ready = [this](double rate, int block) { audio_ready(rate, block); };
    backend_->on_lost = [this](const std::string& why) { audio_lost(why); };
    backend_->set_ports(ports_);
    if (!backend_->start()) spdlog::warn(fmt::format("waiting for the audio server: {}", backend_->status().detail));
    status_ = backend_->status(); // before the next tick: where audio runs, process() is not ours to call
    latencies();
}

/// `auto` took the internal clock because there was no server: one that comes later (at boot, say) is joined.
void Daemon::look_for_server() {
    if (options_.backend != "auto" || !on_internal_clock_ || ticks_ % kLook != 0) return;
    if (backend::find_server(options_.server) == backend::Found::none) return;
    backend_->stop();
    start_backend();
}

std::unique_ptr<backend::Backend> Daemon::make_backend() {
    using backend::Found;
    auto kind = options_.backend;
    if (kind == "auto") {
        const auto found = backend::find_server(options_.server);
        kind = found == Found::jack ? "jack" : found == Found::pipewire ? "pipewire" : "internal";
        spdlog::info(fmt::format("audio: {}", kind == "internal" ? "no JACK or PipeWire server is running, so the internal clock" : kind));
    }
    on_internal_clock_ = kind == "internal";
    clock_ = loaded_.engine;
    if (on_internal_clock_) return backend::make_internal(engine_, loaded_.engine.sample_rate.value, loaded_.engine.block.value);
    backend::JackOptions jack;
    jack.client_name = !options_.name.empty() ? options_.name : "tonmeister";
    jack.server = options_.server;
    if (kind == "pipewire") jack.library = backend::JackLibrary::pipewire;
    return backend::make_jack(engine_, jack);
}

/// The ports of the plan to come, with those of the plan that still runs while `both`.
void Daemon::ports_for(const graph::Compiled& next, bool both) {
    std::vector<backend::PortSpec> wanted;
    int order = 0;
    for (const auto& port : next.ports) {
        const auto& strip = next.desk.strips[static_cast<std::size_t>(port.strip)];
        const auto& label = strip.display_name.empty() ? strip.name : strip.display_name;
        const auto end = port.module < 0 ? (port.input ? "in" : "out") : (port.input ? "return" : "send");
        wanted.push_back({.name = port.name, .input = port.input, .slot = port.slot, .connect = port.connect,
                          .pretty = fmt::format("{} {} {}", label, end, port.channel + 1), .order = order++});
    }
    if (both)
        for (const auto& old : ports_) {
            const auto place = std::ranges::find_if(wanted, [&](const auto& p) { return p.input == old.input && p.slot == old.slot; });
            if (place != wanted.end()) continue; // it stays, maybe by another name
            const auto heir = std::ranges::find(wanted, old.name, &backend::PortSpec::name);
            if (heir == wanted.end()) wanted.push_back(old);
            else heir->leaving = old.slot;
        }
    ports_ = std::move(wanted);
    if (backend_) backend_->set_ports(ports_);
    link_inserts(next);
}

/// An insert whose ports lead nowhere passes its strip's own signal.
void Daemon::link_inserts(const graph::Compiled& compiled) {
    std::map<std::string, bool> linked;
    for (const auto& port : compiled.ports)
        if (port.module >= 0) {
            auto& all = linked.try_emplace(port.instance, true).first->second;
            all = all && backend_ && backend_->connected(port.name);
        }
    for (const auto& [key, now] : linked) {
        compiled.instances.at(key).stage->processor()->external_loop()->link(now);
        const auto before = linked_.find(key);
        if (before != linked_.end() && before->second == now) continue;
        if (now) spdlog::info(fmt::format("{}: connected at both ends, what comes back is heard", key.substr(0, key.rfind(':'))));
        else spdlog::warn(fmt::format("{}: not connected at both ends, the signal itself is heard", key.substr(0, key.rfind(':'))));
    }
    linked_ = std::move(linked);
}

void Daemon::latencies() {
    if (backend_) backend_->set_latencies(path_latencies(*console_.compiled()));
}

void Daemon::audio_ready(double sample_rate, int block) {
    spdlog::info(fmt::format("audio at {:g} Hz, blocks of {}", sample_rate, block));
    console_.follow_period(on_internal_clock_ ? 0 : block);
    if (sample_rate != console_.sample_rate()) {
        const auto errors = console_.rebuild(sample_rate);
        for (const auto& e : errors) spdlog::error(config::format(e));
        if (errors.empty()) spdlog::warn(fmt::format("the server runs at {:g} Hz, the config says {}", sample_rate, loaded_.engine.sample_rate.value));
        else spdlog::error(fmt::format("the desk can't be built for {:g} Hz; it goes on as it was built for {:g} Hz", sample_rate, console_.sample_rate()));
    }
    hold_silent();
}

void Daemon::audio_lost(const std::string& why) {
    spdlog::warn(fmt::format("the audio server is gone ({}); waiting for it, settings are kept", why));
    hold_silent();
}

} // namespace ton::app
