// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/insert_ping.hpp"

#include "dsp/loop_delay.hpp"
#include "engine/loop.hpp"
#include "engine/stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ton::control {

namespace {

constexpr auto kAddress = "/tonmeister/insert/ping";
constexpr auto kExpected = "expected STRIP [MODULE] [LEVEL in dBFS, -60 to -6]";
constexpr double kLevel = -30, kLeast = -60, kMost = -6; // dBFS
constexpr int kLongest = 48000;                          // frames that a way may take, the latency's range
constexpr double kBlur = 0.001;                          // s: what a filter in the loop spreads
constexpr double kPatience = 3.0;                        // s beyond what it takes

const graph::Module* find_insert(const graph::Strip& strip, const std::string& name) {
    const auto found = std::ranges::find_if(strip.chain, [&](const graph::Module& m) { return m.type->insert && (name.empty() || m.name == name); });
    return found == strip.chain.end() ? nullptr : &*found;
}

} // namespace

engine::Loop* InsertPing::loop(const std::string& strip, const std::string& module) const {
    const int s = console_.desk().index(strip);
    const auto* mod = s < 0 ? nullptr : find_insert(console_.desk().strips[static_cast<std::size_t>(s)], module);
    if (!mod || !console_.compiled()) return nullptr;
    const auto key = fmt::format("{}/{}:{}", console_.desk().strips[static_cast<std::size_t>(s)].key(), mod->name, mod->type->name);
    const auto instance = console_.compiled()->instances.find(key);
    return instance == console_.compiled()->instances.end() ? nullptr : instance->second.stage->processor()->external_loop();
}

std::string InsertPing::start(const osc::Message& message, Answer answer) {
    std::vector<std::string> names;
    double level = kLevel;
    for (const auto& arg : message.args) {
        if (const auto text = osc::string(arg)) names.emplace_back(*text);
        else if (const auto number = osc::number(arg)) level = *number;
        else return kExpected;
    }
    if (names.empty() || names.size() > 2 || !(level >= kLeast && level <= kMost)) return kExpected;
    const int s = console_.desk().index(names.front());
    if (s < 0) return fmt::format("there is no strip {}", config::quote(names.front()));
    const auto* module = find_insert(console_.desk().strips[static_cast<std::size_t>(s)], names.size() > 1 ? names[1] : std::string());
    if (!module) return fmt::format("the strip {} has no such insert", config::quote(names.front()));
    if (!console_.ready()) return "a change of the graph is under way";
    auto* const way = loop(names.front(), module->name);
    const auto* returned = console_.find(fmt::format("/{}/{}/returned", names.front(), module->name));
    if (!way || !returned || console_.get(*returned).number() < 0.5) return "nothing is connected to its ports, or not at both ends";
    auto sent = dsp::loop_signal(engine::to_amplitude(static_cast<float>(level)));
    const auto listen = static_cast<int>(sent.size()) + kLongest + console_.period();
    way->take_ping(); // of one that was given up
    if (!way->ping(sent, listen)) return "a ping is under way there";
    const std::chrono::duration<double> patience(kPatience + listen / console_.sample_rate());
    out_.push_back({names.front(), module->name, std::move(sent), std::move(answer), Clock::now() + std::chrono::duration_cast<Clock::duration>(patience)});
    return {};
}

void InsertPing::poll() {
    for (std::size_t i = 0; i < out_.size();) {
        if (over(out_[i])) out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(i));
        else ++i;
    }
}

bool InsertPing::over(Out& out) {
    auto* const way = loop(out.strip, out.module);
    const auto refuse = [&](const std::string& why) { return out.answer({"/tonmeister/error", {std::string(kAddress), why}}), true; };
    if (!way) return refuse("the insert is gone");
    const auto heard = way->take_ping();
    if (!heard) return Clock::now() > out.latest && refuse("no audio came, or the insert was changed meanwhile");
    const auto why = evaluate(out, *heard);
    return why.empty() || refuse(why);
}

/// Sets the latency and tells it; or why not.
std::string InsertPing::evaluate(const Out& out, const std::vector<std::vector<float>>& heard) {
    using dsp::LoopDelay;
    std::vector<LoopDelay> delays;
    for (const auto& channel : heard) {
        delays.push_back(dsp::find_loop_delay(out.sent, channel, static_cast<int>(std::lround(kBlur * console_.sample_rate()))));
        const auto n = delays.size();
        if (delays.back().found == LoopDelay::Found::nothing) return fmt::format("nothing comes back on channel {}, or too little above its noise; a higher LEVEL may help", n);
        if (delays.back().found == LoopDelay::Found::ambiguous) return fmt::format("it comes back more than once on channel {}: switch echoes off, or set the latency by hand", n);
        if (delays.back().frames != delays.front().frames)
            return fmt::format("channel {} comes back after {} samples and channel 1 after {}; they can't be put right together", n, delays.back().frames, delays.front().frames);
    }
    const auto& found = delays.front();
    const int latency = found.frames - console_.period();
    if (latency < 0) return fmt::format("it comes back after {} samples, less than a period of {}", found.frames, console_.period());
    const auto* control = console_.find(fmt::format("/{}/{}/latency", out.strip, out.module));
    if (!control) return "the insert is gone";
    if (auto done = console_.set(*control, Value{static_cast<double>(latency)}); !done.error.empty()) return done.error;
    out.answer({"/tonmeister/insert/pinged", {out.strip, out.module, static_cast<std::int32_t>(latency), static_cast<std::int32_t>(found.frames),
                                              engine::to_decibels(std::abs(found.gain)), std::string(found.gain < 0 ? "inverted" : "straight")}});
    return {};
}

} // namespace ton::control
