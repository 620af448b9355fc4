// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/audio_file.hpp"
#include "files/player_feed.hpp"
#include "files/test_support.hpp"

#include <chrono>
#include <doctest/doctest.h>
#include <functional>
#include <numbers>
#include <thread>

using namespace ton::files;
using test::grid_sample;
using test::TempFolder;

namespace {

using Sample = std::function<float(std::int64_t frame, int channel)>;

std::string make_file(const std::string& path, int rate, int channels, std::int64_t frames,
                      const Sample& sample) {
    WriterOptions o;
    o.rate = rate;
    o.channels = channels;
    o.format = SampleFormat::float32;
    auto writer = Writer::open(path, o);
    REQUIRE(writer.has_value());
    std::vector<float> interleaved;
    for (std::int64_t n = 0; n < frames; ++n)
        for (int c = 0; c < channels; ++c) interleaved.push_back(sample(n, c));
    REQUIRE(writer->write_interleaved(interleaved.data(), frames).has_value());
    REQUIRE(writer->close().has_value());
    return path;
}

std::unique_ptr<PlayerFeed> feed_of(const std::string& path, bool streamed, int rate = 48000) {
    FeedOptions o;
    o.rate = rate;
    if (streamed) o.memory_seconds = 0.0;
    auto feed = PlayerFeed::open(path, o);
    REQUIRE_MESSAGE(feed.has_value(), feed.error().text());
    CHECK((*feed)->in_memory() == !streamed);
    return std::move(*feed);
}

struct Event {
    std::int64_t at;
    std::function<void(PlayerFeed&)> act;
};

struct Played {
    std::vector<std::vector<float>> samples;
    std::int64_t delivered = 0;
};

/// Plays `frames` frames in blocks of `block`, with the disk's work done before each, as the offline renderer
/// does; a block is split where an event falls into it, as the engine does.
Played play(PlayerFeed& feed, int channels, std::int64_t frames, int block,
            const std::vector<Event>& events = {}) {
    DiskThread disk;
    disk.add(feed);
    Played played;
    played.samples.assign(static_cast<std::size_t>(channels),
                          std::vector<float>(static_cast<std::size_t>(frames), 99.0f));
    auto event = events.begin();
    for (std::int64_t start = 0; start < frames; start += block) {
        disk.run_once();
        const auto end = std::min(frames, start + block);
        for (auto at = start; at < end;) {
            for (; event != events.end() && event->at == at; ++event) event->act(feed);
            const auto stop = event != events.end() ? std::min(end, event->at) : end;
            std::vector<float*> out;
            for (auto& channel : played.samples) out.push_back(channel.data() + at);
            played.delivered += feed.read(out.data(), channels, static_cast<int>(stop - at));
            at = stop;
        }
    }
    return played;
}

std::size_t differences(const std::vector<float>& x, std::int64_t from, std::int64_t count,
                        const std::function<float(std::int64_t)>& expected) {
    std::size_t different = 0;
    for (std::int64_t n = 0; n < count; ++n)
        different += x[static_cast<std::size_t>(from + n)] != expected(n);
    return different;
}

} // namespace

TEST_CASE("plays the file's samples, then silence, and is back at the start") {
    TempFolder folder;
    const auto path = make_file(folder / "a.wav", 48000, 2, 100000, grid_sample);
    for (const bool streamed : {false, true}) {
        CAPTURE(streamed);
        const auto feed = feed_of(path, streamed);
        CHECK(feed->frames() == 100000);
        CHECK(feed->channels() == 2);
        const auto played = play(*feed, 3, 120000, 1000, {{110000, [](PlayerFeed& f) {
                                                               CHECK(f.ended());
                                                               CHECK(f.position() == 0);
                                                               f.restart();
                                                           }}});
        for (int c = 0; c < 2; ++c) {
            const auto& x = played.samples[static_cast<std::size_t>(c)];
            CHECK(differences(x, 0, 100000, [&](std::int64_t n) { return grid_sample(n, c); }) == 0);
            CHECK(differences(x, 100000, 10000, [](std::int64_t) { return 0.0f; }) == 0);
            CHECK(differences(x, 110000, 10000, [&](std::int64_t n) { return grid_sample(n, c); }) == 0);
        }
        CHECK(differences(played.samples[2], 0, 120000, [](std::int64_t) { return 0.0f; }) == 0);
        CHECK(played.delivered == 110000);
        CHECK(feed->missing_frames() == 0);
    }
}

