// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/arguments.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace ton;
using control::Form;
using control::take_arguments;
using control::osc::Argument;
using control::osc::Arguments;

namespace {

constexpr engine::Parameter kLevel{.name = "level", .unit = "dB", .minimum = -120.0F, .maximum = 12.0F, .help = "h", .scale = engine::Scale::fader};
constexpr engine::Parameter kThreshold{.name = "threshold", .unit = "dBFS", .minimum = -60.0F, .maximum = 0.0F, .help = "h"};
constexpr engine::Parameter kOn{.name = "on", .help = "h", .kind = engine::Kind::toggle};
constexpr engine::Parameter kSlope{.name = "slope", .maximum = 2.0F, .help = "h", .kind = engine::Kind::choice, .choices = "6|12|24"};
constexpr engine::Parameter kType{.name = "type", .maximum = 1.0F, .help = "h", .kind = engine::Kind::choice, .choices = "sine|square"};
constexpr engine::Parameter kLookahead{.name = "lookahead", .unit = "ms", .maximum = 20.0F, .help = "h", .structural = true};
constexpr engine::Parameter kFile{.name = "file", .help = "h", .kind = engine::Kind::text};

constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();

double number(const engine::Parameter& row, const Argument& sent, Form form = Form::value, double present = 0) {
    const auto taken = take_arguments(row, form, {sent}, present);
    CAPTURE(taken.complaint);
    CHECK(taken.complaint.empty());
    return taken.value.number();
}

std::string complaint(const engine::Parameter& row, const Arguments& sent, Form form = Form::value) { return take_arguments(row, form, sent, 0).complaint; }

bool says(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("a level takes -inf as silence, in every spelling; nothing else does") {
    for (const Argument& sent : {Argument(-kInfinity), Argument(-HUGE_VAL), Argument(std::string("-inf")), Argument(std::string("-INF")), Argument(std::string("-infinity"))})
        CHECK(number(kLevel, sent) == -120.0);
    for (const Argument& sent : {Argument(kInfinity), Argument(kNan), Argument(static_cast<double>(kNan)), Argument(std::string("inf")), Argument(std::string("nan"))})
        CHECK(says(complaint(kLevel, {sent}), "expected a number from -120 to 12 (dB)"));
    CHECK(!complaint(kThreshold, {-kInfinity}).empty()); // it ends at -60: nothing is silent there
    CHECK(!complaint(kLevel, {-kInfinity}, Form::increment).empty());
}

TEST_CASE("T and F answer a switch and are no numbers elsewhere") {
    CHECK(number(kOn, true) == 1.0);
    CHECK(number(kOn, false) == 0.0);
    for (const auto* row : {&kLevel, &kSlope, &kType, &kLookahead}) CHECK(!complaint(*row, {true}).empty());
    for (const auto form : {Form::normal, Form::increment}) CHECK(!complaint(kLevel, {true}, form).empty());
    CHECK(!complaint(kLevel, {0.0F, true}).empty()); // as seconds neither
}

TEST_CASE("a text that is sent as a number is asked for in words of OSC, with what to type instead") {
    CHECK(complaint(kFile, {2}) == "expected a text: an OSC string, which is typed \"2\" with its quotes");
    CHECK(complaint(kFile, {2.5F}) == "expected a text: an OSC string, which is typed \"2.5\" with its quotes");
    CHECK(complaint(kFile, {true}) == "expected a text: an OSC string");
    CHECK(complaint(kFile, {std::string("a"), std::string("b")}) == "expected a text: an OSC string, and nothing else");
}

TEST_CASE("a choice is taken by word and by number, and only there") {
    CHECK(number(kType, std::string("square")) == 1.0);
    CHECK(number(kType, 1) == 1.0);
    CHECK(number(kSlope, 24) == 2.0);
    CHECK(number(kSlope, std::string("12")) == 1.0);
    CHECK(!complaint(kSlope, {13}).empty());
    CHECK(!complaint(kType, {std::string("triangle")}).empty());
}

TEST_CASE("a value beyond its form's travel is taken at the end and marked") {
    CHECK(take_arguments(kLevel, Form::normal, {1.5F}, 0).clamped);
    CHECK(number(kLevel, 1.5F, Form::normal) == 12.0);
    CHECK(take_arguments(kLevel, Form::normal, {-1}, 0).clamped);
    CHECK(number(kLevel, -1, Form::normal) == -120.0);
    CHECK_FALSE(take_arguments(kLevel, Form::normal, {1.0F}, 0).clamped);
    CHECK(take_arguments(kOn, Form::value, {7}, 0).clamped);
    CHECK(take_arguments(kOn, Form::value, {-0.5F}, 0).clamped);
    CHECK_FALSE(take_arguments(kOn, Form::value, {0.5F}, 0).clamped);
    CHECK_FALSE(take_arguments(kLevel, Form::value, {7}, 0).clamped); // the table says that, see Console::set
}

TEST_CASE("seconds are taken behind what can fade, and nothing more") {
    CHECK(take_arguments(kLevel, Form::value, {-6, 2.5F}, 0).fade == 2.5);
    CHECK(take_arguments(kLevel, Form::value, {-6}, 0).fade < 0);
    CHECK(take_arguments(kLevel, Form::increment, {-6, 3}, -1).fade == 3.0);
    CHECK(says(complaint(kLevel, {-6, 1, 1}), "VALUE [SECONDS]"));
    CHECK(says(complaint(kLevel, {-6, -1}), "0 to 3600"));
    for (const auto* row : {&kOn, &kSlope, &kLookahead}) CHECK(says(complaint(*row, {row == &kSlope ? 12 : 1, 1}), "can't fade"));
    CHECK(says(complaint(kFile, {std::string("a.wav"), 1}), "nothing else"));
}

TEST_CASE("a toggle acts when a button is pressed, not when it is released") {
    CHECK(take_arguments(kOn, Form::toggle, {}, 1).value.number() == 0.0);
    CHECK(take_arguments(kOn, Form::toggle, {1.0F}, 0).value.number() == 1.0);
    CHECK_FALSE(take_arguments(kOn, Form::toggle, {1.0F}, 0).nothing);
    CHECK(take_arguments(kOn, Form::toggle, {0.0F}, 0).nothing);
    CHECK(take_arguments(kOn, Form::toggle, {false}, 0).nothing);
    CHECK(!complaint(kOn, {1, 1}, Form::toggle).empty());
    CHECK(!complaint(kOn, {std::string("soon")}, Form::toggle).empty());
    CHECK(!complaint(kLevel, {}, Form::toggle).empty());
}

TEST_CASE("files stay below the config's folder") {
    CHECK(complaint(kFile, {std::string("takes/a.wav")}).empty());
    CHECK(says(complaint(kFile, {std::string("/etc/passwd")}), "no leading /"));
    CHECK(says(complaint(kFile, {std::string("../a.wav")}), "no .."));
    CHECK(!complaint(kFile, {1}).empty());
}
