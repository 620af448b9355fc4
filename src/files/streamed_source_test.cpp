// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/streamed_source.hpp"
#include "files/test_support.hpp"

#include <doctest/doctest.h>
#include <fstream>

using namespace ton::files;

namespace {

constexpr std::int64_t length = 30'011; // no multiple of any piece

void write_noise(const std::string& path, int rate) {
    auto writer = Writer::open(path, {.rate = rate, .channels = 2, .format = SampleFormat::int24, .dither = Dither::none});
    REQUIRE(writer.has_value());
    std::vector<std::vector<float>> planes(2, std::vector<float>(static_cast<std::size_t>(length)));
    for (std::int64_t n = 0; n < length; ++n)
        for (int c = 0; c < 2; ++c) planes[static_cast<std::size_t>(c)][static_cast<std::size_t>(n)] = test::grid_sample(n, c);
    const float* const in[2] = {planes[0].data(), planes[1].data()};
    REQUIRE(writer->write(in, length).has_value());
    REQUIRE(writer->close().has_value());
}

/// Everything and `behind` frames after it, `cut` frames at a time.
std::vector<std::vector<float>> streamed(StreamedSource& source, std::int64_t cut, std::int64_t behind) {
    const auto total = source.frames() + behind;
    std::vector<std::vector<float>> planes(2, std::vector<float>(static_cast<std::size_t>(total), 9.0F));
    for (std::int64_t done = 0; done < total;) {
        const auto n = std::min(cut, total - done);
        float* const out[2] = {planes[0].data() + done, planes[1].data() + done};
        REQUIRE(source.read(out, n).has_value());
        done += n;
    }
    return planes;
}

} // namespace

TEST_CASE("a streamed file is the file, to the bit, however it is asked for, and silence after its end") {
    const test::TempFolder folder;
    write_noise(folder / "a.flac", 48000);
    for (const std::int64_t cut : {1, 7, 64, 441, 4096, 100'000}) {
        CAPTURE(cut);
        auto source = StreamedSource::open(folder / "a.flac", 48000);
        REQUIRE(source.has_value());
        REQUIRE(source->frames() == length);
        const auto got = streamed(*source, cut, 500);
        bool same = true;
        for (std::size_t n = 0; n < got[0].size(); ++n)
            for (int c = 0; c < 2; ++c) {
                const auto frame = static_cast<std::int64_t>(n);
                same = same && got[static_cast<std::size_t>(c)][n] == (frame < length ? test::grid_sample(frame, c) : 0.0F);
            }
        CHECK(same);
    }
}

TEST_CASE("a streamed file at another rate is the whole file resampled, to the bit") {
    const test::TempFolder folder;
    for (const int rate : {44100, 96000, 32000, 48001}) {
        write_noise(folder / "a.wav", rate);
        auto recording = read_all(folder / "a.wav");
        REQUIRE(recording.has_value());
        auto whole = resample(recording->samples, rate, 48000);
        for (auto& plane : whole) plane.resize(plane.size() + 500);
        for (const std::int64_t cut : {1, 64, 100'000}) {
            CAPTURE(rate);
            CAPTURE(cut);
            auto source = StreamedSource::open(folder / "a.wav", 48000);
            REQUIRE(source.has_value());
            CHECK((streamed(*source, cut, 500) == whole));
        }
    }
}

TEST_CASE("a file that ends before the length that its header tells is an error, with its name") {
    const test::TempFolder folder;
    for (const char* name : {"a.flac", "a.ogg"}) {
        CAPTURE(name);
        write_noise(folder / name, 48000);
        std::ifstream from(folder / name, std::ios::binary);
        std::string bytes((std::istreambuf_iterator<char>(from)), {});
        const auto cut = folder / test::named("cut-", name);
        std::ofstream(cut, std::ios::binary) << bytes.substr(0, bytes.size() / 2);
        auto source = StreamedSource::open(cut, 48000);
        if (!source) continue; // said when it is opened is as good
        std::vector<float> left(static_cast<std::size_t>(length)), right(left.size());
        float* const out[2] = {left.data(), right.data()};
        const auto done = source->read(out, length);
        if (source->frames() < length) continue; // counted, not told: an Ogg's length is its last page's
        REQUIRE_FALSE(done.has_value());
        CHECK(done.error().text().find(name) != std::string::npos);
    }
}