TEST_CASE("loops without a seam; loop is decided at the very end of the file") {
    TempFolder folder;
    for (const std::int64_t length : {1, 3, 441, 70001}) {
        const auto path =
            make_file(folder / (std::to_string(length) + ".wav"), 48000, 1, length, grid_sample);
        for (const bool streamed : {false, true}) {
            CAPTURE(length);
            CAPTURE(streamed);
            const auto feed = feed_of(path, streamed);
            feed->set_loop(true);
            const auto rounds = 200000 / length,
                       end = rounds * length; // loop goes off at the last frame of a round
            const auto played =
                play(*feed, 2, end + 1000, 512, {{end - 1, [](PlayerFeed& f) { f.set_loop(false); }}});
            for (const auto& x : played.samples) { // mono feeds both
                CHECK(differences(x, 0, end, [&](std::int64_t n) { return grid_sample(n % length, 0); }) ==
                      0);
                CHECK(differences(x, end, 1000, [](std::int64_t) { return 0.0f; }) == 0);
            }
            CHECK(feed->ended());
        }
    }
}

TEST_CASE("a seek lands on its frame: at once from memory, after a fixed pause from disk") {
    TempFolder folder;
    const auto path = make_file(folder / "a.wav", 48000, 2, 300000, grid_sample);
    for (const bool streamed : {false, true}) {
        CAPTURE(streamed);
        const auto feed = feed_of(path, streamed);
        const auto played = play(*feed, 2, 100000, 777,
                                 {{20001, [](PlayerFeed& f) { f.seek(250123); }},
                                  {50000,
                                   [](PlayerFeed& f) {
                                       f.seek(-5);
                                       f.seek(7);
                                   }},
                                  {70000, [](PlayerFeed& f) {
                                       f.seek(1 << 30);
                                       f.set_loop(true);
                                   }}});
        const std::int64_t pause = streamed ? PlayerFeed::seek_frames : 0;
        const auto& x = played.samples[1];
        CHECK(differences(x, 0, 20001, [](std::int64_t n) { return grid_sample(n, 1); }) == 0);
        CHECK(differences(x, 20001, pause, [](std::int64_t) { return 0.0f; }) == 0);
        CHECK(differences(x, 20001 + pause, 29999 - pause,
                          [](std::int64_t n) { return grid_sample(250123 + n, 1); }) == 0);
        CHECK(differences(x, 50000 + pause, 20000 - pause,
                          [](std::int64_t n) { return grid_sample(7 + n, 1); }) == 0);
        CHECK(x[static_cast<std::size_t>(70000 + pause)] == grid_sample(299999, 1));
        CHECK(differences(x, 70001 + pause, 29999 - pause,
                          [](std::int64_t n) { return grid_sample(n, 1); }) == 0);
        CHECK(feed->missing_frames() == 0);
        CHECK(played.delivered == 100000);
    }
}

TEST_CASE("the pause after a seek also runs out while nothing is played") {
    TempFolder folder;
    const auto feed = feed_of(make_file(folder / "a.wav", 48000, 1, 100000, grid_sample), true);
    feed->seek(5000);
    feed->pass(PlayerFeed::seek_frames - 100);
    const auto played = play(*feed, 1, 1000, 50);
    CHECK(differences(played.samples[0], 0, 100, [](std::int64_t) { return 0.0f; }) == 0);
    CHECK(differences(played.samples[0], 100, 900, [](std::int64_t n) { return grid_sample(5000 + n, 0); }) ==
          0);
}

