// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "files/audio_file.hpp"
#include "files/recorder_sink.hpp"
#include "files/test_support.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <memory>
#include <string>
#include <vector>

namespace ton::files::test {

inline RecorderOptions options(const std::string& path, int channels = 2) {
    RecorderOptions o;
    o.path = path;
    o.channels = channels;
    o.buffer_seconds = 1.0;
    return o;
}

inline std::unique_ptr<RecorderSink> sink_of(const RecorderOptions& o) {
    auto sink = RecorderSink::open(o);
    REQUIRE_MESSAGE(sink.has_value(), sink.error().text());
    return std::move(*sink);
}

/// Stands for the audio thread: frame n of channel c is grid_sample(n, c).
struct Source {
    RecorderSink& sink;
    int channels;
    std::int64_t at = 0;

    bool play(int frames) {
        std::vector<std::vector<float>> blocks(static_cast<std::size_t>(channels),
                                               std::vector<float>(static_cast<std::size_t>(frames)));
        std::vector<const float*> in;
        for (int c = 0; c < channels; ++c) {
            for (int n = 0; n < frames; ++n)
                blocks[static_cast<std::size_t>(c)][static_cast<std::size_t>(n)] = grid_sample(at + n, c);
            in.push_back(blocks[static_cast<std::size_t>(c)].data());
        }
        at += frames;
        return sink.write(in.data(), channels, frames);
    }
    /// With the disk's work done after each block, to the frame `end`.
    void play_to(std::int64_t end, int block) {
        while (at < end) {
            CHECK(play(static_cast<int>(std::min<std::int64_t>(block, end - at))));
            while (sink.work()) {
            }
        }
    }
};

inline void settle(RecorderSink& sink) {
    while (sink.work()) {
    }
}

/// The file holds frames first … last − 1 of the source, bit-exactly.
inline void check_file(const std::string& path, std::int64_t first, std::int64_t last, int channels) {
    CAPTURE(path);
    const auto file = read_all(path);
    REQUIRE_MESSAGE(file.has_value(), file.error().text());
    REQUIRE(file->samples.size() == static_cast<std::size_t>(channels));
    REQUIRE(static_cast<std::int64_t>(file->samples[0].size()) == last - first);
    std::size_t different = 0;
    for (int c = 0; c < channels; ++c)
        for (std::int64_t n = first; n < last; ++n)
            different += file->samples[static_cast<std::size_t>(c)][static_cast<std::size_t>(n - first)] !=
                         grid_sample(n, c);
    CHECK(different == 0);
}

} // namespace ton::files::test
