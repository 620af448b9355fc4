// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/streamed_source.hpp"

#include <algorithm>

namespace ton::files {

namespace {

constexpr std::int64_t piece = 4096; // frames per read

} // namespace

StreamedSource::StreamedSource(Reader reader, int rate)
    : reader_(std::move(reader)), frames_(resampled_frames(reader_.frames(), reader_.rate(), rate)) {
    out_.resize(static_cast<std::size_t>(piece * channels()));
    if (reader_.rate() == rate) return;
    in_.resize(out_.size());
    resampler_.emplace(reader_.rate(), rate, channels());
}

tl::expected<StreamedSource, FileError> StreamedSource::open(const std::string& path, int rate) {
    auto reader = Reader::open(path);
    if (!reader) return tl::unexpected(reader.error());
    return StreamedSource(std::move(*reader), rate);
}

tl::expected<std::int64_t, FileError> StreamedSource::read_file(std::vector<float>& into) {
    const auto got = reader_.read_interleaved(into.data(), piece);
    if (!got) return got;
    file_at_ += *got;
    if (*got == 0 && file_at_ < reader_.frames())
        return tl::unexpected(FileError{reader_.path(), "ends before the length that its header tells", "copy or make it again"});
    return got;
}

/// Makes out_ hold frames again, unless the end was reached.
tl::expected<void, FileError> StreamedSource::refill() {
    out_at_ = out_end_ = 0;
    while (!ended_ && out_end_ == 0) {
        if (!resampler_) {
            const auto got = read_file(out_);
            if (!got) return tl::unexpected(got.error());
            out_end_ = *got;
            ended_ = *got == 0;
            continue;
        }
        if (in_at_ == in_end_) {
            const auto got = read_file(in_);
            if (!got) return tl::unexpected(got.error());
            in_at_ = 0;
            in_end_ = *got;
        }
        if (in_end_ == 0) {
            out_end_ = resampler_->drain(out_.data(), piece);
            ended_ = out_end_ == 0;
            continue;
        }
        const auto moved = resampler_->process(in_.data() + in_at_ * channels(), in_end_ - in_at_, out_.data(), piece);
        in_at_ += moved.consumed;
        out_end_ = moved.produced;
    }
    return {};
}

tl::expected<void, FileError> StreamedSource::read(float* const* out, std::int64_t frames) {
    const auto width = static_cast<std::size_t>(channels());
    for (std::int64_t done = 0; done < frames;) {
        if (out_at_ == out_end_)
            if (auto filled = refill(); !filled) return filled;
        const auto n = std::min({frames - done, out_end_ - out_at_, frames_ - given_});
        if (n <= 0) { // the resampler's tail is cut where the file's length is
            for (std::size_t c = 0; c < width; ++c) std::fill(out[c] + done, out[c] + frames, 0.0F);
            return {};
        }
        const float* from = out_.data() + static_cast<std::size_t>(out_at_) * width;
        for (std::size_t c = 0; c < width; ++c)
            for (std::int64_t i = 0; i < n; ++i) out[c][done + i] = from[static_cast<std::size_t>(i) * width + c];
        done += n;
        out_at_ += n;
        given_ += n;
    }
    return {};
}

} // namespace ton::files
