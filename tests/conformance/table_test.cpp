// SPDX-License-Identifier: GPL-3.0-or-later
// What every module's table promises to config, OSC, schema and docs.
#include "subject.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

using namespace ton;
using namespace ton::conformance;
using engine::Kind;
using engine::Parameter;
using engine::Scale;

namespace {
void each_row(void (*check)(const Parameter&)) {
    for (const auto* type : modules::all())
        for (const auto& p : type->parameters) {
            const auto name = std::string(type->name) + "/" + engine::parameter_path(p);
            INFO(name);
            check(p);
        }
}
} // namespace

TEST_CASE("modules: names are unique, summaries are sentences, exactly one way to run") {
    std::set<std::string_view> names;
    CHECK(modules::all().size() > 10);
    for (const auto* type : modules::all()) {
        INFO(type->name);
        CHECK(names.insert(type->name).second);
        CHECK(modules::find(type->name) == type);
        CHECK(type->summary.ends_with('.'));
        CHECK(((type->lanes != nullptr) != (type->make != nullptr)));
        CHECK((type->channels_out != nullptr));
        CHECK(engine::find_parameter(type->parameters, "bypass") >= 0);
        CHECK((engine::find_parameter(type->parameters, "to") >= 0) == type->send);
        const auto points = engine::point_rows(type->parameters);
        CHECK((engine::find_parameter(type->parameters, "sidechain") >= 0) == (!points.empty() && !type->sources));
        if (type->sources) CHECK(!points.empty());
    }
}

TEST_CASE("rows: help is a sentence, units are known, numbers of toggles and choices are whole") {
    each_row([](const Parameter& p) {
        const std::set<std::string_view> units{"",   "dB", "dBFS", "dBTP", "LUFS", "LU",     "Hz",
                                               "ms", "s",  "oct",  "st",   "%",    "dB/oct", "bit"};
        CHECK(p.help.ends_with('.'));
        CHECK(units.contains(p.unit));
        if (p.kind == Kind::toggle) {
            CHECK(p.minimum == 0.0F);
            CHECK(p.maximum == 1.0F);
        }
        if (p.kind == Kind::choice) {
            const auto choices = engine::choices_of(p);
            CHECK(p.minimum == 0.0F);
            CHECK(p.maximum == static_cast<float>(choices.size() - 1));
            CHECK(std::set(choices.begin(), choices.end()).size() == choices.size());
        } else {
            CHECK(p.choices.empty());
        }
        if (p.kind != Kind::number && p.kind != Kind::meter) CHECK(p.initial == std::round(p.initial));
        if (p.kind == Kind::meter)
            CHECK(p.minimum < p.maximum);
        else
            CHECK_FALSE(p.hold);
    });
}

TEST_CASE("rows: values reach the kernel as plain numbers or amplitudes, and come back") {
    each_row([](const Parameter& p) {
        if (p.kind == Kind::text) return;
        for (const float t : {0.0F, 0.1F, 0.37F, 0.5F, 0.93F, 1.0F}) {
            const float v = p.minimum + t * (p.maximum - p.minimum);
            // 10^(dB/20) in single precision keeps a level to 1e-4 dB; at or below -120 dB it is silence.
            CHECK(engine::from_kernel(p, engine::to_kernel(p, v)) == doctest::Approx(v).epsilon(2e-5));
            if (p.domain == engine::Domain::amplitude && v <= -120.0F) CHECK(engine::to_kernel(p, v) == 0.0F);
        }
    });
}

TEST_CASE("rows: normal 0 and 1 are the ends, and the travel is monotone and reversible") {
    each_row([](const Parameter& p) {
        if (!engine::is_control(p)) return;
        CHECK(engine::from_normal(p, 0.0F) == doctest::Approx(p.minimum));
        CHECK(engine::from_normal(p, 1.0F) == doctest::Approx(p.maximum));
        CHECK(engine::to_normal(p, p.minimum) == doctest::Approx(0.0));
        CHECK(engine::to_normal(p, p.maximum) == doctest::Approx(1.0));
        float last = p.minimum;
        for (int i = 1; i <= 100; ++i) {
            const float t = static_cast<float>(i) / 100.0F, v = engine::from_normal(p, t);
            CHECK(v >= last);
            CHECK(engine::to_normal(p, v) == doctest::Approx(t).epsilon(1e-4));
            last = v;
        }
        const float there = engine::from_normal(p, engine::to_normal(p, p.initial));
        CHECK(there == doctest::Approx(p.initial).epsilon(1e-4));
    });
}
