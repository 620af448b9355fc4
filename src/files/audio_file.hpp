// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "files/dither.hpp"
#include "files/file_error.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

struct sf_private_tag; // libsndfile's SNDFILE

namespace ton::files {

class VorbisDecoder;

struct SndfileCloser {
    void operator()(sf_private_tag* file) const;
};
using SndfileHandle = std::unique_ptr<sf_private_tag, SndfileCloser>;

/// Reads any file that libsndfile knows (WAV, RF64, FLAC, Ogg Vorbis, Opus, MP3, AIFF, CAF, …) as float, full
/// scale ±1. Integers of up to 24 bits are exact in float. Control or disk thread, one at a time; never on
/// the audio side.
class Reader {
  public:
    static tl::expected<Reader, FileError> open(const std::string& path);

    const std::string& path() const { return path_; }
    std::int64_t frames() const { return frames_; } ///< length of the file
    int channels() const { return channels_; }
    int rate() const { return rate_; } ///< Hz
    /// 8, 16, 24, 32 or 64 where the file stores integers or floats of that width; 0 for a lossy codec.
    int stored_bits() const { return stored_bits_; }

    /// Reads up to `frames` frames into channels() planar buffers. Fewer than asked only at the end of the
    /// file.
    tl::expected<std::int64_t, FileError> read(float* const* out, std::int64_t frames);
    /// The same, interleaved (frames × channels()).
    tl::expected<std::int64_t, FileError> read_interleaved(float* out, std::int64_t frames);
    /// The next read begins exactly at `frame`, 0 … frames(). In Ogg Vorbis this decodes all that lies
    /// between.
    tl::expected<void, FileError> seek(std::int64_t frame);

    Reader(Reader&&) noexcept;
    Reader& operator=(Reader&&) noexcept;
    ~Reader();

  private:
    Reader();
    SndfileHandle file_;
    std::unique_ptr<VorbisDecoder> vorbis_; // takes the place of file_ for Ogg Vorbis
    std::string path_;
    std::int64_t frames_ = 0;
    int channels_ = 0, rate_ = 0, stored_bits_ = 0;
    std::vector<float> interleaved_;
};

/// A whole file in memory: samples[channel][frame], full scale ±1.
struct Recording {
    int rate = 0; ///< Hz
    std::vector<std::vector<float>> samples;
};
/// Reads everything. Control thread.
tl::expected<Recording, FileError> read_all(const std::string& path);

enum class SampleFormat { int16, int24, float32 };
/// "16", "24" or "32f", as the command line writes it; nothing for other words.
std::optional<SampleFormat> sample_format_named(const std::string& word);

struct WriterOptions {
    int rate = 48000;                          ///< Hz
    int channels = 2;                          ///< 1 … 1024
    SampleFormat format = SampleFormat::int24; ///< ignored by Ogg Vorbis, which has no sample width
    Dither dither = Dither::tpdf;              ///< ignored by float32 and Ogg Vorbis
    std::uint64_t seed = 1;                    ///< of the dither: the same seed gives the same file
    double vorbis_quality = 0.8;               ///< 0 … 1
};

/// Writes WAV, RF64, FLAC or Ogg Vorbis, by the file's ending: .wav, .rf64, .flac, .ogg (or .oga).
/// A WAV that passes 4 GiB becomes RF64 by itself. Replaces an existing file. A FLAC begins with its first
/// sample: before that, and if none ever comes, the file is empty. Control or disk thread, one at a time.
class Writer {
  public:
    /// Whether open() would accept this ending, format, rate and number of channels. Touches no file.
    static tl::expected<void, FileError> check(const std::string& path, const WriterOptions& options);
    static tl::expected<Writer, FileError> open(const std::string& path, const WriterOptions& options);
    Writer(Writer&&) noexcept;
    Writer& operator=(Writer&&) noexcept;
    ~Writer(); ///< closes; call close() to hear about errors

    const std::string& path() const;
    std::int64_t frames() const; ///< written so far
    /// Samples limited to full scale on the way to integers (see Quantizer); 0 for float32 and Ogg Vorbis.
    std::uint64_t clipped() const;

    /// Writes `frames` frames from channels planar buffers.
    tl::expected<void, FileError> write(const float* const* in, std::int64_t frames);
    /// The same, interleaved (frames × channels).
    tl::expected<void, FileError> write_interleaved(const float* in, std::int64_t frames);
    /// Makes the file on disk readable up to (nearly) here, even if the process is killed right after: the
    /// header tells the length. FLAC lags by less than one block (4,608 frames at most); Ogg is readable
    /// without a header.
    tl::expected<void, FileError> update_header();
    /// Finishes the file. Errors that only show now (a full disk) are told. Twice is harmless.
    tl::expected<void, FileError> close();

  private:
    struct State;
    explicit Writer(std::unique_ptr<State> state);
    tl::expected<void, FileError> put(const void* samples, std::int64_t frames);
    std::unique_ptr<State> state_;
};

} // namespace ton::files
