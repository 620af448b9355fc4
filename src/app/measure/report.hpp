// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace ton::app {

enum class Severity { info, warn, fail };

/// One thing that quality control has to say about a file.
struct Finding {
    std::string what; ///< which detector: "clipping", "hum", ... (stable, see the table in detectors.hpp)
    Severity severity;
    std::optional<double>
        time; ///< seconds from the start of the file; nothing where it concerns the whole file
    std::optional<double> value; ///< in `unit`
    std::string unit;
    std::string text; ///< one sentence for a person
};

/// What `tonmeister measure` says about one file. Levels that don't exist (silence) are empty, never
/// infinite.
struct Report {
    std::string file;
    int sample_rate = 0; ///< Hz
    int channels = 0;
    double duration = 0.0; ///< seconds

    std::optional<double> integrated, momentary_max, shortterm_max; ///< LUFS
    std::optional<double> range;                                    ///< LU; nothing for less than 3 s
    std::optional<double> true_peak;                                ///< dBTP
    std::optional<double> sample_peak;                              ///< dBFS
    std::optional<double> plr;         ///< peak to loudness ratio: true_peak - integrated, LU
    std::optional<double> noise_floor; ///< LUFS, the 10th percentile of the short-term loudness
    std::optional<double> correlation; ///< -1..1 of the first two channels over the whole file
    std::optional<double> bandwidth;   ///< Hz, above it the spectrum is empty
    double dc_offset = 0.0;            ///< % of full scale, the channel that is farthest off, with its sign
    std::int64_t clip_events = 0;      ///< runs of 3 samples or more at full scale
    std::vector<Finding> findings;     ///< in order of time, those of the whole file first

    /// The worst finding: info counts as "pass".
    Severity worst() const;
};

/// "pass", "warn" or "fail" for a verdict; "info", "warn" or "fail" for a finding.
const char* verdict_name(Severity severity);
const char* severity_name(Severity severity);

/// One object per file with the stable keys of the command line's contract; numbers to 0.001, null for what
/// isn't there.
nlohmann::ordered_json to_json(const Report& report);
/// A table for the terminal, several lines, each ended.
std::string to_text(const Report& report);

} // namespace ton::app
