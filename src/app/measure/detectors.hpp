// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/measure/detector.hpp"

#include <memory>

namespace ton::app {

/// The detectors, each in a file of its own name. `rate` in Hz.
///
/// | finding | what is looked for |
/// | --- | --- |
/// | silence, silent_channel | all channels (one channel) below -60 dBFS RMS over 100 ms for 3 s: warn, 10 s:
/// fail | | digital_silence | all samples 0 for 250 ms: warn; at the file's ends: info | | clipping | 3
/// samples in a row at 0.9999 or more: warn, above 10 a minute: fail | | phase | correlation over 400 ms
/// below -0.5 for 3 s: warn, below -0.9: fail | | mono_compatibility | the mono sum loses more than 6 LU:
/// warn | | imbalance | short-term loudness left and right differ by more than 6 LU for 10 s: warn | |
/// dual_mono | the side is 80 dB below the middle: info | | dc_offset | mean over 5 s above 0.1 %: warn,
/// above 1 %: fail | | hum | 50 or 60 Hz or harmonics stand out by 10 dB in quiet passages, above -70 dBFS:
/// warn | | clicks | more than one a minute: warn, else info | | dropout | the level falls by 40 dB in 5 ms
/// and is back within 50 ms: warn | | bandwidth | a brick wall between 10 kHz and 20 kHz, as lossy codecs
/// leave it: info | | noise_floor | pauses (15 LU under the programme) louder than -50 LUFS: warn |
std::unique_ptr<Detector> silence_detector(int channels);
std::unique_ptr<Detector> digital_silence_detector();
std::unique_ptr<Detector> clipping_detector(int channels);
std::unique_ptr<Detector> phase_detector();
std::unique_ptr<Detector> stereo_balance_detector(double rate);
std::unique_ptr<Detector> dc_detector(int channels);
std::unique_ptr<Detector> hum_detector(int channels, double rate);
std::unique_ptr<Detector> click_detector(int channels, double rate);
std::unique_ptr<Detector> dropout_detector(int channels, double rate);
std::unique_ptr<Detector> bandwidth_detector(double rate);
std::unique_ptr<Detector> noise_floor_detector();

} // namespace ton::app
