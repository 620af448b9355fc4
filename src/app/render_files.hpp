// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "files/audio_file.hpp"
#include "files/streamed_source.hpp"
#include "graph/compile.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ton::app {

using FilesByStrip = std::vector<std::pair<std::string, std::string>>; ///< strip, file

/// The files that a render feeds to strips, read as it goes: an hour needs no more memory than a second.
class RenderInputs {
  public:
    /// What is wrong with these files beside each other, a line each. Nothing is touched.
    static std::vector<std::string> complaints(const FilesByStrip& inputs);
    /// Opens all, resampled to `rate` (Hz) where it differs; what can't be read goes to `complaints`.
    void open(const FilesByStrip& files, int rate, std::vector<std::string>& complaints);
    std::int64_t longest() const; ///< frames
    std::vector<std::pair<std::string, int>> widths() const; ///< strip, channels of its file

    /// Reads the next `count` frames of every file. Returns what went wrong, "" where nothing did.
    std::string read(int count);
    /// Adds what was read for `strip`, as it is called here, to its port's channel; `plane` holds read()'s count of frames.
    void add_to(std::string_view strip, int channel, std::vector<float>& plane) const;

  private:
    struct Input {
        std::string strip;
        files::StreamedSource source;
        std::vector<std::vector<float>> planes;
    };
    std::vector<Input> inputs_;
};

struct RenderFormat {
    int rate; ///< Hz
    files::SampleFormat format;
    bool dither;
    bool raw; ///< keep the latency in
};

/// The files that a render writes strips' outputs to, each without its strip's latency. They grow beside their places, as
/// NAME.part.ENDING (NAME.part-2.ENDING, … where that is taken), and take them when the render is whole: one that is stopped
/// leaves what was there. Errors name the file as it was given.
class RenderOutputs {
  public:
    RenderOutputs() = default;
    RenderOutputs(const RenderOutputs&) = delete;
    RenderOutputs& operator=(const RenderOutputs&) = delete;
    ~RenderOutputs(); ///< removes what close() did not finish

    /// What is wrong with these files beside each other and the inputs, a line each. Nothing is touched.
    static std::vector<std::string> complaints(const FilesByStrip& outputs, const FilesByStrip& inputs);
    /// Opens all; `frames` is their length. Returns what went wrong, "" where nothing did.
    std::string open(const FilesByStrip& outputs, const graph::Compiled& compiled, const RenderFormat& format, std::int64_t frames);
    std::int64_t latency() const { return latency_; } ///< the longest of them, frames

    /// What a port of `strip`, as it is called here, plays next; where it has several, their sum. A file keeps its width.
    void take(std::string_view strip, int channel, const std::vector<float>& plane);
    /// Writes `count` frames of what was taken since, silence where nothing was. Returns what went wrong, "" where nothing did.
    std::string write(int count);
    /// Closes all and puts them into their places; says on stderr what was limited to full scale, and whose strip had another
    /// width. Returns what went wrong, "" where nothing did.
    std::string close();

  private:
    struct Output {
        std::string strip;
        files::Writer writer;
        std::vector<std::vector<float>> planes; ///< what was taken
        std::int64_t skip; ///< frames of latency still to be left out
        std::int64_t left; ///< frames still to be written
        std::string file; ///< as it was given
        std::filesystem::path place, part; ///< part is empty where the place is written itself: a pipe, a device
        bool wider = false, narrower = false; ///< the strip was, for a while
    };
    std::string open(const std::string& strip, const std::string& file, const std::vector<std::filesystem::path>& places,
                     const graph::Compiled& compiled, const RenderFormat& format, std::int64_t frames);
    std::vector<Output> outputs_;
    std::int64_t latency_ = 0;
};

} // namespace ton::app
