// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/insert_ping.hpp"

#include "engine/loop.hpp"
#include "engine/stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace ton::control {

namespace {

constexpr auto kAddress = "/tonmeister/insert/ping";
constexpr auto kPinged = "/tonmeister/insert/pinged";
constexpr auto kExpected = "expected STRIP [MODULE] [LEVEL in dBFS, -60 to -6], such as host, host insert or host/insert";
constexpr double kLevel = -30, kLeast = -60, kMost = -6; // dBFS
constexpr int kLongest = 48000;                          // frames that a way may take, the latency's range
constexpr double kBlur = 0.001;                          // s: what a filter in the loop spreads
constexpr std::size_t kDelays = 4800;                    // searched at a poll: 2 ms of the control thread
constexpr double kPatience = 3.0;                        // s beyond what it takes

const graph::Module* find_insert(const graph::Strip& strip, const std::string& name) {
    const auto found = std::ranges::find_if(strip.chain, [&](const graph::Module& m) { return m.type->insert && (name.empty() || m.name == name); });
    return found == strip.chain.end() ? nullptr : &*found;
}

} // namespace

const graph::Strip* InsertPing::strip_of(const Out& out) const {
    const auto& strips = console_.desk().strips;
    const auto found = std::ranges::find(strips, out.strip_key, &graph::Strip::key);
    return found == strips.end() ? nullptr : &*found;
}

engine::Loop* InsertPing::loop(const graph::Strip& strip, const std::string& module) const {
    const auto* mod = find_insert(strip, module);
    if (!mod || !console_.compiled()) return nullptr;
    const auto instance = console_.compiled()->instances.find(fmt::format("{}/{}:{}", strip.key(), mod->name, mod->type->name));
    return instance == console_.compiled()->instances.end() ? nullptr : instance->second.stage->processor()->external_loop();
}

/// Two names, or one that is a strip's, a point as side-chains have them, or the insert's address. What is wrong with it, or empty.
std::string InsertPing::find(std::vector<std::string> names, const graph::Strip*& strip, const graph::Module*& module) const {
    auto& first = names.front();
    if (first.starts_with('/')) first.erase(0, 1);
    if (const auto slash = first.find('/'); slash != std::string::npos && names.size() == 1) {
        names.push_back(first.substr(slash + 1));
        names.front().resize(slash);
    }
    const int s = console_.desk().index(names.front());
    if (s < 0) return fmt::format("there is no strip {}; {}", config::quote(names.front()), kExpected);
    strip = &console_.desk().strips[static_cast<std::size_t>(s)];
    module = find_insert(*strip, names.size() > 1 ? names[1] : std::string());
    if (module) return {};
    std::vector<std::string_view> inserts;
    for (const auto& m : strip->chain)
        if (m.type->insert) inserts.push_back(m.name);
    if (inserts.empty()) return fmt::format("the strip {} has no insert", config::quote(strip->name));
    return fmt::format("the strip {} has no insert {}, expected one of {}", config::quote(strip->name), config::quote(names[1]), config::join(inserts, ", "));
}

std::string InsertPing::told(const osc::Message& answer) {
    if (answer.address != kPinged) return {};
    const auto& to = answer.args; // as finish() has them
    return fmt::format("insert/ping {}/{}: 1 parameter, a latency of {}", std::get<std::string>(to[0]), std::get<std::string>(to[1]), config::counted(static_cast<std::size_t>(std::get<std::int32_t>(to[2])), "sample"));
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
    const graph::Strip* strip = nullptr;
    const graph::Module* module = nullptr;
    if (auto why = find(std::move(names), strip, module); !why.empty()) return why;
    if (!console_.ready()) return "a change of the graph is under way";
    auto* const way = loop(*strip, module->name);
    const auto* returned = console_.find(fmt::format("/{}/{}/returned", strip->name, module->name));
    if (!way || !returned || console_.get(*returned).number() < 0.5) return "nothing is connected to its ports, or not at both ends";
    auto sent = dsp::loop_signal(engine::to_amplitude(static_cast<float>(level)));
    const auto listen = static_cast<int>(sent.size()) + kLongest + console_.period();
    way->take_ping(); // of one that was given up
    if (!way->ping(sent, listen)) return "a ping is under way there";
    const std::chrono::duration<double> patience(kPatience + listen / console_.sample_rate());
    out_.push_back({strip->key(), module->name, std::move(sent), std::move(answer), Clock::now() + std::chrono::duration_cast<Clock::duration>(patience), nullptr});
    return {};
}

