// SPDX-License-Identifier: GPL-3.0-or-later
// The report's figures, its JSON and the detectors that table H has no row for.
#include "app/measure/test_support.hpp"

#include <limits>
#include <nlohmann/json.hpp>

using namespace ton::app;
using namespace ton::app::test;

TEST_CASE("a tone's figures are its closed forms") {
    const auto x = tone(20.0, 1000.0, -23.0); // EBU Tech 3341 case 1, exact -22.9933
    const auto report = measured({x, x});
    CHECK(report.sample_rate == rate);
    CHECK(report.channels == 2);
    CHECK(within(report.duration, 20.0, 1e-9));
    CHECK(within(*report.integrated, -22.9933, 0.002));
    CHECK(within(*report.momentary_max, -22.9933, 0.01));
    CHECK(within(*report.shortterm_max, -22.9933, 0.01));
    CHECK(within(*report.range, 0.0, 0.02));
    CHECK(within(*report.true_peak, -23.0, 0.02));
    CHECK(within(*report.sample_peak, -23.0, 0.001));
    CHECK(within(*report.plr, 0.0, 0.03));
    CHECK(within(*report.noise_floor, -22.9933, 0.01));
    CHECK(within(*report.correlation, 1.0, 1e-9));
    CHECK(report.worst() == Severity::info);
    CHECK(findings(report, "dual_mono").size() == 1);
}

TEST_CASE("the JSON has the contract's keys, and null for what silence has not") {
    const auto json = to_json(measured({Signal(frames(1.0), 0.0F), Signal(frames(1.0), 0.0F)}));
    for (const char* key :
         {"file", "sample_rate", "channels", "duration", "integrated", "range", "momentary_max",
          "shortterm_max", "true_peak", "sample_peak", "verdict", "findings"}) {
        CAPTURE(key);
        CHECK(json.contains(key));
    }
    for (const char* key : {"integrated", "range", "momentary_max", "shortterm_max", "true_peak",
                            "sample_peak", "plr", "noise_floor", "correlation"}) {
        CAPTURE(key);
        CHECK(json[key].is_null());
    }
    CHECK(json["verdict"] == "pass"); // 1 s of digital silence is no programme, but no error either
    const auto text = json.dump();
    for (const char* word : {":inf", ":-inf", ":nan", "infinity"})
        CHECK(text.find(word) == std::string::npos);

    auto x = tone(4.0, 997.0, 0.0);
    const auto loud = to_json(measured({x, x}));
    CHECK(loud["verdict"] == "fail");
    CHECK(loud["findings"][0].size() == 6);
    for (const char* key : {"what", "severity", "time", "value", "unit", "text"})
        CHECK(loud["findings"][0].contains(key));
    CHECK(to_text(measured({x, x})).find("verdict                     fail\n") != std::string::npos);
}

TEST_CASE("the true peak is judged with R 128's tolerance, and found at the very end of a file") {
    const auto severity = [](double level) {
        const auto found = findings(measured({tone(4.0, 997.0, level)}), "true_peak");
        return found.empty() ? Severity::info : found[0].severity;
    };
    CHECK(severity(-1.1) == Severity::info);
    CHECK(severity(-0.8) == Severity::warn);
    CHECK(severity(-0.6) == Severity::fail);
    MeasureOptions strict;
    strict.true_peak_max = -9.0;
    CHECK(findings(measured({tone(4.0, 997.0, -6.0)}, strict), "true_peak").size() == 1);

    Signal end(frames(2.0), 0.0F);
    end.back() = 0.5F;
    CHECK(within(*measured({end}).sample_peak, -6.0206, 1e-3));
    end[end.size() - 2] = 0.5F; // between two equal samples the sinc passes above them
    CHECK(*measured({end}).true_peak > -4.5);
}

TEST_CASE("a target is judged where one is given") {
    const auto x = tone(10.0, 1000.0, -23.0);
    MeasureOptions options;
    options.target = -23.0;
    CHECK(findings(measured({x, x}, options), "loudness").empty());
    options.target = -16.0;
    const auto found = findings(measured({x, x}, options), "loudness");
    REQUIRE(found.size() == 1);
    CHECK(found[0].severity == Severity::fail);
    CHECK(found[0].text == "7.0 LU too quiet for -16.0 LUFS");
}

TEST_CASE("digital silence within a programme, and at its ends") {
    auto x = tone(2.0, 440.5, -20.0);
    append(x, Signal(frames(0.3), 0.0F));
    append(x, tone(2.0, 440.5, -20.0));
    const auto inside = findings(measured({x}), "digital_silence");
    REQUIRE(inside.size() == 1);
    CHECK(inside[0].severity == Severity::warn);
    CHECK(within(*inside[0].time, 2.0, 0.001));
    CHECK(within(*inside[0].value, 0.3, 0.001));
    append(x, Signal(frames(0.5), 0.0F));
    const auto both = findings(measured({x}), "digital_silence");
    REQUIRE(both.size() == 2);
    CHECK(both[1].severity == Severity::info);
}

