// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"
#include "files/audio_file.hpp"
#include "files/disk_thread.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

namespace ton::files {

struct RecorderOptions {
    /// .wav, .rf64 or .flac; an existing file is never overwritten: take.wav, take-2.wav, …
    std::string path;
    int rate = 48000; ///< Hz
    int channels = 2; ///< 1 … 64
    SampleFormat format = SampleFormat::int24;
    Dither dither = Dither::none; ///< raw tracks stay bit-exact; a mix recorded at 16 bit wants tpdf
    double preroll_seconds = 0.0; ///< kept before the start and put at the head of the file, 0 … 60
    double buffer_seconds = 4.0;  ///< how long the disk may stall before frames are lost
    bool power_safe = true; ///< data goes to the disk itself, not only to the kernel; offline has no need
};

enum class RecorderState {
    idle,      ///< nothing is being written
    recording, ///< frames go to the file
    failed,    ///< the file could not be opened or written; `error` says why; the next start tries again
};

struct RecorderStatus {
    RecorderState state = RecorderState::idle;
    std::string file;        ///< being written, or the last one; empty before the first start
    std::int64_t frames = 0; ///< in that file, pre-roll included
    std::int64_t preroll = 0; ///< of these, from before the start
    /// The disk was too slow: they are silence in the file, which stays in time.
    std::uint64_t lost_frames = 0;
    std::uint64_t clipped = 0;      ///< samples limited to full scale
    std::optional<FileError> error; ///< also told while recording goes on: the disk can't promise to keep it
};

/// Records what the audio thread writes, without ever making it wait.
///
/// Whenever the process is killed, the file opens in any reader and holds all but the last second: the header
/// is brought up to date twice per second of sound, and the data is then made safe against a power cut. A
/// full disk ends the file in good order and is told by status(); the audio thread goes on and notices
/// nothing.
class RecorderSink final : public DiskClient {
  public:
    /// Control thread. Checks the options and that the folder can be written; creates no file yet.
    static tl::expected<std::unique_ptr<RecorderSink>, FileError> open(const RecorderOptions& options);
    /// Writes out what is left and closes the file. Remove it from the DiskThread first.
    ~RecorderSink() override;

    // --- audio thread ---

    /// Every block while armed, recording or not (the pre-roll lives on it). `channels` planar buffers; those
    /// that the file has in addition are silent, those it lacks are dropped. False when the disk is so far
    /// behind that the block is lost: it is counted, and silence takes its place.
    bool write(const float* const* in, int channels, int frames) TM_NONBLOCKING;
    /// Recording begins (ends) with the next frame written. False when too many starts and stops are waiting
    /// for the disk; try again at the next block.
    bool start() TM_NONBLOCKING;
    bool stop() TM_NONBLOCKING;

    // --- control side ---

    /// The name for the next start. The recording that runs is not touched.
    tl::expected<void, FileError> set_path(const std::string& path);
    RecorderStatus status() const;

    bool work() noexcept override;
    void finish() noexcept override;

  private:
    struct State;
    explicit RecorderSink(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace ton::files
