// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// What benchmarks listen to. Tonmeister and its peers (bench/peers) are given these very samples, so nothing here
/// may need the rest of the program.
namespace ton::app::benching {

inline constexpr int kProgrammeRate = 48000;     ///< Hz
inline constexpr float kDeskNoisePeak = 0.35F;   ///< of the noise on a desk's inputs: about -14 dBFS, compressors work

struct Programme {
    std::vector<float> left, right; ///< full scale 1.0
    int frames() const { return static_cast<int>(left.size()); }
};

enum class Material {
    noise,  ///< white, peaks at -10 dBFS: nothing to be gained by looking for quiet or smooth passages
    quiet,  ///< a bed of pink noise and a chord twice a second, peaks at -9 dBFS: below any limiter's ceiling
    driven, ///< the same, 21 dB hotter: a limiter that leaves a -1 dB ceiling within 0.1 s never comes to rest
};

/// Always the same samples for the same arguments.
Programme programme(Material material, int frames);

/// White noise, uniform in +-peak (linear); `state` carries the sequence on.
void fill_noise(std::span<float> to, float peak, std::uint32_t& state);

} // namespace ton::app::benching