void InsertPing::poll() {
    std::size_t delays = kDelays; // for all together
    for (std::size_t i = 0; i < out_.size();) {
        if (over(out_[i], delays)) out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(i));
        else ++i;
    }
}

bool InsertPing::over(Out& out, std::size_t& delays) {
    const auto* strip = strip_of(out);
    auto* const way = strip ? loop(*strip, out.module) : nullptr;
    const auto refuse = [&](const std::string& why) { return out.answer({"/tonmeister/error", {std::string(kAddress), why}}), true; };
    if (!way) return refuse("the insert is gone");
    if (!out.search) {
        auto heard = way->take_ping();
        if (!heard) return Clock::now() > out.latest && refuse("no audio came, or the insert was changed meanwhile");
        out.search = std::make_unique<Search>(Search{std::move(*heard), {}, {}});
    }
    if (!search(out, delays)) return false;
    auto why = judge(*out.search);
    if (why.empty()) why = finish(out, *strip);
    return why.empty() || refuse(why);
}

/// True when every channel has been looked through.
bool InsertPing::search(Out& out, std::size_t& delays) {
    auto& s = *out.search;
    while (s.found.size() < s.heard.size() && delays > 0) {
        if (!s.channel) s.channel.emplace(out.sent, s.heard[s.found.size()], static_cast<int>(std::lround(kBlur * console_.sample_rate())));
        const bool more = s.channel->look(std::exchange(delays, 0));
        if (more) continue;
        s.found.push_back(s.channel->result());
        s.channel.reset();
    }
    return s.found.size() == s.heard.size();
}

/// What is wrong with what was found, or nothing.
std::string InsertPing::judge(const Search& search) const {
    using dsp::LoopDelay;
    const auto& found = search.found;
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto n = i + 1;
        if (found[i].found == LoopDelay::Found::nothing) return fmt::format("nothing comes back on channel {}, or too little above its noise; a higher LEVEL may help", n);
        if (found[i].found == LoopDelay::Found::ambiguous) return fmt::format("it comes back more than once on channel {}: switch echoes off, or set the latency by hand", n);
        if (found[i].frames != found.front().frames)
            return fmt::format("channel {} comes back after {} samples and channel 1 after {}; they can't be put right together", n, found[i].frames, found.front().frames);
    }
    const int way = found.front().frames;
    return way < console_.period() ? fmt::format("it comes back after {} samples, less than a period of {}", way, console_.period()) : "";
}

/// Sets the latency and tells it; or why not.
std::string InsertPing::finish(const Out& out, const graph::Strip& strip) {
    const auto& found = out.search->found.front();
    const int latency = found.frames - console_.period();
    const auto name = strip.name; // a new plan makes a new desk
    const auto* control = console_.find(fmt::format("/{}/{}/latency", name, out.module));
    if (!control) return "the insert is gone";
    if (auto done = dispatcher_.set_as_step(*control, Value{static_cast<double>(latency)}, "insert/ping " + name); !done.error.empty()) return done.error;
    out.answer({kPinged, {name, out.module, static_cast<std::int32_t>(latency), static_cast<std::int32_t>(found.frames),
                                              engine::to_decibels(std::abs(found.gain)), std::string(found.gain < 0 ? "inverted" : "straight")}});
    return {};
}

} // namespace ton::control
