// SPDX-License-Identifier: GPL-3.0-or-later
// Settings that make a new plan, or that a module is told as text, take effect when their time has come, whoever drives the
// engine and in whatever blocks.
#include "control/test_desk.hpp"
#include "files/audio_file.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>

using namespace ton;
using namespace ton::test;

namespace {

const std::string kCompressor = R"({ "version": 1, "strips": { "x": { "channels": 1, "chain": [ { "compressor": { "ratio": 1 } }, { "fader": {} } ] } } })";

/// The desk as the daemon drives it: blocks that know of nothing, and a control thread that looks in between.
struct Live {
    TestDesk& desk;
    std::vector<float> heard;

    void play(int frames, int block, int tick = 480) {
        auto& console = desk.console();
        int next_tick = 0;
        for (int done = 0; done < frames; done += block) {
            if (done >= next_tick) console.poll(), next_tick += tick;
            std::vector<float> in(static_cast<std::size_t>(block), 1.0F), out(in.size());
            const float* const inputs[] = {in.data()};
            float* const outputs[] = {out.data()};
            desk.engine().process({inputs, outputs, block});
            heard.insert(heard.end(), out.begin(), out.end());
        }
    }
    void set(const char* address, control::Value value, std::int64_t time) {
        REQUIRE(desk.console().set(*desk.console().find(address), value, -1, time).error.empty());
    }
};

double smooth(double t) {
    t = std::clamp(t, 0.0, 1.0);
    return t * t * (3 - 2 * t);
}

class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "tonmeister-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()));
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }
    /// A file in which channel c is always `level` * (c + 1).
    std::string write(const std::string& name, int channels, float level) const {
        auto writer = files::Writer::open((path / name).string(), {.rate = 48000, .channels = channels, .format = *files::sample_format_named("32f"),
                                                                   .dither = files::Dither::none});
        REQUIRE(writer);
        std::vector<std::vector<float>> memory;
        std::vector<const float*> planes;
        for (int c = 0; c < channels; ++c) memory.emplace_back(48000, level * static_cast<float>(c + 1));
        for (const auto& plane : memory) planes.push_back(plane.data());
        REQUIRE(writer->write(planes.data(), 48000));
        REQUIRE(writer->close());
        return (path / name).string();
    }
    std::filesystem::path path;
};

} // namespace

TEST_CASE("a structural setting with a time begins on its sample, in blocks of any size") {
    for (const int block : {7, 64, 1000}) {
        CAPTURE(block);
        TestDesk desk(kCompressor, {.lane_width = 0, .inputs = {{"x", 1}}, .outputs = {"x"}});
        Live live{desk, {}};
        live.play(7000, block);
        const auto begin = static_cast<std::int64_t>(live.heard.size()) + 4803; // 100 ms ahead, as the OSC view sends it
        live.set("/x/compressor/lookahead", {2.0}, begin);
        live.play(14000, block);
        // From that sample on the strip's input and its output fade; then both come up, the output when the look-ahead is full.
        const auto fade = [](std::int64_t frames) { return smooth(static_cast<double>(frames) / 480); };
        for (auto i = std::int64_t{6000}; i < begin + 1400; ++i) {
            const auto out = i < begin + 480 ? 1 - fade(i - begin) : fade(i - begin - 480 - 96);
            REQUIRE(static_cast<double>(live.heard[static_cast<std::size_t>(i)]) == doctest::Approx(out * out).epsilon(1e-5));
        }
        CHECK(desk.latency("x") == 96);
        CHECK(live.heard.back() == 1.0F);
    }
}

TEST_CASE("a setting that comes between a timed edit's sending and its sample is heard in the new plan, too") {
    TestDesk desk(kCompressor, {.lane_width = 0, .inputs = {{"x", 1}}, .outputs = {"x"}});
    Live live{desk, {}};
    live.play(6400, 64);
    live.set("/x/compressor/lookahead", {2.0}, 6400 + 1000); // near enough to be sent at once
    CHECK_FALSE(desk.console().ready());
    live.play(256, 64);
    live.set("/x/compressor/makeup", {-20.0}, engine::Command::kNow); // the module with look-ahead is a new one, made before this
    live.play(12800, 64);
    CHECK(live.heard.back() == doctest::Approx(0.1).epsilon(1e-4));
}

