// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/audio_file.hpp"
#include "files/system_error.hpp"
#include "files/vorbis_decoder.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ton::files {

namespace {

constexpr std::int64_t piece = 4096; // frames per call of libsndfile

int stored_bits_of(int format) {
    switch (format & SF_FORMAT_SUBMASK) {
    case SF_FORMAT_PCM_S8:
    case SF_FORMAT_PCM_U8:
        return 8;
    case SF_FORMAT_PCM_16:
        return 16;
    case SF_FORMAT_PCM_24:
        return 24;
    case SF_FORMAT_PCM_32:
    case SF_FORMAT_FLOAT:
        return 32;
    case SF_FORMAT_DOUBLE:
        return 64;
    default:
        return 0;
    }
}

/// errno's word for a path that can't be read, 0 when it can: libsndfile itself only says "System error".
int why_unreadable(const std::string& path) {
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) return errno;
    if (S_ISDIR(info.st_mode)) return EISDIR;
    if (!S_ISREG(info.st_mode)) return ESPIPE; // to open a FIFO would wait until somebody writes
    return access(path.c_str(), R_OK) == 0 ? 0 : errno;
}

/// A stream whose header doesn't tell its length (a FLAC encoder that was killed): decode once to count.
std::int64_t count_frames(SNDFILE* file, int channels) {
    std::vector<float> scratch(static_cast<std::size_t>(piece * channels));
    std::int64_t frames = 0;
    while (const auto got = sf_readf_float(file, scratch.data(), piece)) frames += got;
    sf_seek(file, 0, SEEK_SET);
    return frames;
}

} // namespace

Reader::Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

void SndfileCloser::operator()(SNDFILE* file) const {
    sf_close(file);
}

tl::expected<Reader, FileError> Reader::open(const std::string& path) {
    if (const int reason = why_unreadable(path)) return tl::unexpected(system_error(path, reason));
    SF_INFO info{};
    Reader reader;
    reader.file_.reset(sf_open(path.c_str(), SFM_READ, &info));
    if (!reader.file_) return tl::unexpected(sndfile_error(path, nullptr, 0));
    reader.path_ = path;
    reader.channels_ = info.channels;
    reader.rate_ = info.samplerate;
    reader.stored_bits_ = stored_bits_of(info.format);
    reader.frames_ = info.frames;
    if (info.frames < 0 || info.frames == std::numeric_limits<sf_count_t>::max())
        reader.frames_ = count_frames(reader.file_.get(), info.channels);
    if (info.channels < 1 || info.samplerate < 1)
        return tl::unexpected(FileError{path, "its header is damaged", "make the file again"});
    if (info.format != (SF_FORMAT_OGG | SF_FORMAT_VORBIS)) return reader;
    auto vorbis = VorbisDecoder::open(path);
    if (!vorbis) return tl::unexpected(vorbis.error());
    reader.file_.reset();
    reader.vorbis_ = std::make_unique<VorbisDecoder>(std::move(*vorbis));
    reader.frames_ = reader.vorbis_->frames();
    return reader;
}

tl::expected<std::int64_t, FileError> Reader::read_interleaved(float* out, std::int64_t frames) {
    if (vorbis_) return vorbis_->read(out, frames);
    std::int64_t done = 0;
    while (done < frames) {
        errno = 0;
        const auto wanted = std::min(piece, frames - done);
        const auto got = sf_readf_float(file_.get(), out + done * channels_, wanted);
        if (sf_error(file_.get()) != SF_ERR_NO_ERROR)
            return tl::unexpected(sndfile_error(path_, file_.get(), errno == EIO ? EIO : 0));
        if (got <= 0) break;
        done += got;
    }
    return done;
}

tl::expected<std::int64_t, FileError> Reader::read(float* const* out, std::int64_t frames) {
    const auto width = static_cast<std::size_t>(channels_);
    interleaved_.resize(static_cast<std::size_t>(piece) * width);
    std::int64_t done = 0;
    while (done < frames) {
        const auto got = read_interleaved(interleaved_.data(), std::min(piece, frames - done));
        if (!got) return got;
        if (*got == 0) break;
        for (std::size_t c = 0; c < width; ++c)
            for (std::int64_t n = 0; n < *got; ++n)
                out[c][done + n] = interleaved_[static_cast<std::size_t>(n) * width + c];
        done += *got;
    }
    return done;
}

tl::expected<void, FileError> Reader::seek(std::int64_t frame) {
    const auto target = std::clamp<std::int64_t>(frame, 0, frames_);
    if (vorbis_) return vorbis_->seek(target);
    if (sf_seek(file_.get(), target, SEEK_SET) == target) return {};
    return tl::unexpected(FileError{path_, "can't be searched: " + std::string(sf_strerror(file_.get())),
                                    "convert it to WAV or FLAC"});
}

tl::expected<Recording, FileError> read_all(const std::string& path) {
    auto reader = Reader::open(path);
    if (!reader) return tl::unexpected(reader.error());
    Recording recording;
    recording.rate = reader->rate();
    const auto width = static_cast<std::size_t>(reader->channels());
    recording.samples.resize(width);
    // Grown as the sound comes, because a damaged header may claim any length.
    std::vector<float> block(static_cast<std::size_t>(piece) * width);
    for (;;) {
        const auto got = reader->read_interleaved(block.data(), piece);
        if (!got) return tl::unexpected(got.error());
        if (*got == 0) break;
        for (std::size_t c = 0; c < width; ++c)
            for (std::size_t n = 0; n < static_cast<std::size_t>(*got); ++n)
                recording.samples[c].push_back(block[n * width + c]);
    }
    return recording;
}

} // namespace ton::files
