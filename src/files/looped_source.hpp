// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "files/audio_file.hpp"
#include "files/resample.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace ton::files {

/// A file as an endless loop at a given rate: frame n + frames() is frame n. Internal to src/files; disk
/// thread.
///
/// Where the rates differ, the file is resampled as the periodic signal that its loop is, by the ratio of the
/// two lengths (N frames become L = round(N × rate / file rate)): whole frames in every round and no seam.
class LoopedSource {
  public:
    static tl::expected<LoopedSource, FileError> open(const std::string& path, int rate);

    const std::string& path() const { return reader_.path(); }
    int channels() const { return reader_.channels(); }
    std::int64_t frames() const { return frames_; } ///< L
    /// The next read begins at `frame`, 0 … frames() − 1.
    tl::expected<void, FileError> seek(std::int64_t frame);
    /// Always all of `frames`, interleaved.
    tl::expected<void, FileError> read(float* out, std::int64_t frames);

  private:
    LoopedSource(Reader reader, std::int64_t frames);
    tl::expected<void, FileError> seek_file(std::int64_t frame);
    tl::expected<void, FileError> read_file(float* out, std::int64_t frames);
    tl::expected<void, FileError> read_resampled(float* out, std::int64_t frames);

    Reader reader_;
    std::int64_t frames_;
    std::int64_t file_at_ = 0; // the file's frame that comes next
    std::optional<Resampler> resampler_;
    std::vector<float> in_; // read from the file, not yet taken by the resampler
    std::int64_t in_at_ = 0, in_end_ = 0;
};

} // namespace ton::files
