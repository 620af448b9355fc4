// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/audio_file.hpp"
#include "files/recorder_sink.hpp"
#include "files/test_support.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <doctest/doctest.h>
#include <new>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace ton::files;
using test::grid_sample;
using test::TempFolder;

namespace {

constexpr int rate = 48000, block = 480, channels = 2;
const char* const endings[] = {".wav", ".rf64", ".flac", "-float.wav"};

/// The process that will be killed: records in real time to all formats through a real disk thread, and
/// counts in shared memory what the audio side has handed over.
[[noreturn]] void victim(const TempFolder& folder, std::atomic<std::int64_t>& handed_over) {
    DiskThread disk;
    std::vector<std::unique_ptr<RecorderSink>> sinks;
    for (const char* ending : endings) {
        RecorderOptions o;
        o.path = folder / test::named("take", ending);
        o.rate = rate;
        if (std::string(ending) == "-float.wav") o.format = SampleFormat::float32;
        auto sink = RecorderSink::open(o);
        if (!sink) _exit(1);
        disk.add(**sink);
        (*sink)->start();
        sinks.push_back(std::move(*sink));
    }
    disk.start();
    std::vector<float> left(block), right(block);
    const float* in[] = {left.data(), right.data()};
    const auto begin = std::chrono::steady_clock::now();
    for (std::int64_t at = 0;; at += block) {
        for (int n = 0; n < block; ++n) {
            left[static_cast<std::size_t>(n)] = grid_sample(at + n, 0);
            right[static_cast<std::size_t>(n)] = grid_sample(at + n, 1);
        }
        for (auto& sink : sinks)
            if (!sink->write(in, channels, block)) _exit(2);
        handed_over = at + block;
        std::this_thread::sleep_until(begin + std::chrono::microseconds((at + block) * 1'000'000 / rate));
    }
}

/// Frames, of the sound as `values` tells it (interleaved), that are right from the start on.
template <class T> std::int64_t right_frames(const std::vector<T>& values, double scale) {
    std::size_t i = 0;
    while (i < values.size() &&
           static_cast<double>(values[i]) * scale ==
               static_cast<double>(grid_sample(static_cast<std::int64_t>(i / 2), static_cast<int>(i % 2))))
        ++i;
    return static_cast<std::int64_t>(i / 2);
}

} // namespace

TEST_CASE("after kill -9 every recording opens and holds all but the last second") {
    for (const int milliseconds : {1730, 3210}) { // between two headers, wherever that is
        TempFolder folder;
        void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        REQUIRE(page != MAP_FAILED);
        auto& handed_over = *new (page) std::atomic<std::int64_t>(0);
        fflush(nullptr); // or the child might print it again
        const pid_t child = fork();
        if (child == 0) victim(folder, handed_over);
        for (int waited = 0; waited < 30000 && handed_over < milliseconds * rate / 1000; waited += 10)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        kill(child, SIGKILL);
        int status = 0;
        waitpid(child, &status, 0);
        REQUIRE(WIFSIGNALED(status));
        CHECK(handed_over > rate);
        for (const char* ending : endings) {
            CAPTURE(ending);
            const auto path = folder / test::named("take", ending);
            const auto reader = Reader::open(path);
            REQUIRE_MESSAGE(reader.has_value(), reader.error().text());
            const auto file = read_all(path);
            REQUIRE_MESSAGE(file.has_value(), file.error().text());
            std::vector<float> interleaved;
            for (std::size_t n = 0; n < file->samples[0].size(); ++n)
                for (const auto& channel : file->samples) interleaved.push_back(channel[n]);
            CHECK(right_frames(interleaved, 1.0) ==
                  reader->frames()); // its header tells no more than is there
            // ffmpeg agrees, and it opens a file that was cut off without a word of the length.
            const auto seen = right_frames(test::decoded_by_ffmpeg<float>(path, "f32le"), 1.0);
            MESSAGE(ending << ": " << handed_over - reader->frames() << " frames lost, for ffmpeg "
                           << handed_over - seen);
            CHECK(handed_over - reader->frames() < rate);
            CHECK(handed_over - seen < rate);
        }
        munmap(page, 4096);
    }
}

TEST_CASE("a recording that stands still is brought up to date all the same") {
    TempFolder folder;
    RecorderOptions o;
    o.path = folder / "a.wav";
    auto sink = RecorderSink::open(o);
    REQUIRE(sink.has_value());
    const std::vector<float> x(1000, 0.25f);
    const float* in[] = {x.data(), x.data()};
    (*sink)->start();
    (*sink)->write(in, 2, 1000);
    const auto length = [&] { return Reader::open(o.path).value().frames(); };
    while ((*sink)->work()) {
    }
    for (int i = 0; i < 200 && length() < 1000; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        (*sink)->work();
    }
    CHECK(length() == 1000);
}