TEST_CASE("the same bits at every block size, resampled or not, with seeks and loops") {
    TempFolder folder;
    const auto path = make_file(folder / "a.wav", 44100, 2, 100003, grid_sample);
    const std::vector<Event> events{{33333, [](PlayerFeed& f) { f.seek(90000); }},
                                    {80000, [](PlayerFeed& f) { f.seek(12345); }},
                                    {90001, [](PlayerFeed& f) { f.seek(100); }}};
    for (const int rate : {44100, 48000})
        for (const bool streamed : {false, true}) {
            std::vector<std::vector<float>> first;
            for (const int block : {8192, 1, 7, 64, 441, 1000}) {
                CAPTURE(rate);
                CAPTURE(streamed);
                CAPTURE(block);
                const auto feed = feed_of(path, streamed, rate);
                feed->set_loop(true);
                const auto played = play(*feed, 2, 160000, block, events);
                if (first.empty()) first = played.samples;
                CHECK((played.samples == first));
                CHECK(played.delivered == 160000);
                CHECK(feed->missing_frames() == 0);
            }
        }
}

TEST_CASE("a resampled loop has no seam, whatever the ratio of the lengths") {
    TempFolder folder;
    // Whole cycles in the file: the loop must be one endless sine, also where N·48000/44100 is no whole
    // number.
    for (const std::int64_t length : {44100, 44137, 90001}) {
        const double cycles = std::round(static_cast<double>(length) * 997.0 / 44100.0);
        const auto path =
            make_file(folder / (std::to_string(length) + ".wav"), 44100, 1, length, [&](std::int64_t n, int) {
                return static_cast<float>(0.5 *
                                          std::sin(2.0 * std::numbers::pi * cycles * static_cast<double>(n) /
                                                   static_cast<double>(length)));
            });
        for (const bool streamed : {false, true}) {
            CAPTURE(length);
            CAPTURE(streamed);
            const auto feed = feed_of(path, streamed, 48000);
            const auto frames = feed->frames();
            CHECK(frames == std::llround(static_cast<double>(length) * 48000.0 / 44100.0));
            feed->set_loop(true);
            const auto jump = frames / 3;
            const auto played =
                play(*feed, 1, 4 * frames, 512, {{2 * frames + 77, [&](PlayerFeed& f) { f.seek(jump); }}});
            const auto sine = [&](std::int64_t n) {
                return 0.5 * std::sin(2.0 * std::numbers::pi * cycles * static_cast<double>(n % frames) /
                                      static_cast<double>(frames));
            };
            double worst = 0.0, after_jump = 0.0;
            const std::int64_t landed = 2 * frames + 77 + (streamed ? PlayerFeed::seek_frames : 0);
            for (std::int64_t n = 0; n < 4 * frames; ++n) {
                const double x = played.samples[0][static_cast<std::size_t>(n)];
                if (n < 2 * frames + 77) worst = std::max(worst, std::abs(x - sine(n)));
                if (n >= landed) after_jump = std::max(after_jump, std::abs(x - sine(jump + n - landed)));
            }
            MESSAGE(length << ": " << test::db(worst) << " dBFS, after a seek " << test::db(after_jump));
            // 1/4,000 frame of 997 Hz is −96 dB of the tone where no whole-frame start exists; else float
            // rounding.
            CHECK(test::db(worst) < (length == 44100 ? -130.0 : -96.0));
            CHECK(test::db(after_jump) < (length == 44100 ? -130.0 : -96.0));
        }
    }
}

TEST_CASE("after a seek a resampled file sounds as if it had been played up to there") {
    TempFolder folder;
    const auto path = make_file(folder / "a.wav", 44100, 1, 44100, grid_sample); // noise: every tap counts
    const auto straight = feed_of(path, false), jumping = feed_of(path, true);
    for (std::int64_t target = 0; target < 48000; target += 1571) {
        straight->seek(target);
        jumping->seek(target);
        while (jumping->work()) {
        }
        jumping->pass(PlayerFeed::seek_frames);
        std::vector<float> a(64), b(64);
        float *out_a = a.data(), *out_b = b.data();
        CHECK(straight->read(&out_a, 1, 64) == 64);
        CHECK(jumping->read(&out_b, 1, 64) == 64);
        double worst = 0.0;
        for (std::size_t n = 0; n < 64; ++n)
            worst = std::max(worst, std::abs(static_cast<double>(a[n]) - b[n]));
        CAPTURE(target);
        CHECK(test::db(worst) < -120.0);
    }
}

