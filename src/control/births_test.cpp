// SPDX-License-Identifier: GPL-3.0-or-later
// A source that comes into a desk that plays: nothing behind it, however late, lets a step out.
#include "control/test_desk.hpp"
#include "files/audio_file.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numbers>

using namespace ton::test;

namespace {

constexpr double kTone = 300, kPeak = 0.1258925; // Hz; -18 dBFS

std::string desk_of(const std::string& behind) {
    const auto strip = behind.empty() ? "" : fmt::format(R"("new": {{ "channels": 1, "chain": [ {{ "tone": {{ "frequency": {}, "level": -18 }} }}, {} ], "to": "mix" }},)", kTone, behind);
    return fmt::format(R"({{ "version": 1, "strips": {{ {} "mix": {{ "channels": 1 }} }} }})", strip);
}

/// The mix after the strip has come at an odd sample.
std::vector<float> mix_with(const std::string& behind, const std::string& then = "") {
    TestDesk desk(desk_of(""), {.lane_width = 0, .inputs = {}, .outputs = {"mix"}});
    desk.play(3331, {});
    desk.reload(desk_of(behind));
    if (!then.empty()) desk.set(then, 0);
    return desk.play(48000, {}).at("mix")[0];
}

} // namespace

TEST_CASE("a new source fades in where a delay stands behind it, too") {
    // (f g)'' of a sine f and a fade g of 10 ms at least: f'' + 2 f' g' + f g'', with g' at most 1.5 and g'' at most 6 by its length.
    const double w = 2 * std::numbers::pi * kTone / 48000;
    const double most = kPeak * (w * w + 2 * w * 1.5 / 480 + 6.0 / (480 * 480));
    for (const auto* behind : {R"({ "gain": {} })", R"({ "limiter": { "lookahead": 5 } })", R"({ "delay": { "time": 8 } })",
                               R"({ "delay": { "time": 380 } })", R"({ "limiter": {} }, { "delay": { "time": 30 } }, { "eq": {} })",
                               R"({ "compressor": { "lookahead": 10, "threshold": 0 } })"}) {
        CAPTURE(behind);
        const auto mix = mix_with(behind);
        double step = 0;
        for (std::size_t i = 2; i < mix.size(); ++i) step = std::max(step, std::abs(static_cast<double>(mix[i]) - 2.0 * mix[i - 1] + mix[i - 2]));
        CHECK(step <= most * 1.01);
        CHECK(*std::max_element(mix.end() - 480, mix.end()) == doctest::Approx(kPeak).epsilon(0.01));
    }
}

TEST_CASE("a new source that is switched off before it is heard stays silent") {
    const auto mix = mix_with(R"({ "gain": {} })", "/new/tone/on");
    CHECK(*std::max_element(mix.begin() + 4800, mix.end()) == 0.0F);
}

namespace {

/// A file of 0.5 all along, gone after the test.
struct Level {
    std::string name = (std::filesystem::temp_directory_path() / fmt::format("ton-births-{}.wav", ::getpid())).string();
    Level() {
        const std::vector<float> half(96000, 0.5F);
        auto writer = ton::files::Writer::open(name, {.rate = 48000, .channels = 1, .format = ton::files::SampleFormat::float32});
        REQUIRE(writer.has_value());
        const float* planes[] = {half.data()};
        REQUIRE(writer->write(planes, 96000).has_value());
        REQUIRE(writer->close().has_value());
    }
    ~Level() { std::filesystem::remove(name); }
    std::string desk(bool play, const std::string& behind, bool there = true) const {
        const auto strip = fmt::format(R"("new": {{ "channels": 1, "chain": [ {{ "player": {{ "file": "{}", "play": {} }} }}, {} ], "to": "mix" }},)", name, play, behind);
        return fmt::format(R"({{ "version": 1, "strips": {{ {} "mix": {{ "channels": 1 }} }} }})", there ? strip : "");
    }
};

double steepest(const std::vector<float>& x) {
    double most = 0;
    for (std::size_t i = 1; i < x.size(); ++i) most = std::max(most, std::abs(static_cast<double>(x[i]) - static_cast<double>(x[i - 1])));
    return most;
}

const TestDesk::Options kMix{.lane_width = 0, .inputs = {}, .outputs = {"mix"}};

} // namespace

TEST_CASE("a new player fades in where a delay stands behind it, too") {
    const Level file;
    for (const std::string behind : {R"({ "gain": {} })", R"({ "delay": { "time": 8 } })", R"({ "delay": { "time": 380 } })", R"({ "compressor": { "lookahead": 10, "threshold": 0 } })"})
        for (const int block : {1, 64, 8192}) {
            CAPTURE(behind);
            TestDesk desk(file.desk(true, behind, false), kMix);
            desk.play(3331, {}, block);
            desk.reload(file.desk(true, behind));
            const auto mix = desk.play(48000, {}, block).at("mix")[0];
            CHECK(steepest(mix) < 0.5 * (1.5 / 240 + 1.5 / 480)); // the player's 5 ms and the edge's 10
            CHECK(mix.back() == 0.5F);
        }
}

TEST_CASE("a player begins with its file's own step where it was there before, or is started by hand") {
    const Level file;
    const char* delay = R"({ "delay": { "time": 10 } })";
    const auto at_once = TestDesk(file.desk(true, delay), kMix).play(4800, {}).at("mix")[0];
    for (std::size_t i = 0; i < 4800; ++i) CHECK(at_once[i] == (i < 480 ? 0.0F : 0.5F));
    TestDesk desk(file.desk(false, delay, false), kMix);
    desk.play(3331, {});
    desk.reload(file.desk(false, delay));
    desk.play(4800, {});
    desk.set("/new/player/play", 1);
    const auto by_hand = desk.play(4800, {}).at("mix")[0];
    CHECK(steepest(by_hand) == 0.5);
    CHECK(by_hand.back() == 0.5F);
}

TEST_CASE("a player that comes in elsewhere in its file is at its beginning at once when that is asked for") {
    const Level file;
    auto text = file.desk(true, R"({ "gain": {} })");
    text.insert(text.find(R"("play":)"), R"("position": 0.5, )");
    TestDesk desk(file.desk(false, "", false), kMix);
    desk.play(3331, {});
    desk.reload(text);
    CHECK(steepest(desk.play(48000, {}).at("mix")[0]) < 0.5 * (1.5 / 240 + 1.5 / 480));
    desk.set("/new/player/position", 0);
    CHECK(steepest(desk.play(4800, {}).at("mix")[0]) == 0.5);
}
