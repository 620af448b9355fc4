// SPDX-License-Identifier: GPL-3.0-or-later
// Every parameter of every module: from JSON into the desk, from the desk into JSON, and into a desk again.
#include "control/bake.hpp"
#include "desk_text.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

using namespace ton;
using namespace ton::conformance;
using engine::Kind;
using engine::Parameter;

namespace {
bool written(const Parameter& p) { return p.kind != Kind::meter && !p.follows; }

/// A value that is not the default, as JSON. `file` is for texts that name one.
std::string other(const Parameter& p, const std::string& file) {
    switch (p.kind) {
    case Kind::text:
        if (p.ports) return R"(["box:left", "/box:ri.*/"])";
        if (p.name == "file") return fmt::format("\"{}\"", file);
        return p.point ? R"("side_x")" : p.name == "to" ? R"("bus_x")" : R"("crew \"A\" é")";
    case Kind::toggle:
        return p.initial < 0.5F ? "true" : "false";
    case Kind::choice: {
        const auto choices = engine::choices_of(p);
        return fmt::format("\"{}\"", choices[(static_cast<std::size_t>(p.initial) + 1) % choices.size()]);
    }
    default: // no round number where the row takes others
        for (const float t : {0.3127F, 0.7391F})
            if (const float v = settable(p, p.minimum + t * (p.maximum - p.minimum)); v != p.initial) return fmt::format("{}", v);
        return fmt::format("{}", p.maximum != p.initial ? p.maximum : p.minimum);
    }
}

std::string desk_text(const std::string& chain, int channels) {
    return fmt::format(R"({{
  "version": 1,
  "strips": {{
    "side_x": {{ "channels": {0} }},
    "x": {{ "channels": {0}, "chain": [ {1} ] }}, // the one
    "bus_x": {{ "channels": 2 }}
  }}
}})",
                       channels, chain);
}

graph::Desk resolve(const std::string& text) {
    auto reading = config::read_text(text, "test");
    auto desk = graph::resolve(reading.config, reading.errors);
    if (!reading.errors.empty()) throw std::runtime_error(config::format(reading.errors.take()));
    return desk;
}
const graph::Module& tested(const graph::Desk& desk) { return *desk.strips.at(static_cast<std::size_t>(desk.index("x"))).find("tested"); }

/// The module in JSON with every row at another value than its default.
std::string all_others(const engine::ModuleType& type, const std::string& file, const std::string& size) {
    const auto text = desk_text(size, 1);
    std::vector<Written> rows;
    for (const auto& p : tested(resolve(text)).type->parameters) // of a sized module: that size's table
        if (written(p)) rows.push_back({engine::parameter_path(p), other(type.sized && p.structural ? *std::ranges::find(type.parameters, p.name, &Parameter::name) : p, file)});
    return entry(type, rows);
}
/// Only what decides how large its table is, and what it can't be without.
std::string bare(const engine::ModuleType& type) {
    std::vector<Written> rows;
    for (const auto& p : type.parameters)
        if ((type.sized && p.structural) || p.name == "to") rows.push_back({engine::parameter_path(p), other(p, "")});
    return entry(type, rows);
}

/// A width that it takes.
int channels(const engine::ModuleType& type) {
    if (type.sized) return std::stoi(other(*std::ranges::find(type.parameters, "inputs", &Parameter::name), ""));
    return type.name == "width" || type.name == "balance" ? 2 : 1;
}

void check_all(const graph::Module& module, const std::string& file, bool hand_let_go) {
    for (std::size_t r = 0; r < module.values.size(); ++r) {
        const auto& p = module.type->parameters[r];
        if (!written(p)) continue;
        INFO(engine::parameter_path(p));
        if (hand_let_go && p.momentary) {
            CHECK(module.values[r] == p.initial);
            continue;
        }
        if (p.kind == Kind::text) {
            CHECK(module.texts[r] != p.initial_text);
            if (p.name == "file") CHECK(module.texts[r] == file);
        } else if (!p.structural) {
            CHECK(module.values[r] != p.initial);
        }
    }
}
} // namespace

TEST_CASE("every parameter at another value: JSON, desk, JSON, desk, and the same values") {
    for (const auto* type : modules::all()) {
        if (type->internal) continue;
        INFO(type->name);
        const auto text = desk_text(all_others(*type, "take.wav", bare(*type)), channels(*type));
        CAPTURE(text);
        const auto desk = resolve(text);
        check_all(tested(desk), "take.wav", false);
        const auto again = resolve(config::to_json(graph::to_config(desk)));
        CHECK((tested(again).values == tested(desk).values)); // every float to the bit
        CHECK((tested(again).texts == tested(desk).texts));
    }
}

TEST_CASE("every parameter moved in the running desk: what is saved loads to the same values") {
    for (const auto* type : modules::all()) {
        if (type->internal) continue;
        INFO(type->name);
        const auto text = desk_text(bare(*type), channels(*type));
        const auto wanted = resolve(desk_text(all_others(*type, "", bare(*type)), 1));
        test::TestDesk desk(text, {.lane_width = 0, .inputs = {{"x", channels(*type)}}, .outputs = {"x"}});
        for (std::size_t r = 0; r < tested(wanted).values.size(); ++r) {
            const auto& p = tested(wanted).type->parameters[r];
            // Files and ports are the backend's and the disk's to find.
            if (!engine::is_control(p) || p.follows || (p.structural && type->sized)) continue;
            const auto address = "/x/tested/" + engine::parameter_path(p);
            INFO(address);
            desk.console().settle();
            desk.set(address, static_cast<double>(tested(wanted).values[r]));
            desk.play(4800, {}, 480);
        }
        const auto saved = control::with_values(config::Document(text), desk.console().loaded(), desk.console().desk());
        CAPTURE(saved);
        CHECK(saved.find("// the one") != std::string::npos);
        const auto loaded = resolve(saved);
        for (std::size_t r = 0; r < tested(wanted).values.size(); ++r) {
            const auto& p = tested(wanted).type->parameters[r];
            if (!engine::is_control(p) || p.follows) continue;
            INFO(engine::parameter_path(p));
            CHECK(tested(loaded).values[r] == (p.momentary ? p.initial : tested(wanted).values[r]));
        }
    }
}
