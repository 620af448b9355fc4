// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include "files/audio_file.hpp"
#include "files/disk_thread.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

using namespace ton;
using namespace ton::test;

namespace {
/// A folder that is gone after the test.
struct Folder {
    std::filesystem::path path;
    Folder() {
        auto name = (std::filesystem::temp_directory_path() / "ton-player-XXXXXX").string();
        path = mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string put(const char* name, const Planar& x, int rate = 48000) const {
        const auto file = (path / name).string();
        auto writer = files::Writer::open(
            file,
            {.rate = rate, .channels = static_cast<int>(x.size()), .format = files::SampleFormat::float32});
        REQUIRE(writer.has_value());
        std::vector<const float*> planes;
        for (const auto& p : x) planes.push_back(p.data());
        REQUIRE(writer->write(planes.data(), static_cast<std::int64_t>(x[0].size())).has_value());
        REQUIRE(writer->close().has_value());
        return file;
    }
};
std::vector<float> part(const std::vector<float>& x, std::size_t from, std::size_t to) {
    return {x.begin() + static_cast<std::ptrdiff_t>(from), x.begin() + static_cast<std::ptrdiff_t>(to)};
}
} // namespace

TEST_CASE("player adds the file's samples, exactly, from the first one on, and ends") {
    const Folder folder;
    const auto song = noise(2, 5000, -6);
    Rig rig("player", {.channels = 2});
    rig.text("file", folder.put("song.wav", song));
    const auto y = rig.run(silence(2, 8000));
    for (std::size_t c = 0; c < 2; ++c) {
        CHECK(part(y[c], 0, 5000) == song[c]);
        CHECK(peak(y[c], 5000) == 0.0);
    }
    CHECK(rig.readout("length") == doctest::Approx(5000.0 / 48000));
    CHECK(rig.readout("underruns") == 0.0F);
    const auto x = sine(2, 5000, 997, -12);
    Rig added("player", {.channels = 2});
    const auto z = added.text("file", folder.put("other.wav", song)).run(x);
    for (std::size_t i = 0; i < 5000; ++i) CHECK(z[0][i] == x[0][i] + song[0][i]);
}

TEST_CASE("player loops without a seam") {
    const Folder folder;
    const auto song = noise(1, 3000, -6);
    Rig rig("player");
    const auto y = rig.text("file", folder.put("song.wav", song)).set("loop", 1).run(silence(1, 12000))[0];
    for (std::size_t i = 0; i < y.size(); ++i) CHECK(y[i] == song[0][i % 3000]);
}

TEST_CASE("player starts on its sample, at any block size") {
    const Folder folder;
    const auto song = noise(1, 3000, -6);
    const auto file = folder.put("song.wav", song);
    for (const int block : {1, 7, 64, 441, 1000, 8192}) {
        Rig rig("player");
        const auto y =
            rig.text("file", file).set("play", 0).run(silence(1, 6000), block, {{1234, "play", 1.0F}})[0];
        CHECK(peak(part(y, 0, 1234)) == 0.0);
        CHECK(part(y, 1234, 1234 + 3000) == song[0]);
    }
}

TEST_CASE("player stops and goes on with short fades, and its place is kept") {
    const Folder folder;
    Rig rig("player");
    const Planar level{std::vector<float>(40000, 0.5F)};
    rig.text("file", folder.put("level.wav", level));
    const auto y = rig.run(silence(1, 20000), 64, {{5000, "play", 0.0F}, {10000, "play", 1.0F}})[0];
    CHECK(y[4999] == 0.5F);
    for (std::size_t i = 5001; i < 5240; ++i) CHECK(y[i] <= y[i - 1]);
    CHECK(peak(part(y, 5240, 10000)) == 0.0);
    for (std::size_t i = 10001; i < 10240; ++i) CHECK(y[i] >= y[i - 1]);
    CHECK(y[10240] == 0.5F);
    CHECK(rig.readout("playhead") == doctest::Approx((20000.0 - 5000) / 48000).epsilon(0.03));
}

TEST_CASE("player: play again after the end begins anew; a position is gone to each time it is set") {
    const Folder folder;
    const auto song = noise(1, 3000, -6);
    const auto file = folder.put("song.wav", song);
    Rig again("player"), rewound("player"), middle("player");
    const auto y =
        again.text("file", file).run(silence(1, 12000), 64, {{5000, "play", 0.0F}, {7000, "play", 1.0F}})[0];
    CHECK(part(y, 7000, 10000) == song[0]);
    // The value is 0 already: setting it rewinds all the same, after a fade of 240 frames.
    const auto z = rewound.text("file", file).run(silence(1, 12000), 64, {{1000, "position", 0.0F}})[0];
    CHECK(part(z, 0, 1000) == part(song[0], 0, 1000));
    const auto start =
        std::search(z.begin() + 1000, z.end(), song[0].begin(), song[0].begin() + 2000) - z.begin();
    CHECK(start >= 1238);
    CHECK(start <= 1242);
    middle.text("file", file).set("play", 0).set("position", 1500.0F / 48000);
    const auto m = middle.run(silence(1, 4000), 64, {{100, "play", 1.0F}})[0];
    CHECK(part(m, 400, 1600) == part(song[0], 1800, 3000)); // past the fade-in
}

TEST_CASE("player: stereo in a mono strip is 0.5 (L + R), mono fills a stereo strip") {
    const Folder folder;
    const auto song = noise(2, 1000, -6);
    Rig mono("player"), wide("player", {.channels = 2});
    const auto y = mono.text("file", folder.put("stereo.wav", song)).run(silence(1, 1000))[0];
    for (std::size_t i = 0; i < 1000; ++i) CHECK(y[i] == doctest::Approx(0.5F * (song[0][i] + song[1][i])));
    const auto z = wide.text("file", folder.put("mono.wav", {song[0]})).run(silence(2, 1000));
    CHECK(z[0] == song[0]);
    CHECK(z[1] == song[0]);
}

TEST_CASE("player: another file comes in while one plays, after a fade, and silence for none") {
    const Folder folder;
    const Planar first{std::vector<float>(20000, 0.5F)}, second{std::vector<float>(20000, -0.25F)};
    Rig rig("player");
    rig.text("file", folder.put("first.wav", first)).run(silence(1, 4000));
    auto& player = *rig.stage().processor();
    CHECK(player.set_text(0, folder.put("second.wav", second)).empty());
    const auto y = rig.run(silence(1, 4000))[0];
    CHECK(y[0] > 0.49F);
    for (std::size_t i = 1; i < 239; ++i) CHECK(y[i] <= y[i - 1]);
    CHECK(y[241] == -0.25F);
    CHECK_FALSE(player.set_text(0, (folder.path / "nothing.wav").string()).empty());
    CHECK(rig.run(silence(1, 1000))[0][500] == -0.25F); // an error changes nothing
    CHECK(player.set_text(0, "").empty());
    CHECK(peak(rig.run(silence(1, 1000))[0], 300) == 0.0);
    CHECK(player.take_report().empty());
}

TEST_CASE("player: a file that isn't there is told when the strip is built") {
    Rig rig("player");
    rig.text("file", "/nonexistent/song.wav");
    CHECK_THROWS(rig.stage());
}

TEST_CASE(
    "player: a long file streams from the disk thread, without an underrun, and is as wide as its file") {
    const Folder folder;
    const auto song = noise(2, 48000 * 40, -6);
    const auto file = folder.put("long.wav", song);
    Rig model("player", {.channels = 2});
    const auto& type = model.stage().type();
    std::vector<float> values;
    std::vector<std::string> texts(type.parameters.size());
    for (const auto& p : type.parameters) values.push_back(p.initial);
    texts[0] = file;
    const engine::Settings settings{type.parameters, values, texts};
    CHECK(type.source_channels(settings) == 2);
    files::DiskThread disk;
    engine::Setup setup{.channels_in = 2, .channels_out = 2};
    engine::Stage stage(type, setup, nullptr, type.make({setup, settings, &disk, true}));
    stage.set(0, values);
    stage.prime();
    engine::Scratch scratch(stage.ramps().sample_rows(),
                            stage.state_floats());
    std::vector<float> left(64), right(64);
    float* planes[2] = {left.data(), right.data()};
    bool same = true;
    for (std::size_t at = 0; at + 64 <= song[0].size(); at += 64) {
        if (at % 4096 == 0) disk.run_once();
        std::ranges::fill(left, 0.0F);
        std::ranges::fill(right, 0.0F);
        stage.run(planes, nullptr, nullptr, 64, static_cast<std::int64_t>(at), scratch);
        same = same &&
               std::equal(left.begin(), left.end(), song[0].begin() + static_cast<std::ptrdiff_t>(at)) &&
               std::equal(right.begin(), right.end(), song[1].begin() + static_cast<std::ptrdiff_t>(at));
    }
    CHECK(same);
    CHECK(stage.processor()->take_report().empty());
}

TEST_CASE("player: a disk that doesn't come is one underrun, counted and told") {
    const Folder folder;
    const auto file = folder.put("long.wav", noise(1, 48000 * 40, -6));
    Rig model("player");
    const auto& type = model.stage().type();
    std::vector<float> values, readouts(8);
    std::vector<std::string> texts(type.parameters.size());
    for (const auto& p : type.parameters) values.push_back(p.initial);
    texts[0] = file;
    files::DiskThread disk; // never runs
    engine::Setup setup{};
    engine::Stage stage(type, setup, nullptr,
                        type.make({setup, {type.parameters, values, texts}, &disk, true}));
    stage.set(0, values);
    stage.prime();
    engine::Scratch scratch(stage.ramps().sample_rows(),
                            stage.state_floats());
    std::vector<float> x(64);
    float* planes[1] = {x.data()};
    for (int at = 0; at < 48000 * 10; at += 64) stage.run(planes, nullptr, nullptr, 64, at, scratch);
    stage.read(readouts.data());
    CHECK(readouts[2] == 1.0F);
    CHECK(stage.processor()->take_report().find("too slow") != std::string::npos);
    CHECK(stage.processor()->take_report().empty());
}
