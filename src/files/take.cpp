// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/take.hpp"
#include "files/reserve_name.hpp"
#include "files/system_error.hpp"
#include "files/writer_format.hpp"

#include <cerrno>
#include <filesystem>
#include <unistd.h>

namespace ton::files {

namespace fs = std::filesystem;

namespace {

WriterOptions writer_options(const RecorderOptions& options) {
    WriterOptions writer;
    writer.rate = options.rate;
    writer.channels = options.channels;
    writer.format = options.format;
    writer.dither = options.dither;
    return writer;
}

} // namespace

Take::Take(Writer writer, std::int64_t rate, Syncer* syncer)
    : writer_(std::move(writer)), rate_(rate), syncer_(syncer) {}

tl::expected<void, FileError> Take::check(const std::string& path, const RecorderOptions& options) {
    const auto format = writer_format(path, writer_options(options));
    if (!format) return tl::unexpected(format.error());
    if (format->container == Container::ogg)
        return tl::unexpected(
            FileError{path, "Ogg Vorbis is no format to record in", "use .wav, .rf64 or .flac"});
    const auto folder = fs::path(path).parent_path();
    const auto where = folder.empty() ? std::string(".") : folder.string();
    if (access(where.c_str(), W_OK | X_OK) != 0) return tl::unexpected(system_error(path, errno));
    return {};
}

tl::expected<Take, FileError> Take::open(const std::string& path, const RecorderOptions& options,
                                         Syncer* syncer) {
    const auto name = reserve_name(path);
    if (!name) return tl::unexpected(name.error());
    auto writer = Writer::open(*name, writer_options(options));
    if (!writer) return tl::unexpected(writer.error());
    // From here on the file opens, be it empty (a FLAC: from the first sound on).
    if (auto ready = writer->update_header(); !ready) return tl::unexpected(ready.error());
    return Take(std::move(*writer), options.rate, syncer);
}

tl::expected<void, FileError> Take::write(const float* const* in, std::int64_t frames) {
    if (auto written = writer_.write(in, frames); !written) return written;
    return writer_.frames() - readable_ >= rate_ / 2 ? keep_readable() : tl::expected<void, FileError>();
}

tl::expected<void, FileError> Take::idle() {
    using namespace std::chrono_literals;
    const bool behind = writer_.frames() > readable_;
    return behind && Clock::now() - last_ >= 500ms ? keep_readable() : tl::expected<void, FileError>();
}

tl::expected<void, FileError> Take::keep_readable() {
    last_ = Clock::now();
    if (auto updated = writer_.update_header(); !updated) return updated;
    readable_ = writer_.frames();
    if (syncer_) syncer_->request(path());
    return {};
}

tl::expected<void, FileError> Take::close() {
    auto closed = writer_.close();
    if (syncer_) syncer_->request(path());
    return closed;
}

} // namespace ton::files
