// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/check.hpp"

#include "app/warnings.hpp"
#include "control/console.hpp"
#include "engine/engine.hpp"
#include "files/disk_thread.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace ton::app {

namespace {

std::string feeds_of(const graph::Strip& strip) {
    std::string text;
    for (const auto& to : strip.to) text += (text.empty() ? "" : ", ") + to;
    if (strip.outputs) {
        text += text.empty() ? "out " : ", out ";
        for (std::size_t i = 0; i < strip.outputs->size(); ++i) text += (i ? " " : "") + (*strip.outputs)[i];
        if (strip.outputs->empty()) text += "(free ports)";
    }
    return text.empty() ? "-" : text;
}

std::string chain_of(const graph::Strip& strip) {
    std::string text;
    for (const auto& m : strip.chain) {
        if (graph::is_own(m)) continue;
        text += (text.empty() ? "" : " > ") + m.name;
    }
    return text.empty() ? "-" : text;
}

void print(const graph::Compiled& compiled, double rate) {
    const auto& desk = compiled.desk;
    fmt::print("{}: {} at {:g} Hz, blocks of {}\n\n", desk.name.empty() ? desk.file : desk.name, config::counted(static_cast<std::size_t>(std::ranges::count_if(desk.strips, [](const auto& s) { return !s.members; })), "strip"), rate,
               desk.engine.block.value);
    std::size_t name = 5, chain = 5;
    for (const auto& s : desk.strips)
        if (!s.members) name = std::max(name, s.name.size()), chain = std::max(chain, chain_of(s).size());
    chain = std::min<std::size_t>(chain, 60);
    fmt::print("{:<{}}  {:<6}  {:>3}  {:>3}  {:>14}  {:<{}}  feeds\n", "strip", name, "stage", "in", "out", "latency", "chain", chain);
    std::vector<int> order;
    for (const int n : compiled.layout.order) {
        const int s = compiled.layout.nodes[static_cast<std::size_t>(n)].strip;
        if (static_cast<std::size_t>(s) >= desk.strips.size()) continue; // a group's sum
        if (compiled.layout.strips[static_cast<std::size_t>(s)].nodes.back() == n) order.push_back(s);
    }
    for (const int s : order) {
        const auto& strip = desk.strips[static_cast<std::size_t>(s)];
        if (strip.members) continue;
        const auto& layout = compiled.layout.strips[static_cast<std::size_t>(s)];
        const int latency = compiled.layout.latency_of(s);
        fmt::print("{:<{}}  {:<6}  {:>3}  {:>3}  {:>6} {:>5.2f}ms  {:<{}}  {}\n", strip.name, name, config::to_text(strip.stage), layout.channels_in,
                   layout.channels_out, latency, 1000.0 * latency / rate, chain_of(strip), chain, feeds_of(strip));
    }
}

/// Each group and the strips in it.
void print_groups(const graph::Desk& desk) {
    const auto groups = graph::groups_of(desk);
    std::size_t name = 5;
    for (const auto& s : desk.strips)
        if (s.members) name = std::max(name, s.name.size() - graph::kGroups.size());
    bool first = true;
    for (std::size_t g = 0; g < desk.strips.size(); ++g) {
        if (!desk.strips[g].members) continue;
        if (std::exchange(first, false)) fmt::print("\n{:<{}}  members\n", "group", name);
        std::string members;
        for (std::size_t s = 0; s < desk.strips.size(); ++s)
            if (std::ranges::find(groups[s], static_cast<int>(g)) != groups[s].end()) members += (members.empty() ? "" : ", ") + desk.strips[s].name;
        fmt::print("{:<{}}  {}\n", desk.strips[g].name.substr(graph::kGroups.size()), name, members.empty() ? "-" : members);
    }
}

} // namespace

int check(const std::string& path) {
    std::vector<config::Diagnostic> errors;
    const auto desk = control::Console::load(path, errors);
    if (errors.empty()) {
        // Compiled as the daemon would: what only shows then (a file that can't be read) is an error here, too.
        engine::Engine engine;
        files::DiskThread disk;
        control::Console console(engine, {.disk = &disk, .offline = true, .injected = {}, .captured = {}});
        errors = console.apply(desk, desk.engine.sample_rate.value);
        if (errors.empty()) {
            print(*console.compiled(), console.sample_rate());
            print_groups(desk);
            std::fflush(stdout); // what is wrong with it stands below it also where both go to one place
            for (auto& w : warnings(desk, console.compiled()->layout)) {
                w.message.insert(0, "warning: ");
                fmt::print(stderr, "{}\n", config::format(w));
            }
            return 0;
        }
    }
    fmt::print(stderr, "{}", config::format(errors));
    return 1;
}

} // namespace ton::app
