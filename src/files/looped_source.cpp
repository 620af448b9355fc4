// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/looped_source.hpp"

#include <algorithm>
#include <cmath>

namespace ton::files {

namespace {

constexpr std::int64_t piece = 2048; // file frames per read

__extension__ typedef __int128 Wide; // a day at 192 kHz, squared, needs 68 bits

struct RunIn {
    std::int64_t from;    // file frame where the resampler begins, may be negative: the loop's round before
    std::int64_t discard; // output frames until the wanted one
};

/// Where to begin in the file so that output frame `frame` comes out with the filter filled. An integer input
/// frame m is at output time m·L/N; of a few thousand candidates the one nearest to a whole output frame is
/// taken: exact for the usual ratios (147 or 160 candidates suffice), within 1/4,000 frame, once and
/// constant, for any other.
RunIn run_in(std::int64_t frame, std::int64_t file_frames, std::int64_t frames) {
    constexpr std::int64_t candidates = 4096;
    const auto filter = 1024 * std::max<std::int64_t>(1, (file_frames + frames - 1) / frames);
    const auto latest = static_cast<std::int64_t>(static_cast<Wide>(frame) * file_frames / frames) - filter;
    RunIn best{latest, 0};
    std::int64_t best_error = frames + file_frames;
    for (std::int64_t m = latest; m > latest - candidates && best_error > 0; --m) {
        const Wide distance = static_cast<Wide>(frame) * file_frames - static_cast<Wide>(m) * frames;
        const auto rest = static_cast<std::int64_t>(distance % file_frames);
        const bool up = rest * 2 > file_frames;
        const auto error = up ? file_frames - rest : rest;
        if (error >= best_error) continue;
        best_error = error;
        best = {m, static_cast<std::int64_t>(distance / file_frames) + (up ? 1 : 0)};
    }
    return best;
}

} // namespace

LoopedSource::LoopedSource(Reader reader, std::int64_t frames)
    : reader_(std::move(reader)), frames_(frames) {}

tl::expected<LoopedSource, FileError> LoopedSource::open(const std::string& path, int rate) {
    auto reader = Reader::open(path);
    if (!reader) return tl::unexpected(reader.error());
    if (reader->frames() < 1) return tl::unexpected(FileError{path, "holds no sound", "choose another file"});
    const auto frames = resampled_frames(reader->frames(), reader->rate(), rate);
    const bool convert = reader->rate() != rate;
    LoopedSource source(std::move(*reader), frames);
    if (convert) source.in_.resize(static_cast<std::size_t>(piece * source.channels()));
    if (auto ready = source.seek(0); !ready) return tl::unexpected(ready.error());
    return source;
}

tl::expected<void, FileError> LoopedSource::seek(std::int64_t frame) {
    if (in_.empty()) return seek_file(frame);
    const auto file_frames = reader_.frames();
    auto [from, discard] = run_in(frame, file_frames, frames_);
    if (auto moved = seek_file(((from % file_frames) + file_frames) % file_frames); !moved) return moved;
    resampler_.emplace(static_cast<double>(file_frames), static_cast<double>(frames_), channels());
    in_at_ = in_end_ = 0;
    std::vector<float> dropped(static_cast<std::size_t>(piece * channels()));
    while (discard > 0) {
        const auto n = std::min(piece, discard);
        if (auto got = read_resampled(dropped.data(), n); !got) return got;
        discard -= n;
    }
    return {};
}

tl::expected<void, FileError> LoopedSource::read(float* out, std::int64_t frames) {
    return resampler_ ? read_resampled(out, frames) : read_file(out, frames);
}

tl::expected<void, FileError> LoopedSource::seek_file(std::int64_t frame) {
    if (auto moved = reader_.seek(frame); !moved) return moved;
    file_at_ = frame;
    return {};
}

tl::expected<void, FileError> LoopedSource::read_file(float* out, std::int64_t frames) {
    for (std::int64_t done = 0; done < frames;) {
        const auto wanted = std::min(frames - done, reader_.frames() - file_at_);
        const auto got = reader_.read_interleaved(out + done * channels(), wanted);
        if (!got) return tl::unexpected(got.error());
        if (*got < wanted)
            return tl::unexpected(FileError{reader_.path(), "ends before the length that its header tells",
                                            "copy or make it again"});
        done += *got;
        file_at_ += *got;
        if (file_at_ < reader_.frames()) continue;
        if (auto moved = seek_file(0); !moved) return moved;
    }
    return {};
}

tl::expected<void, FileError> LoopedSource::read_resampled(float* out, std::int64_t frames) {
    for (std::int64_t done = 0; done < frames;) {
        if (in_at_ == in_end_) {
            if (auto got = read_file(in_.data(), piece); !got) return got;
            in_at_ = 0;
            in_end_ = piece;
        }
        const auto moved = resampler_->process(in_.data() + in_at_ * channels(), in_end_ - in_at_,
                                               out + done * channels(), frames - done);
        in_at_ += moved.consumed;
        done += moved.produced;
    }
    return {};
}

} // namespace ton::files
