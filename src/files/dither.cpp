// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/dither.hpp"

#include <bit>
#include <cmath>

namespace ton::files {

namespace {

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): spreads
/// a seed over the generator's whole state, so that neighbouring seeds give unrelated streams.
std::uint64_t split_mix(std::uint64_t& state) {
    state += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

} // namespace

std::uint64_t Quantizer::Generator::next() {
    auto& s = state;
    const std::uint64_t result = std::rotl(s[0] + s[3], 23) + s[0];
    const std::uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = std::rotl(s[3], 45);
    return result;
}

Quantizer::Quantizer(int bits, Dither dither, int channels, std::uint64_t seed)
    : bits_(bits), dither_(dither), scale_(std::ldexp(1.0, bits - 1)) {
    for (int channel = 0; channel < channels; ++channel) {
        Generator generator{};
        for (auto& word : generator.state) word = split_mix(seed);
        generators_.push_back(generator);
    }
}

std::int32_t Quantizer::quantize(float x, Generator& generator) {
    double value = static_cast<double>(x) * scale_; // exact: a power of two
    if (dither_ == Dither::tpdf) {
        const std::uint64_t random = generator.next();
        const auto u1 = static_cast<std::uint32_t>(random >> 32), u2 = static_cast<std::uint32_t>(random);
        value += (static_cast<double>(u1) - static_cast<double>(u2)) * 0x1p-32;
    }
    value = std::nearbyint(value);
    // Written so that NaN fails the comparison too.
    if (!(value >= -scale_ && value <= scale_ - 1.0)) {
        ++clipped_;
        value = std::isnan(value) ? 0.0 : (value < 0.0 ? -scale_ : scale_ - 1.0);
    }
    return static_cast<std::int32_t>(value) << (32 - bits_);
}

void Quantizer::process(const float* const* in, std::int32_t* out, std::int64_t frames) {
    const auto width = generators_.size();
    for (std::size_t c = 0; c < width; ++c)
        for (std::int64_t n = 0; n < frames; ++n)
            out[static_cast<std::size_t>(n) * width + c] = quantize(in[c][n], generators_[c]);
}

void Quantizer::process_interleaved(const float* in, std::int32_t* out, std::int64_t frames) {
    const auto width = generators_.size();
    for (std::size_t n = 0; n < static_cast<std::size_t>(frames); ++n)
        for (std::size_t c = 0; c < width; ++c)
            out[n * width + c] = quantize(in[n * width + c], generators_[c]);
}

} // namespace ton::files
