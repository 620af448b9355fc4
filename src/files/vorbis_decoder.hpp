// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "files/file_error.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <tl/expected.hpp>

struct OggVorbis_File;

namespace ton::files {

/// Ogg Vorbis by libvorbisfile, which libsndfile itself stands on: libsndfile 1.2.0 lands up to thousands of
/// frames beside the target of a seek, or in a half-filled overlap. Internal to src/files.
class VorbisDecoder {
  public:
    static tl::expected<VorbisDecoder, FileError> open(const std::string& path);

    std::int64_t frames() const;
    int channels() const { return channels_; }
    int rate() const; ///< Hz

    /// Interleaved; fewer than asked only at the end.
    tl::expected<std::int64_t, FileError> read(float* out, std::int64_t frames);
    /// Exactly there.
    tl::expected<void, FileError> seek(std::int64_t frame);

  private:
    struct Closer {
        void operator()(OggVorbis_File* file) const;
    };
    VorbisDecoder() = default;
    std::unique_ptr<OggVorbis_File, Closer> file_;
    std::string path_;
    int channels_ = 0;
};

} // namespace ton::files
