// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/vorbis_decoder.hpp"

#include <algorithm>
#include <vorbis/codec.h>
#define OV_EXCLUDE_STATIC_CALLBACKS
#include <vorbis/vorbisfile.h>

namespace ton::files {

void VorbisDecoder::Closer::operator()(OggVorbis_File* file) const {
    ov_clear(file);
    delete file;
}

tl::expected<VorbisDecoder, FileError> VorbisDecoder::open(const std::string& path) {
    auto file = std::make_unique<OggVorbis_File>();
    if (ov_fopen(path.c_str(), file.get()) != 0)
        return tl::unexpected(FileError{path, "not an Ogg Vorbis file that can be decoded", "make it again"});
    VorbisDecoder decoder;
    decoder.file_.reset(file.release());
    decoder.path_ = path;
    decoder.channels_ = ov_info(decoder.file_.get(), 0)->channels;
    if (!ov_seekable(decoder.file_.get()))
        return tl::unexpected(FileError{path, "can't be searched", "copy it to a disk"});
    return decoder;
}

std::int64_t VorbisDecoder::frames() const {
    return std::max<std::int64_t>(0, ov_pcm_total(file_.get(), -1));
}
int VorbisDecoder::rate() const {
    return static_cast<int>(ov_info(file_.get(), 0)->rate);
}

tl::expected<std::int64_t, FileError> VorbisDecoder::read(float* out, std::int64_t frames) {
    const auto width = static_cast<std::size_t>(channels_);
    std::int64_t done = 0;
    while (done < frames) {
        float** planes = nullptr;
        int part = 0;
        const auto wanted = static_cast<int>(std::min<std::int64_t>(frames - done, 4096));
        const auto got = ov_read_float(file_.get(), &planes, wanted, &part);
        if (got == OV_HOLE) continue; // lost pages: goes on behind them, as every player does
        if (got < 0) return tl::unexpected(FileError{path_, "is damaged", "copy or make it again"});
        if (got == 0) break;
        const auto* info = ov_info(file_.get(), part);
        if (info->channels != channels_ || info->rate != rate())
            return tl::unexpected(
                FileError{path_, "changes its rate or channels on the way", "split it into several files"});
        for (std::size_t c = 0; c < width; ++c)
            for (std::size_t n = 0; n < static_cast<std::size_t>(got); ++n)
                out[(static_cast<std::size_t>(done) + n) * width + c] = planes[c][n];
        done += got;
    }
    return done;
}

tl::expected<void, FileError> VorbisDecoder::seek(std::int64_t frame) {
    if (ov_pcm_seek(file_.get(), frame) != 0)
        return tl::unexpected(FileError{path_, "can't be searched", "make it again"});
    return {};
}

} // namespace ton::files