TEST_CASE("timed edits that follow each other closely both arrive, the later one when the first is over") {
    TestDesk desk(kCompressor, {.lane_width = 0, .inputs = {{"x", 1}}, .outputs = {"x"}});
    Live live{desk, {}};
    live.play(6400, 64);
    live.set("/x/compressor/lookahead", {2.0}, 9000);
    live.set("/x/compressor/lookahead", {5.0}, 9100);
    live.play(2560, 64);
    CHECK(desk.latency("x") == 96); // compiled, and on its way
    live.play(6400, 64);
    CHECK(desk.latency("x") == 240);
}

TEST_CASE("a module's text with a time is told to it when that has come") {
    const Folder folder;
    const auto first = folder.write("first.wav", 1, 0.25F), second = folder.write("second.wav", 1, 0.5F);
    const auto json = fmt::format(R"({{ "version": 1, "strips": {{ "x": {{ "chain": [ {{ "player": {{ "file": "{}", "loop": true }} }} ] }} }} }})", first);
    TestDesk desk(json, {.lane_width = 0, .inputs = {}, .outputs = {"x"}});
    CHECK(desk.play(4800, {}).at("x")[0].back() == 0.25F);
    const auto& console = desk.console();
    REQUIRE(desk.console().set(*console.find("/x/player/file"), {second}, -1, 4800 + 4800).error.empty());
    const auto waiting = desk.play(4800, {}).at("x")[0];
    CHECK(std::ranges::all_of(waiting, [](float x) { return x == 0.25F; }));
    desk.play(4800, {});
    CHECK(desk.play(4800, {}).at("x")[0].back() == 0.5F);
    CHECK(std::get<std::string>(console.get(*console.find("/x/player/file")).data) == second);
}

TEST_CASE("a player's file with other channels makes its strip as wide, or is refused with the reason") {
    const Folder folder;
    const auto mono = folder.write("mono.wav", 1, 0.25F), stereo = folder.write("stereo.wav", 2, 0.125F), quad = folder.write("quad.wav", 4, 0.1F);
    const auto json = fmt::format(R"({{ "version": 1, "strips": {{ "x": {{ "chain": [ {{ "player": {{ "file": "{}", "loop": true }} }} ], "to": "mix" }},
                                      "mix": {{ "channels": 2 }} }} }})", mono);
    TestDesk desk(json, {.lane_width = 0, .inputs = {}, .outputs = {"mix"}});
    desk.play(4800, {});
    const auto file = [&](const std::string& name) { return desk.console().set(*desk.console().find("/x/player/file"), {name}).error; };
    CHECK(file(stereo).empty());
    desk.play(9600, {});
    const auto out = desk.play(480, {}).at("mix");
    CHECK(out[0].back() == 0.125F); // as a stereo strip, not panned from mono
    CHECK(out[1].back() == 0.25F);
    CHECK(file(quad).find("4 channels") != std::string::npos);
    CHECK(file((folder.path / "nowhere.wav").string()).find("nowhere.wav") != std::string::npos);
    desk.play(4800, {});
    CHECK(desk.play(480, {}).at("mix")[1].back() == 0.25F); // what played goes on
    CHECK(file(mono).empty());
    desk.play(9600, {});
    CHECK(desk.play(480, {}).at("mix")[1].back() == doctest::Approx(0.25 * std::sqrt(0.5)));
}

TEST_CASE("several structural settings together: one that can't be is told, the others are done") {
    const Folder folder;
    const auto mono = folder.write("mono.wav", 1, 0.25F), quad = folder.write("quad.wav", 4, 0.1F);
    const auto json = fmt::format(R"({{ "version": 1, "strips": {{ "x": {{ "chain": [ {{ "player": {{ "file": "{}" }} }}, {{ "compressor": {{ "ratio": 1 }} }} ], "to": "mix" }},
                                      "mix": {{ "channels": 2 }} }} }})", mono);
    TestDesk desk(json, {.lane_width = 0, .inputs = {}, .outputs = {"mix"}});
    desk.play(4800, {});
    auto& console = desk.console();
    console.begin();
    CHECK(console.set(*console.find("/x/player/file"), {quad}).error.empty()); // not yet known
    CHECK(console.set(*console.find("/x/compressor/lookahead"), {5.0}).error.empty());
    console.commit();
    desk.play(4800, {});
    const auto refused = console.take_refusals();
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].address == "/x/player/file");
    CHECK(refused[0].reason.find("4 channels") != std::string::npos);
    CHECK(desk.latency("x") == 240);
}

