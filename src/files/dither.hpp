// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace ton::files {

enum class Dither {
    none, ///< round to nearest: a signal that already lies on the grid passes bit-exactly
    tpdf, ///< triangular noise of ±1 LSB: error of 0.25 LSB² whatever the signal, no distortion
};

/// Turns float samples (full scale ±1) into integers, once, after the last gain.
///
/// With Dither::tpdf each channel adds u1 − u2 LSB from a generator of its own before rounding (acceptance.md
/// section 4; Lipshitz, Wannamaker and Vanderkooy, "Quantization and dither: a theoretical survey", JAES
/// 40(5), 1992). The same seed gives the same bits, however the signal is cut into blocks. Samples beyond
/// full scale are limited and counted; NaN becomes silence and is counted too. One thread at a time; never on
/// the audio side.
class Quantizer {
  public:
    /// @param bits 16 or 24  @param channels at least 1
    Quantizer(int bits, Dither dither, int channels, std::uint64_t seed);

    int bits() const { return bits_; }
    int channels() const { return static_cast<int>(generators_.size()); }

    /// Planar in (channels() × frames), interleaved out (frames × channels()), each value left-justified in
    /// 32 bits, as libsndfile's sf_write_int wants it: the low 32 − bits() bits are zero.
    void process(const float* const* in, std::int32_t* out, std::int64_t frames);
    /// The same from interleaved input. `out` may not overlap `in`.
    void process_interleaved(const float* in, std::int32_t* out, std::int64_t frames);

    /// Samples (not frames) that lay outside full scale or were NaN, since construction.
    std::uint64_t clipped() const { return clipped_; }

  private:
    /// xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021).
    struct Generator {
        std::array<std::uint64_t, 4> state;
        std::uint64_t next();
    };

    std::int32_t quantize(float x, Generator& generator);

    int bits_;
    Dither dither_;
    double scale_; // LSB per unit: 2^(bits − 1)
    std::vector<Generator> generators_;
    std::uint64_t clipped_ = 0;
};

} // namespace ton::files
