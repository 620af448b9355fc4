// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/audio_file.hpp"
#include "files/flac_header.hpp"
#include "files/system_error.hpp"
#include "files/writer_format.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ton::files {

namespace {

constexpr std::int64_t piece = 4096; // frames per call of libsndfile

void set_up(SNDFILE* file, const WriterFormat& format, const WriterOptions& options) {
    if (format.container == Container::wav) sf_command(file, SFC_RF64_AUTO_DOWNGRADE, nullptr, SF_TRUE);
    double quality = std::clamp(options.vorbis_quality, 0.0, 1.0);
    if (format.container == Container::ogg)
        sf_command(file, SFC_SET_VBR_ENCODING_QUALITY, &quality, sizeof quality);
}

} // namespace

struct Writer::State {
    State(std::string p, int descriptor, SNDFILE* f, const WriterFormat& fmt, const WriterOptions& options)
        : path(std::move(p)), fd(descriptor), file(f), format(fmt), channels(options.channels),
          quantizer(fmt.bits == 0 ? 24 : fmt.bits, options.dither, options.channels, options.seed) {
        const auto samples = static_cast<std::size_t>(piece * channels);
        if (fmt.bits == 0)
            floats.resize(samples);
        else
            integers.resize(samples);
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        if (file) sf_close(file);
        if (fd >= 0) ::close(fd);
    }

    std::string path;
    int fd;
    SNDFILE* file;
    WriterFormat format;
    int channels;
    Quantizer quantizer;
    std::vector<float> floats;
    std::vector<std::int32_t> integers;
    std::int64_t frames = 0;
    std::int64_t good_size = 0; // bytes on disk after the last piece that was written in full
    std::optional<FileError> failed;
};

Writer::Writer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;
Writer::~Writer() {
    if (state_) (void)close(); // who wants to hear about it has called close()
}

const std::string& Writer::path() const {
    return state_->path;
}
std::int64_t Writer::frames() const {
    return state_->frames;
}
std::uint64_t Writer::clipped() const {
    return state_->quantizer.clipped();
}

tl::expected<void, FileError> Writer::check(const std::string& path, const WriterOptions& options) {
    const auto format = writer_format(path, options);
    if (!format) return tl::unexpected(format.error());
    return {};
}

tl::expected<Writer, FileError> Writer::open(const std::string& path, const WriterOptions& options) {
    const auto format = writer_format(path, options);
    if (!format) return tl::unexpected(format.error());
    // Our own descriptor, because libsndfile can neither sync a file nor cut a broken end off.
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return tl::unexpected(system_error(path, errno));
    SF_INFO info{};
    info.samplerate = options.rate;
    info.channels = options.channels;
    info.format = format->sndfile_format;
    errno = 0;
    SNDFILE* file = sf_open_fd(fd, SFM_WRITE, &info, SF_FALSE);
    if (!file) {
        const auto error = sndfile_error(path, nullptr, errno);
        ::close(fd);
        return tl::unexpected(error);
    }
    set_up(file, *format, options);
    return Writer(std::make_unique<State>(path, fd, file, *format, options));
}

/// Hands one piece to libsndfile. After a failure the file ends with the last piece that was written in full.
tl::expected<void, FileError> Writer::put(const void* samples, std::int64_t frames) {
    auto& s = *state_;
    if (s.failed) return tl::unexpected(*s.failed);
    if (!s.file) return tl::unexpected(FileError{s.path, "is closed already", ""});
    errno = 0;
    const auto done = s.format.bits == 0
                          ? sf_writef_float(s.file, static_cast<const float*>(samples), frames)
                          : sf_writef_int(s.file, static_cast<const std::int32_t*>(samples), frames);
    struct stat info {};
    if (done == frames && sf_error(s.file) == SF_ERR_NO_ERROR && fstat(s.fd, &info) == 0) {
        s.frames += frames;
        s.good_size = info.st_size;
        return {};
    }
    s.failed = sndfile_error(s.path, s.file, errno);
    return tl::unexpected(*s.failed);
}

tl::expected<void, FileError> Writer::write(const float* const* in, std::int64_t frames) {
    auto& s = *state_;
    const auto width = static_cast<std::size_t>(s.channels);
    std::vector<const float*> planes(in, in + width);
    for (std::int64_t done = 0; done < frames;) {
        const auto n = std::min(piece, frames - done);
        if (s.format.bits != 0) {
            s.quantizer.process(planes.data(), s.integers.data(), n);
        } else {
            for (std::size_t c = 0; c < width; ++c)
                for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
                    s.floats[i * width + c] = planes[c][i];
        }
        const void* samples =
            s.format.bits != 0 ? static_cast<const void*>(s.integers.data()) : s.floats.data();
        if (auto result = put(samples, n); !result) return result;
        for (auto& plane : planes) plane += n;
        done += n;
    }
    return {};
}

tl::expected<void, FileError> Writer::write_interleaved(const float* in, std::int64_t frames) {
    auto& s = *state_;
    for (std::int64_t done = 0; done < frames;) {
        const auto n = std::min(piece, frames - done);
        const float* from = in + done * s.channels;
        if (s.format.bits != 0) s.quantizer.process_interleaved(from, s.integers.data(), n);
        const void* samples = s.format.bits != 0 ? static_cast<const void*>(s.integers.data()) : from;
        if (auto result = put(samples, n); !result) return result;
        done += n;
    }
    return {};
}

tl::expected<void, FileError> Writer::update_header() {
    auto& s = *state_;
    if (s.failed) return tl::unexpected(*s.failed);
    if (!s.file) return {};
    errno = 0;
    switch (s.format.container) {
    case Container::wav:
    case Container::rf64:
        sf_command(s.file, SFC_UPDATE_HEADER_NOW, nullptr, 0);
        break;
    case Container::flac:
        if (!patch_flac_length(s.fd, s.frames)) return tl::unexpected(system_error(s.path, errno));
        break;
    case Container::ogg:
        break;
    }
    if (sf_error(s.file) == SF_ERR_NO_ERROR) return {};
    s.failed = sndfile_error(s.path, s.file, errno);
    return tl::unexpected(*s.failed);
}

tl::expected<void, FileError> Writer::close() {
    auto& s = *state_;
    if (!s.file)
        return s.failed ? tl::expected<void, FileError>(tl::unexpected(*s.failed))
                        : tl::expected<void, FileError>();
    // A piece that was cut short would leave half a frame behind, which strict readers refuse.
    if (s.failed && ftruncate(s.fd, s.good_size) == 0) lseek(s.fd, 0, SEEK_END);
    errno = 0;
    const int result = sf_close(s.file);
    const int reason = errno;
    s.file = nullptr;
    if (s.failed && s.format.container == Container::flac && ftruncate(s.fd, s.good_size) == 0)
        patch_flac_length(s.fd, s.frames);
    const int closed = ::close(s.fd);
    s.fd = -1;
    if (!s.failed && result != 0)
        s.failed = reason ? system_error(s.path, reason) : FileError{s.path, sf_error_number(result), ""};
    if (!s.failed && closed != 0) s.failed = system_error(s.path, errno);
    if (s.failed) return tl::unexpected(*s.failed);
    return {};
}

} // namespace ton::files
