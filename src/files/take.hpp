// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "files/audio_file.hpp"
#include "files/recorder_sink.hpp"
#include "files/syncer.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <tl/expected.hpp>

namespace ton::files {

/// One file being recorded, kept readable all the while. Internal to src/files; disk thread.
class Take {
  public:
    /// Whether a take of that name could be begun: ending, format, folder.
    static tl::expected<void, FileError> check(const std::string& path, const RecorderOptions& options);
    /// Creates `path`, or the first free of name-2, name-3, …: what is there is never touched.
    /// `syncer`: null where a power cut is no concern; it outlives the take.
    static tl::expected<Take, FileError> open(const std::string& path, const RecorderOptions& options,
                                              Syncer* syncer);

    const std::string& path() const { return writer_.path(); }
    std::int64_t frames() const { return writer_.frames(); }
    std::uint64_t clipped() const { return writer_.clipped(); }

    tl::expected<void, FileError> write(const float* const* in, std::int64_t frames);
    /// Nothing came: keeps the promise when the sound stands still.
    tl::expected<void, FileError> idle();
    tl::expected<void, FileError> close();

  private:
    using Clock = std::chrono::steady_clock;
    Take(Writer writer, std::int64_t rate, Syncer* syncer);
    tl::expected<void, FileError> keep_readable();

    Writer writer_;
    std::int64_t rate_;
    Syncer* syncer_;            // null where a power cut is no concern
    std::int64_t readable_ = 0; // frames that the header tells of
    Clock::time_point last_ = Clock::now();
};

} // namespace ton::files
