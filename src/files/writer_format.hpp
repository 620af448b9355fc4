// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "files/audio_file.hpp"

#include <string>
#include <tl/expected.hpp>

namespace ton::files {

enum class Container { wav, rf64, flac, ogg };

/// What the file's ending and the options ask libsndfile for. Internal to src/files.
struct WriterFormat {
    Container container;
    int sndfile_format; ///< SF_FORMAT_…
    int bits;           ///< 16 or 24 for integers, 0 where floats are handed over
};

tl::expected<WriterFormat, FileError> writer_format(const std::string& path, const WriterOptions& options);

} // namespace ton::files
