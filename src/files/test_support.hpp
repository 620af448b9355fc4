// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

namespace ton::files::test {

/// A folder of its own for one test, removed at its end.
class TempFolder {
  public:
    TempFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "test-files-XXXXXX").string();
        if (!mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp failed");
        path_ = pattern;
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    ~TempFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string operator/(const std::string& name) const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

/// "a" and ".wav" to "a.wav" (gcc 12 sees a false -Wrestrict in "a" + std::string, its bug 105651).
inline std::string named(std::string stem, const std::string& ending) {
    return stem.append(ending);
}

/// Standard output of a shell command, which must succeed.
inline std::string output_of(const std::string& command) {
    FILE* pipe = popen(command.c_str(), "r");
    if (!pipe) throw std::runtime_error("popen failed");
    std::string text;
    std::array<char, 65536> buffer;
    while (const auto got = fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), got);
    if (pclose(pipe) != 0) throw std::runtime_error("failed: " + command);
    return text;
}

/// What ffmpeg, an implementation that shares no code with libsndfile, decodes: interleaved values of `T`,
/// whose raw format ffmpeg calls `format` ("s32le", "f32le", "s16le").
template <class T> std::vector<T> decoded_by_ffmpeg(const std::string& path, const std::string& format) {
    const auto bytes = output_of("timeout 60 ffmpeg -v error -nostdin -i '" + path + "' -f " + format +
                                 " -c:a pcm_" + format + " -");
    std::vector<T> values(bytes.size() / sizeof(T));
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
    return values;
}

/// A reproducible value of 24 bits that names its place: −2^23 … 2^23 − 1, different for neighbouring frames.
inline std::int32_t grid_value(std::int64_t frame, int channel) {
    auto x =
        static_cast<std::uint32_t>(frame) * 2654435761u + static_cast<std::uint32_t>(channel + 1) * 40503u;
    x ^= x >> 15;
    x *= 2246822519u;
    return static_cast<std::int32_t>(x) >> 8;
}
inline float grid_sample(std::int64_t frame, int channel) {
    return static_cast<float>(grid_value(frame, channel)) * 0x1p-23f;
}

/// Amplitude and phase of frequency f (cycles per sample) over all of x: 2/N Σ x·e^(−j2πfn).
template <class X> std::complex<double> tone(const X& x, std::size_t from, std::size_t count, double f) {
    const std::complex<double> step = std::polar(1.0, -2.0 * std::numbers::pi * f);
    std::complex<double> turn = 1.0, sum = 0.0;
    for (std::size_t n = 0; n < count; ++n) {
        if (n % 1024 == 0)
            turn = std::polar(1.0, -2.0 * std::numbers::pi * std::fmod(f * static_cast<double>(n), 1.0));
        sum += static_cast<double>(x[from + n]) * turn;
        turn *= step;
    }
    return sum * 2.0 / static_cast<double>(count);
}

inline double db(double ratio) {
    return 20.0 * std::log10(ratio);
}

} // namespace ton::files::test
