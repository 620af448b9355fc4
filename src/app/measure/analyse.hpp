// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/measure/report.hpp"
#include "files/audio_file.hpp"

#include <optional>
#include <tl/expected.hpp>

namespace ton::app {

struct MeasureOptions {
    double true_peak_max = -1.0;  ///< dBTP (EBU R 128); beyond its tolerance of 0.3 dB a finding is a fail
    std::optional<double> target; ///< LUFS; without one the loudness isn't judged
    double tolerance = 0.5;       ///< LU around the target (EBU QC 0010B)
};

/// Measures and judges a whole file, from where the reader stands (a fresh one: the beginning). Loudness and
/// range are those of the samples in the file, as libebur128 and ffmpeg take them: no silence is appended for
/// the range. Control thread. Memory grows by some 200 bytes a second of programme.
/// Errors: the reader's, or a sample rate outside 4,000 … 1,000,000 Hz (dsp::LoudnessMeter).
tl::expected<Report, files::FileError> analyse(files::Reader& reader, const MeasureOptions& options = {});

} // namespace ton::app