TEST_CASE("a dropout is a hole of less than 50 ms") {
    const auto with_hole = [](double seconds) {
        auto x = pink(4.0, -20.0, 1);
        std::fill_n(x.begin() + 96000, frames(seconds), 0.0F);
        return findings(measured({x, x}), "dropout");
    };
    REQUIRE(with_hole(0.02).size() == 1);
    CHECK(*with_hole(0.02)[0].value == 1.0);
    CHECK(within(*with_hole(0.02)[0].time, 2.0, 0.05));
    CHECK(with_hole(0.0).empty());
    CHECK(with_hole(0.1).empty());
    CHECK(findings(measured({tone(4.0, 25.0, -10.0)}), "dropout")
              .empty()); // a low tone's zero crossings are none
}

TEST_CASE("imbalance lasts 10 s and more than 6 LU") {
    const auto left = pink(20.0, -20.0, 1), right = pink(20.0, -20.0, 2);
    CHECK(findings(measured({left, scaled(right, 0.6F)}), "imbalance").empty());      // 4.4 dB
    const auto uneven = findings(measured({scaled(left, 0.4F), right}), "imbalance"); // 8 dB
    REQUIRE(uneven.size() == 1);
    CHECK(uneven[0].severity == Severity::warn);
    CHECK(uneven[0].text.find("right") != std::string::npos);
    const auto some = pink(8.0, -20.0, 3); // not long enough
    CHECK(findings(measured({some, scaled(some, 0.4F)}), "imbalance").empty());
}

TEST_CASE("a brick wall at 16 kHz is told") {
    auto full = white(5.0, -20.0, 1);
    CHECK_FALSE(measured({full}).bandwidth.has_value());
    constexpr int taps = 401, middle = taps / 2; // windowed sinc, cut 16 kHz, Blackman
    std::vector<double> low;
    for (int i = 0; i < taps; ++i) {
        const double t = i - middle, cut = 2.0 * 16000.0 / rate,
                     turn = 2.0 * std::numbers::pi * i / (taps - 1);
        const double sinc = i == middle ? cut : std::sin(std::numbers::pi * cut * t) / (std::numbers::pi * t);
        low.push_back(sinc * (0.42 - 0.5 * std::cos(turn) + 0.08 * std::cos(2.0 * turn)));
    }
    Signal cut(full.size(), 0.0F);
    for (std::size_t n = taps; n < full.size(); ++n) {
        double sum = 0.0;
        for (std::size_t i = 0; i < taps; ++i) sum += low[i] * static_cast<double>(full[n - i]);
        cut[n] = static_cast<float>(sum);
    }
    const auto report = measured({cut, cut});
    REQUIRE(report.bandwidth.has_value());
    CHECK(within(*report.bandwidth, 16000.0, 300.0));
    CHECK(findings(report, "bandwidth")[0].severity == Severity::info);
}

TEST_CASE("noise in the pauses is told, a dense mix is none") {
    auto x = pink(20.0, -45.0, 1);
    add(x, tone(12.0, 440.0, -15.0));
    const auto report = measured({x, x});
    REQUIRE(findings(report, "noise_floor").size() == 1);
    CHECK(within(*report.noise_floor, *findings(report, "noise_floor")[0].value, 1e-9));
    CHECK(findings(measured({pink(20.0, -20.0, 1)}), "noise_floor").empty());
    auto clean = pink(20.0, -65.0, 1);
    add(clean, tone(12.0, 440.0, -15.0));
    CHECK(findings(measured({clean, clean}), "noise_floor").empty());
}

TEST_CASE("what isn't a number fails, is counted and spoils nothing else") {
    auto x = tone(10.0, 1000.0, -23.0);
    const auto whole = measured({x, x});
    x[frames(5.0)] = std::numeric_limits<float>::quiet_NaN();
    x[frames(5.0) + 1] = std::numeric_limits<float>::infinity();
    const auto report = measured({tone(10.0, 1000.0, -23.0), x});
    const auto found = findings(report, "not_a_number");
    REQUIRE(found.size() == 1);
    CHECK(found[0].severity == Severity::fail);
    CHECK(*found[0].value == 2.0);
    CHECK(within(*found[0].time, 5.0, 0.001));
    CHECK(within(*report.integrated, *whole.integrated, 0.01));
}

TEST_CASE("odd rates, one channel, six channels and an empty file") {
    const auto x = tone(4.0, 1000.0, -20.0);
    for (const int odd : {8000, 44100, 69313, 192000}) {
        const auto report = measured({x}, {}, odd);
        CHECK(within(report.duration, 4.0 * rate / odd, 1e-4));
        CHECK(report.integrated.has_value());
    }
    const auto six = measured({x, x, x, Signal(x.size(), 0.0F), x, x});
    CHECK(findings(six, "silent_channel").empty());
    CHECK(six.channels == 6);
    const auto empty = measured({Signal()});
    CHECK(empty.duration == 0.0);
    CHECK_FALSE(empty.integrated.has_value());
}
