// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/bench/programme.hpp"

/// libebur128 as the peer of our loudness meter, and as the neutral judge of what limiters let through. Knows nothing
/// of the rest of the program: bench/peers uses it, too.
namespace ton::app::benching {

struct Libebur128Reading {
    double integrated = 0; ///< LUFS
    double range = 0;      ///< LU
    double true_peak = 0;  ///< dBTP, the higher channel
};

/// A programme through libebur128 in blocks of 64 frames: M, S, I, LRA and true peak. `polled`: M, S, I and LRA are
/// asked for ten times a second, as a meter on a desk does; else once, at the end. Throws std::runtime_error where
/// libebur128 refuses. `samples` is interleaved stereo, so that no time goes into interleaving.
Libebur128Reading libebur128(const std::vector<float>& samples, bool polled);

std::vector<float> interleaved(const Programme& p);

/// dBTP of the higher channel, from frame `from` on.
double true_peak_dbtp(const Programme& p, int from = 0);
/// dBFS of the highest sample, from frame `from` on.
double sample_peak_dbfs(const Programme& p, int from = 0);

} // namespace ton::app::benching
