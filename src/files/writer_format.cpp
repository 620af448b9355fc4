// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/writer_format.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <sndfile.h>

namespace ton::files {

namespace {

std::optional<Container> container_named(const std::string& path) {
    auto ending = std::filesystem::path(path).extension().string();
    std::transform(ending.begin(), ending.end(), ending.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (ending == ".wav") return Container::wav;
    if (ending == ".rf64") return Container::rf64;
    if (ending == ".flac") return Container::flac;
    if (ending == ".ogg" || ending == ".oga") return Container::ogg;
    return std::nullopt;
}

int sample_type(SampleFormat format) {
    switch (format) {
    case SampleFormat::int16:
        return SF_FORMAT_PCM_16;
    case SampleFormat::int24:
        return SF_FORMAT_PCM_24;
    case SampleFormat::float32:
        return SF_FORMAT_FLOAT;
    }
    return 0;
}

int bits_of(SampleFormat format) {
    return format == SampleFormat::int16 ? 16 : format == SampleFormat::int24 ? 24 : 0;
}

WriterFormat format_of(Container container, SampleFormat samples) {
    switch (container) {
    // A WAV is written as an RF64 that falls back to a plain header while it is below 4 GiB.
    case Container::wav:
    case Container::rf64:
        return {container, SF_FORMAT_RF64 | sample_type(samples), bits_of(samples)};
    case Container::flac:
        return {container, SF_FORMAT_FLAC | sample_type(samples), bits_of(samples)};
    case Container::ogg:
        break;
    }
    return {Container::ogg, SF_FORMAT_OGG | SF_FORMAT_VORBIS, 0};
}

} // namespace

std::optional<SampleFormat> sample_format_named(const std::string& word) {
    if (word == "16") return SampleFormat::int16;
    if (word == "24") return SampleFormat::int24;
    if (word == "32f") return SampleFormat::float32;
    return std::nullopt;
}

tl::expected<WriterFormat, FileError> writer_format(const std::string& path, const WriterOptions& options) {
    const auto refuse = [&](const char* what, const char* remedy) {
        return tl::unexpected(FileError{path, what, remedy});
    };
    const auto container = container_named(path);
    if (!container)
        return refuse("the ending names no format that can be written", "use .wav, .rf64, .flac or .ogg");
    if (options.rate < 1 || options.channels < 1 || options.channels > 1024)
        return refuse("no such rate or number of channels", "use a rate above 0 Hz and 1 to 1024 channels");
    if (*container == Container::flac && options.format == SampleFormat::float32)
        return refuse("FLAC holds integers only", "use 16 or 24 bits, or a .wav file");
    if (*container == Container::flac && options.channels > 8)
        return refuse("FLAC holds at most 8 channels", "use a .wav file");
    const auto format = format_of(*container, options.format);
    SF_INFO info{};
    info.samplerate = options.rate;
    info.channels = options.channels;
    info.format = format.sndfile_format;
    if (!sf_format_check(&info))
        return refuse("this format can't hold that rate or number of channels", "use a .wav file");
    return format;
}

} // namespace ton::files
