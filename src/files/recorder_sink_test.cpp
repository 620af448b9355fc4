// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/audio_file.hpp"
#include "files/recorder_sink.hpp"
#include "files/recorder_test_support.hpp"

#include <chrono>
#include <doctest/doctest.h>
#include <fstream>
#include <thread>

using namespace ton::files;
using namespace ton::files::test;

TEST_CASE("records exactly from start to stop, at any block size, into every format") {
    TempFolder folder;
    for (const char* ending : {".wav", ".rf64", ".flac"})
        for (const int block : {1000, 64, 7, 8192}) {
            const auto path = folder / (std::to_string(block) + ending);
            const auto sink = sink_of(options(path));
            Source source{*sink, 2};
            source.play_to(5003, block);
            CHECK(sink->status().state == RecorderState::idle);
            CHECK(!std::filesystem::exists(path));
            CHECK(sink->start());
            CHECK(sink->start());
            source.play_to(40000, block);
            CHECK(sink->status().state == RecorderState::recording);
            CHECK(sink->status().frames == 40000 - 5003);
            CHECK(sink->stop());
            source.play_to(50000, block);
            CHECK(sink->status().state == RecorderState::idle);
            CHECK(sink->status().file == path);
            check_file(path, 5003, 40000, 2);
        }
}

TEST_CASE("float keeps what integers can't") {
    TempFolder folder;
    auto o = options(folder / "a.wav", 1);
    o.format = SampleFormat::float32;
    const auto sink = sink_of(o);
    const float x[] = {1.5f, -3.25f, 1e-9f};
    const float* in = x;
    sink->start();
    sink->write(&in, 1, 3);
    sink->stop();
    settle(*sink);
    CHECK((test::decoded_by_ffmpeg<float>(folder / "a.wav", "f32le") ==
           std::vector<float>{1.5f, -3.25f, 1e-9f}));
}

TEST_CASE("pre-roll: the seconds before the start are in the file, and no take repeats another") {
    TempFolder folder;
    auto o = options(folder / "a.wav");
    o.preroll_seconds = 0.5;
    const auto sink = sink_of(o);
    Source source{*sink, 2};
    source.play_to(100000, 777);
    sink->start();
    source.play_to(120000, 777);
    sink->stop();
    source.play_to(130000, 777);
    sink->start(); // only 10,000 frames since the last take
    source.play_to(140000, 777);
    sink->stop();
    settle(*sink);
    check_file(folder / "a.wav", 100000 - 24000, 120000, 2);
    check_file(folder / "a-2.wav", 120000, 140000, 2);

    auto early = sink_of(options(folder / "b.wav"));
    Source young{*early, 2};
    early->start();
    young.play_to(1000, 64);
    early.reset(); // closes
    check_file(folder / "b.wav", 0, 1000, 2);
}

TEST_CASE("start and stop between two turns of the disk are as exact") {
    TempFolder folder;
    auto o = options(folder / "a.flac");
    o.preroll_seconds = 0.01;
    auto sink = sink_of(o);
    Source source{*sink, 2};
    for (int take = 0; take < 4; ++take) {
        source.play(3000);
        sink->start();
        source.play(5000);
        sink->stop();
        source.play(100);
    }
    settle(*sink);
    for (int take = 0; take < 4; ++take)
        check_file(folder / (take == 0 ? "a.flac" : test::named("a-", std::to_string(take + 1)) + ".flac"),
                   take * 8100 + 3000 - 480, take * 8100 + 8000, 2);
}

TEST_CASE("nothing that exists is overwritten; the name may change between takes") {
    TempFolder folder;
    std::ofstream(folder / "a.wav") << "precious";
    const auto sink = sink_of(options(folder / "a.wav"));
    Source source{*sink, 2};
    sink->start();
    source.play_to(100, 10);
    REQUIRE(sink->set_path(folder / "b.wav").has_value());
    sink->stop();
    source.play_to(200, 10);
    sink->start();
    source.play_to(300, 10);
    sink->stop();
    settle(*sink);
    check_file(folder / "a-2.wav", 0, 100, 2);
    check_file(folder / "b.wav", 200, 300, 2);
    std::string word;
    std::ifstream(folder / "a.wav") >> word;
    CHECK(word == "precious");
    CHECK(sink->set_path(folder / "b.mp3").error().what == "the ending names no format that can be written");
    CHECK(sink->set_path(folder / "b.ogg").error().what == "Ogg Vorbis is no format to record in");
    CHECK(sink->set_path(folder / "none/b.wav").error().what == "no such file or folder");
}