TEST_CASE("a rebuild for another rate that fails leaves the desk as it was, and it can go on") {
    const Folder folder;
    const auto file = folder.write("a.wav", 1, 0.25F);
    const auto json = fmt::format(R"({{ "version": 1, "strips": {{ "x": {{ "chain": [ {{ "player": {{ "file": "{}", "loop": true }} }}, {{ "compressor": {{ "ratio": 1 }} }}, {{ "fader": {{}} }} ] }} }} }})", file);
    TestDesk desk(json, {.lane_width = 0, .inputs = {}, .outputs = {"x"}});
    desk.play(4800, {});
    std::filesystem::remove(file);
    CHECK_FALSE(desk.console().rebuild(44100).empty());
    CHECK(desk.console().sample_rate() == 48000);
    desk.set("/x/fader/level", -20);
    CHECK(desk.play(9600, {}).at("x")[0].back() == doctest::Approx(0.025).epsilon(1e-4));
    folder.write("a.wav", 1, 0.25F);
    CHECK(desk.console().rebuild(44100).empty());
    CHECK(desk.console().sample_rate() == 44100);
}

TEST_CASE("a NaN is reported once, at the strip where it came in") {
    TestDesk desk(R"({ "version": 1, "strips": { "a": { "channels": 1, "to": "mix" }, "b": { "channels": 1, "to": "mix" }, "mix": { "channels": 1 } } })",
                  {.lane_width = 0, .inputs = {{"a", 1}, {"b", 1}}, .outputs = {"mix"}});
    Planes bad(1, std::vector<float>(480, 0.1F)), good = bad;
    desk.play(480, {{"a", good}, {"b", good}});
    CHECK(desk.console().take_reports().empty());
    bad[0][100] = std::numeric_limits<float>::quiet_NaN();
    desk.play(480, {{"a", good}, {"b", bad}});
    const auto reports = desk.console().take_reports();
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].first == "/b");
    CHECK(reports[0].second.find("NaN") != std::string::npos);
    desk.play(480, {{"a", good}, {"b", good}});
    CHECK(desk.console().take_reports().empty());
}

TEST_CASE("edits at odd block sizes give the same bits") {
    const auto with = [](const char* strips) { return fmt::format(R"({{ "version": 1, "strips": {{ "a": {{ "channels": 1, "chain": [ {{ "highpass": {{}} }} ], "to": "mix" }}, {} "mix": {{ "channels": 1 }} }} }})", strips); };
    Planes noise(1);
    for (int i = 0; i < 9000; ++i) noise[0].push_back(static_cast<float>((i * 7919) % 256 - 128) / 1024.0F);
    const auto run = [&](int block) {
        TestDesk desk(with(""), {.lane_width = 0, .inputs = {{"a", 1}, {"b", 1}}, .outputs = {"mix"}});
        std::vector<float> all;
        for (const char* strips : {"", R"("b": { "channels": 1, "to": "mix" },)", R"("b": { "channels": 1, "chain": [ { "compressor": { "lookahead": 3 } } ], "to": "mix" },)", ""}) {
            desk.reload(with(strips));
            const auto out = desk.play(2000, {{"a", noise}, {"b", noise}}, block).at("mix")[0];
            all.insert(all.end(), out.begin(), out.end());
        }
        return all;
    };
    const auto reference = run(64);
    for (const int block : {1, 7, 13, 441, 1000, 8192}) CHECK(run(block) == reference);
}

TEST_CASE("a setting whose time has come meanwhile does not pull the tree from under a hand") {
    TestDesk desk(kCompressor, {.lane_width = 0, .inputs = {{"x", 1}}, .outputs = {"x"}});
    Live live{desk, {}};
    live.play(6400, 64);
    live.set("/x/compressor/lookahead", {2.0}, 6400 + 2000); // too far ahead to be sent
    live.play(2560, 64, 1 << 20);                            // and nobody looks until it is late
    std::vector<std::string> told;
    desk.console().on_change = [&](const control::Control& control, const control::Value&) { told.push_back(control.address); };
    live.set("/x/solo", {1.0}, engine::Command::kNow);
    live.set("/x/mute", {1.0}, engine::Command::kNow);
    desk.console().on_change = {};
    CHECK(told == std::vector<std::string>{"/x/solo", "/x/mute"});
    live.play(2560, 64);
    CHECK(desk.latency("x") == 96);
}