TEST_CASE("late data is counted and skipped, so that players stay together") {
    TempFolder folder;
    const auto feed = feed_of(make_file(folder / "a.wav", 48000, 1, 1000000, grid_sample), true);
    const std::int64_t buffered = 96000; // 2 s, and nobody works
    std::vector<float> x(200000, 99.0f);
    float* out = x.data();
    const int got = feed->read(&out, 1, 150000);
    CHECK(got <= buffered);
    CHECK(got > buffered - 4096);
    CHECK(feed->missing_frames() == static_cast<std::uint64_t>(150000 - got));
    CHECK(differences(x, 0, got, [](std::int64_t n) { return grid_sample(n, 0); }) == 0);
    CHECK(differences(x, got, 150000 - got, [](std::int64_t) { return 0.0f; }) == 0);
    const auto later = play(*feed, 1, 10000, 500); // the disk is back
    CHECK(differences(later.samples[0], 0, 10000,
                      [](std::int64_t n) { return grid_sample(150000 + n, 0); }) == 0);
    CHECK(feed->position() == 160000);
}

TEST_CASE("with a real disk thread that is never idle: seeks at any moment, and no stale sample") {
    TempFolder folder;
    const std::int64_t length = 400000;
    const auto feed = feed_of(make_file(folder / "a.wav", 44100, 2, length, grid_sample), true, 44100);
    DiskThread disk;
    disk.add(*feed);
    disk.start();
    feed->set_loop(true);
    constexpr int frames = 1024;
    std::vector<float> left(frames), right(frames);
    float* out[] = {left.data(), right.data()};
    std::size_t wrong = 0, checked = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    // Longer where the machine is busy with other things, but not for ever.
    const auto give_up = end + std::chrono::seconds(20);
    for (int block = 0; std::chrono::steady_clock::now() < (checked < 100000 ? give_up : end); ++block) {
        if (block % 23 == 22) feed->seek(static_cast<std::int64_t>(block) * 7919 % length);
        const auto position = feed->position();
        const int got = feed->read(out, 2, frames);
        const bool whole = got == frames && feed->position() == (position + frames) % length;
        for (int n = 0; whole && n < frames; ++n, ++checked)
            wrong += right[static_cast<std::size_t>(n)] != grid_sample((position + n) % length, 1);
        std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    disk.remove(*feed);
    CHECK(checked >= 100000);
    CHECK(wrong == 0);
}

TEST_CASE("a file that breaks while it is played is told, the audio side gets silence") {
    TempFolder folder;
    const auto path = make_file(folder / "a.wav", 48000, 1, 1000000, grid_sample);
    const auto feed = feed_of(path, true);
    std::filesystem::resize_file(path, 2000000); // half of it is gone
    std::vector<float> x(900000);
    float* out = x.data();
    DiskThread disk;
    disk.add(*feed);
    int got = 0;
    for (int block = 0; block < 900; ++block) {
        disk.run_once();
        got += feed->read(&out, 1, 1000);
    }
    CHECK(got < 520000);
    REQUIRE(feed->error().has_value());
    CHECK(feed->error()->path == path);
    CHECK(feed->missing_frames() == static_cast<std::uint64_t>(900000 - got));
    CHECK(!PlayerFeed::open(folder / "none.wav", {}).has_value());
    feed->seek(1000); // the part that is still there can be played
    const auto played = play(*feed, 1, 20000, 1000);
    CHECK(differences(played.samples[0], 8192, 11808,
                      [](std::int64_t n) { return grid_sample(1000 + n, 0); }) == 0);
    CHECK(!feed->error().has_value());
}