TEST_CASE("when the disk is too slow, lost frames are counted and are silence in their place") {
    TempFolder folder;
    const auto sink = sink_of(options(folder / "a.wav")); // holds one second
    Source source{*sink, 2};
    sink->start();
    std::int64_t lost_from = 0, lost = 0;
    for (int block = 0; block < 60; ++block) {
        const auto at = source.at;
        if (source.play(1000)) continue;
        if (lost == 0) lost_from = at;
        lost += 1000;
    }
    CHECK(lost_from == 48000);
    CHECK(lost == 12000);
    settle(*sink);
    source.play_to(70000, 1000);
    sink->stop();
    settle(*sink);
    CHECK(sink->status().lost_frames == 12000);
    const auto file = read_all(folder / "a.wav");
    REQUIRE(file.has_value());
    REQUIRE(file->samples[0].size() == 70000);
    std::size_t different = 0;
    for (std::int64_t n = 0; n < 70000; ++n)
        different += file->samples[0][static_cast<std::size_t>(n)] !=
                     (n >= 48000 && n < 60000 ? 0.0f : grid_sample(n, 0));
    CHECK(different == 0);
}

TEST_CASE("with a real disk thread, while the control side asks and renames") {
    TempFolder folder;
    auto sink = sink_of(options(folder / "a.wav"));
    DiskThread disk;
    disk.add(*sink);
    disk.start();
    std::thread control([&] {
        for (int i = 0; i < 200; ++i) {
            CHECK(sink->set_path(folder / (i % 2 ? "a.wav" : "b.flac")).has_value());
            CHECK(sink->status().lost_frames == 0);
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    });
    Source source{*sink, 2};
    std::int64_t recorded = 0;
    for (int block = 0; block < 1500; ++block) {
        if (block % 100 == 20) CHECK(sink->start());
        if (block % 100 == 80) CHECK(sink->stop());
        CHECK(source.play(64));
        recorded += block % 100 >= 20 && block % 100 < 80 ? 64 : 0;
        std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    control.join();
    disk.remove(*sink);
    sink.reset();
    std::int64_t found = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "")) {
        const auto file = read_all(entry.path());
        REQUIRE(file.has_value());
        found += static_cast<std::int64_t>(file->samples[0].size());
    }
    CHECK(found == recorded);
}

TEST_CASE("more or fewer channels than the file has") {
    TempFolder folder;
    const auto sink = sink_of(options(folder / "a.wav", 3));
    Source mono{*sink, 1};
    sink->start();
    mono.play_to(1000, 100);
    sink->stop();
    settle(*sink);
    const auto file = read_all(folder / "a.wav");
    REQUIRE(file.has_value());
    CHECK(file->samples[0][999] == grid_sample(999, 0));
    CHECK((file->samples[1] == std::vector<float>(1000)));
}

TEST_CASE("a folder that can't be written and bad options are refused beforehand") {
    TempFolder folder;
    CHECK(RecorderSink::open(options(folder / "none/a.wav")).error().what == "no such file or folder");
    CHECK(!RecorderSink::open(options(folder / "a.wav", 0)).has_value());
    CHECK(!RecorderSink::open(options(folder / "a.flac", 9)).has_value());
    auto o = options(folder / "a.wav");
    o.preroll_seconds = 61;
    CHECK(!RecorderSink::open(o).has_value());
}

TEST_CASE("a folder that vanishes before the start is told, and the next start tries again") {
    TempFolder folder;
    std::filesystem::create_directory(folder / "sub");
    const auto sink = sink_of(options(folder / "sub/a.wav"));
    std::filesystem::remove(folder / "sub");
    Source source{*sink, 2};
    sink->start();
    source.play_to(1000, 100);
    CHECK(sink->status().state == RecorderState::failed);
    CHECK(sink->status().error->what == "no such file or folder");
    sink->stop();
    std::filesystem::create_directory(folder / "sub");
    source.play_to(2000, 100);
    sink->start();
    source.play_to(3000, 100);
    CHECK(sink->status().state == RecorderState::recording);
    CHECK(!sink->status().error.has_value());
    sink->stop();
    settle(*sink);
    check_file(folder / "sub/a.wav", 2000, 3000, 2);
}
