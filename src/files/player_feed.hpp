// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"
#include "files/disk_thread.hpp"
#include "files/file_error.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

namespace ton::files {

struct FeedOptions {
    int rate = 48000;            ///< of the engine, Hz; the file is resampled where its own differs
    double buffer_seconds = 2.0; ///< read ahead; never less than 4 × PlayerFeed::seek_frames
    /// Files up to this long are kept decoded in memory: loops, samples and stems of a demo then start and
    /// seek with no disk at all, and a seek is heard at once. 30 s of stereo at 48 kHz are 11.5 MB; a file of
    /// many channels that would take more than 64 MiB is streamed nevertheless. 0 streams everything.
    double memory_seconds = 30.0;
};

/// One file, ready to be played by the audio thread without a lock or a system call.
///
/// The feed is an endless loop of the file at the engine's rate; whether playing stops at the end is decided
/// by the reading side at the very frame, so `loop` may change at any time. Another file is another feed: it
/// is opened (and pre-filled) on the control side and swapped in as a pointer, the old one travels back.
///
/// A resampled file is treated as periodic and its ratio is the ratio of its two lengths, so the loop has no
/// seam; it is round(frames × engine rate / file rate) frames long.
class PlayerFeed final : public DiskClient {
  public:
    /// A streamed file is silent for exactly this long after a seek, so that the disk side has data by then
    /// whatever the block size (the engine's biggest block, design 8.1): output is the same at every block
    /// size.
    static constexpr int seek_frames = 8192;

    /// Control thread. Opens and pre-fills; the file's start can be read at once.
    static tl::expected<std::unique_ptr<PlayerFeed>, FileError> open(const std::string& path,
                                                                     const FeedOptions& options);
    ~PlayerFeed() override;

    int channels() const TM_NONBLOCKING;        ///< of the file
    std::int64_t frames() const TM_NONBLOCKING; ///< length at the engine's rate, at least 1
    bool in_memory() const TM_NONBLOCKING;      ///< a seek needs no pause

    // --- audio thread (or any single thread that stands for it) ---

    /// Plays on: fills `channels` planar buffers with the next `frames` frames. A mono file feeds every
    /// buffer; else buffer c gets the file's channel c, or silence where there is none. Returns the frames
    /// delivered, the pause after a seek counted among them; the others are zeroed: past the end of a file
    /// that does not loop (ended() is true) or missing because the disk was late. Late frames are skipped,
    /// not played late, so players stay together; `missing_frames()` counts them.
    int read(float* const* out, int channels, int frames) TM_NONBLOCKING;
    /// Time goes by without playing (stopped or paused): lets the pause after a seek run out.
    void pass(int frames) TM_NONBLOCKING;
    /// The next read begins at `frame` (clamped to 0 … frames() − 1); after `seek_frames` of silence if
    /// streamed.
    void seek(std::int64_t frame) TM_NONBLOCKING;
    void set_loop(bool loop) TM_NONBLOCKING;
    /// The next frame to be played, 0 … frames() − 1. At the end of a file that does not loop it is back at
    /// 0.
    std::int64_t position() const TM_NONBLOCKING;
    /// The end was reached without `loop`: read() delivers nothing until restart() or seek().
    bool ended() const TM_NONBLOCKING;
    /// After ended(): plays from the start again, with no pause. Elsewhere without effect.
    void restart() TM_NONBLOCKING;
    /// Frames that the disk side did not deliver in time, since open. Any thread.
    std::uint64_t missing_frames() const TM_NONBLOCKING;

    // --- disk and control side ---

    bool work() noexcept override;
    /// The error that stopped streaming, if any (the file vanished, a bad block). Any thread but the audio
    /// thread.
    std::optional<FileError> error() const;

  private:
    struct State;
    explicit PlayerFeed(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace ton::files
