// SPDX-License-Identifier: GPL-3.0-or-later
// Acceptance table H: QC-1 to QC-7, each stimulus synthesised here, and each with a neighbour that must stay
// silent.
#include "app/measure/test_support.hpp"

using namespace ton::app;
using namespace ton::app::test;

TEST_CASE("QC-1: 3.1 s at -65 dBFS within a programme is one silence, where it is") {
    auto x = tone(5.0, 440.0, -20.0);
    append(x, tone(3.1, 440.0, -65.0));
    append(x, tone(5.0, 440.0, -20.0));
    const auto silences = findings(measured({x, x}), "silence");
    REQUIRE(silences.size() == 1);
    CHECK(silences[0].severity == Severity::warn);
    CHECK(within(*silences[0].time, 5.0, 0.05));
    CHECK(within(*silences[0].value, 3.1, 0.05));

    auto shorter = tone(5.0, 440.0, -20.0);
    append(shorter, tone(2.8, 440.0, -65.0));
    append(shorter, tone(5.0, 440.0, -50.0)); // quiet, but there
    CHECK(findings(measured({shorter, shorter}), "silence").empty());
    auto longer = tone(2.0, 440.0, -20.0);
    append(longer, tone(10.5, 440.0, -65.0));
    const auto dead = findings(measured({longer, longer}), "silence");
    REQUIRE(dead.size() == 1);
    CHECK(dead[0].severity == Severity::fail);

    const auto one = measured({tone(12.0, 440.0, -20.0), tone(12.0, 440.0, -80.0)});
    CHECK(findings(one, "silence").empty());
    REQUIRE(findings(one, "silent_channel").size() == 1);
    CHECK(findings(one, "silent_channel")[0].text.find("channel 2") == 0);
}

TEST_CASE("QC-2: four samples at full scale are one clip") {
    for (const auto& [length, expected] : {std::pair{4, 1}, {3, 1}, {2, 0}}) {
        CAPTURE(length);
        auto x = tone(3.0, 997.0, -20.0);
        std::fill_n(x.begin() + 48000, length, -1.0F);
        const auto report = measured({x, tone(3.0, 997.0, -20.0)});
        CHECK(report.clip_events == expected);
        const auto clips = findings(report, "clipping");
        REQUIRE(clips.size() == static_cast<std::size_t>(expected));
        if (expected == 1) {
            CHECK(clips[0].severity == Severity::warn);
            CHECK(within(*clips[0].time, 1.0, 1e-9));
        }
    }
    auto driven = tone(3.0, 997.0, 6.0);
    for (float& sample : driven) sample = std::clamp(sample, -1.0F, 1.0F);
    const auto report = measured({driven});
    CHECK(std::abs(report.clip_events - 2 * 997 * 3) <= 2);
    CHECK(findings(report, "clipping")[0].severity == Severity::fail);
}

TEST_CASE("QC-3: an inverted channel is alarmed within 3 s") {
    const auto x = pink(6.0, -20.0, 1);
    const auto report = measured({x, scaled(x, -1.0F)});
    const auto phases = findings(report, "phase");
    REQUIRE(phases.size() == 1);
    CHECK(phases[0].severity == Severity::fail);
    CHECK(*phases[0].time <= 3.0);
    CHECK(within(*report.correlation, -1.0, 1e-6));
    CHECK(findings(report, "mono_compatibility").size() == 1);
    CHECK_FALSE(findings(report, "mono_compatibility")[0].value.has_value());

    const auto y = pink(6.0, -20.0, 2);
    auto doubtful = scaled(x, -1.0F);
    add(doubtful, y); // correlation -0.71
    const auto warned = findings(measured({x, doubtful}), "phase");
    REQUIRE(warned.size() == 1);
    CHECK(warned[0].severity == Severity::warn);
    const auto wide = measured({x, y});
    CHECK(findings(wide, "phase").empty());
    CHECK(within(*wide.correlation, 0.0, 0.05));
    CHECK(findings(wide, "mono_compatibility").empty());
}

TEST_CASE("QC-4: DC of 0.5 % is warned about with its value") {
    const auto with_dc = [](float dc) {
        auto x = tone(11.0, 440.0, -20.0);
        for (float& sample : x) sample += dc;
        return measured({tone(11.0, 440.0, -20.0), x});
    };
    const auto warned = findings(with_dc(-0.005F), "dc_offset");
    REQUIRE(warned.size() == 1);
    CHECK(warned[0].severity == Severity::warn);
    CHECK(within(*warned[0].value, -0.5, 0.01));
    CHECK(within(with_dc(-0.005F).dc_offset, -0.5, 0.01));
    CHECK(warned[0].text.find("channel 2") == 0);
    CHECK(findings(with_dc(0.015F), "dc_offset")[0].severity == Severity::fail);
    CHECK(findings(with_dc(0.0008F), "dc_offset").empty());
}

