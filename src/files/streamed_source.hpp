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

/// A file from its first frame to its last at a given rate, a piece at a time: what it needs of memory does not depend on
/// its length. Resampled as resample() does it, bit for bit. Control or disk thread, one at a time; allocates.
class StreamedSource {
  public:
    static tl::expected<StreamedSource, FileError> open(const std::string& path, int rate);

    const std::string& path() const { return reader_.path(); }
    int channels() const { return reader_.channels(); }
    std::int64_t frames() const { return frames_; } ///< at the given rate, as long as the file's header tells
    /// The next `frames` frames into channels() planar buffers; silence behind the end. A file that ends before the length
    /// that its header tells is an error.
    tl::expected<void, FileError> read(float* const* out, std::int64_t frames);

  private:
    StreamedSource(Reader reader, int rate);
    tl::expected<void, FileError> refill();
    tl::expected<std::int64_t, FileError> read_file(std::vector<float>& into);

    Reader reader_;
    std::int64_t frames_, given_ = 0;
    std::int64_t file_at_ = 0;
    bool ended_ = false;
    std::optional<Resampler> resampler_;
    std::vector<float> in_, out_; // interleaved: read from the file, at the given rate
    std::int64_t in_at_ = 0, in_end_ = 0, out_at_ = 0, out_end_ = 0;
};

} // namespace ton::files
