// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/interpolator.hpp"

#include <atomic>

namespace ton::modules::meter {

enum Row { true_peak_on };
enum Readout { peak, peak_left, peak_right, rms, true_peak, correlation };

inline constexpr double kTau = 0.3;          ///< s, of the exponential window of RMS and correlation
inline constexpr float kPowerFloor = 1e-12F; ///< -120 dBFS: below it there is no correlation to speak of

/// The interpolation filters. Written by the control side before the first kernel runs (lanes() in
/// meter.cpp), always the same value; read by the audio side.
inline std::atomic<const dsp::Interpolator*> filter{nullptr};

} // namespace ton::modules::meter