TEST_CASE("QC-5: hum of 50 and of 60 Hz at -55 dBFS under pink noise at -50 dBFS") {
    for (const double mains : {50.0, 60.0}) {
        CAPTURE(mains);
        auto left = pink(15.0, -50.0, 3), right = pink(15.0, -50.0, 4);
        CHECK(findings(measured({left, right}), "hum").empty());
        add(left, tone(15.0, mains, -55.0));
        add(right, tone(15.0, mains, -55.0));
        const auto hums = findings(measured({left, right}), "hum");
        REQUIRE(hums.size() == 1);
        CHECK(hums[0].text.find(mains == 50.0 ? "50 Hz" : "60 Hz") != std::string::npos);
        CHECK(within(*hums[0].value, -55.0, 1.0));
    }
    auto rectified = pink(15.0, -50.0, 5); // harmonics without the fundamental, as from a rectifier
    add(rectified, tone(15.0, 100.0, -55.0));
    add(rectified, tone(15.0, 150.0, -55.0));
    CHECK(findings(measured({rectified}), "hum").size() == 1);
    auto loud = pink(15.0, -20.0, 6); // no quiet passage: nothing can be said
    add(loud, tone(15.0, 50.0, -20.0));
    CHECK(findings(measured({loud}), "hum").empty());
}

TEST_CASE("QC-6: one sample at -6 dBFS in a tone at -20 is one click") {
    auto x = tone(5.0, 1000.0, -20.0);
    CHECK(findings(measured({x, x}), "clicks").empty());
    x[frames(2.5)] += 0.5F;
    const auto clicks = findings(measured({x, tone(5.0, 1000.0, -20.0)}), "clicks");
    REQUIRE(clicks.size() == 1);
    CHECK(*clicks[0].value == 1.0);
    CHECK(clicks[0].severity == Severity::info);
    CHECK(within(*clicks[0].time, 2.5, 0.001));
    for (int i = 1; i < 4; ++i) x[frames(2.5 + 0.5 * i)] -= 0.4F;
    const auto more = findings(measured({x, x}), "clicks"); // in both channels at once: counted once
    REQUIRE(more.size() == 1);
    CHECK(*more[0].value == 4.0);
    CHECK(more[0].severity == Severity::warn);
    x = tone(5.0, 1000.0, -20.0); // a burst of 20 ms isn't a click
    add(x, white(0.02, -10.0, 1), frames(2.5));
    CHECK(findings(measured({x}), "clicks").empty());
}

namespace {

/// One syllable (a sum of harmonics and breath under a half sine) or one plucked note with a soft end.
Signal sound(bool speech, double length, double pitch, std::mt19937& random) {
    std::uniform_real_distribution<double> unit(-0.5, 0.5);
    Signal x(frames(length));
    double breath = 0.0;
    for (std::size_t n = 0; n < x.size(); ++n) {
        const double s = static_cast<double>(n) / rate, left = length - s;
        const double envelope = speech ? std::sin(std::numbers::pi * s / length)
                                       : std::min({1.0, s * 100.0, left * 50.0}) * std::exp(-4.0 * s);
        breath += 0.2 * (unit(random) - breath);
        double value = speech ? 0.5 * breath : 0.0;
        for (int h = 1; h <= 4; ++h) value += std::sin(2.0 * std::numbers::pi * pitch * h * s) / (h * h);
        x[n] = static_cast<float>(0.17 * envelope * value);
    }
    return x;
}

/// Speech and music in turn, a minute each, over a quiet room.
Channels programme(double seconds) {
    std::mt19937 random(7);
    std::uniform_real_distribution<double> unit(0.0, 1.0);
    Signal left = pink(seconds, -62.0, 8), right = pink(seconds, -62.0, 9);
    for (double t = 0.5; t < seconds - 3.0;) {
        const bool speech = static_cast<int>(t / 60.0) % 2 == 0;
        const double length =
            speech ? 0.08 + 0.2 * unit(random) : 0.25 + 0.25 * std::floor(3.0 * unit(random));
        const double semitone = std::floor(36.0 * unit(random));
        const double pitch = speech ? 100.0 + 40.0 * unit(random) : 55.0 * std::pow(2.0, semitone / 12.0);
        const double place = speech ? 0.5 : unit(random);
        const Signal x = sound(speech, speech ? length : 1.8 * length, pitch, random);
        add(left, scaled(x, static_cast<float>(std::sqrt(1.0 - place))), frames(t));
        add(right, scaled(x, static_cast<float>(std::sqrt(place))), frames(t));
        t += length + (speech && unit(random) < 0.1 ? 0.8 : 0.02);
    }
    return {left, right};
}

} // namespace

TEST_CASE("QC-7: 20 minutes of clean speech and music raise no alarm, not even a warning") {
    const auto report = measured(programme(1200.0), {}, rate, SF_FORMAT_PCM_16);
    for (const auto& finding : report.findings) {
        CAPTURE(finding.text);
        CHECK(finding.severity == Severity::info);
    }
    CHECK(report.worst() == Severity::info);
    CHECK(within(*report.integrated, -22.0, 4.0)); // a real level, not a silence that raises no alarm either
}
