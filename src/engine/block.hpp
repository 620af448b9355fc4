// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"

#include <cstddef>
#include <cstdint>

namespace ton::engine {

/// Coefficients move on this grid of the absolute sample clock, whatever the block size: that is what makes the
/// output independent of the block size, to the bit.
inline constexpr int kGrid = 32;
/// The coarser grid of modules whose coefficients cost much (ModuleType::grid). They get the values of their cell's
/// middle: a hand that moves anywhere in a cell is followed from the next one on, and no step of theirs is longer.
inline constexpr int kCoarseGrid = 2 * kGrid;

/// The engine cuts every callback into segments of at most this many frames, so that a lane group stays in L1.
inline constexpr int kSegment = 64;

inline constexpr int kMaxChannels = 64;
inline constexpr int kMaxLanes = 16;

/// A parameter as a kernel sees it: one value per lane (stride 0) or one per frame and lane (stride = width). A grid-rate
/// row stands where it is kGrid frames after the beginning of the grid cell that the block is in.
struct Control {
    const float* values = nullptr;
    int stride = 0;
    const float* at(int frame) const TM_NONBLOCKING { return values + static_cast<std::ptrdiff_t>(frame) * stride; }
};

/// What does not change while a module instance runs; equal for all lanes of a group.
struct Setup {
    double sample_rate = 48000.0;
    int channels_in = 1;
    int channels_out = 1;
    int sidechain_channels = 0; ///< 0: no external side-chain; the module listens to its own input
    int tap_channels = 0;       ///< of a send: the width of what it feeds
    /// Of a module that shares: 1 is the half that tells its group (a channel more comes out, and the same in its tap),
    /// 2 the half that hears the group's sum (the channel goes in, the sum in the side-chain). 0 of all others.
    int half = 0;
    int latency = 0;            ///< frames, as the module type declared for these parameters
};

/// One call of a kernel: `frames` samples, interleaved: audio[channel][frame * width + lane]. A planar module is
/// simply one of width 1. In place: channels_in planes come in, channels_out planes go out.
struct Block {
    float* const* audio = nullptr;
    const float* const* sidechain = nullptr; ///< planes like audio, or null
    float* const* taps = nullptr;            ///< of a send: tap_channels planes to write, or null
    const Control* controls = nullptr;       ///< one per row of the table (texts and meters are left empty)
    const float* cells = nullptr;            ///< the grid-rate rows' values at the cell's end: [row * width + lane]
    float* readouts = nullptr;               ///< readouts[meter * width + lane]; `hold` rows keep their extreme
    std::int64_t position = 0;               ///< absolute sample clock of the first frame
    int frames = 0;                          ///< 1…kSegment; never crosses a grid point while `moving`
    bool moving = false;                     ///< coefficients have a step; else all steps are zero
};

/// The grid-rate rows' values kGrid frames after the grid cell's beginning: values[row * stride + lane].
struct Update {
    const float* values = nullptr;
    int stride = 1;
    std::uint64_t stepped = 0; ///< a bit per row: it may have a new value, in some lane
    const float* row(int index) const TM_NONBLOCKING { return values + static_cast<std::ptrdiff_t>(index) * stride; }
    bool any_stepped(int first, int count) const TM_NONBLOCKING {
        return (stepped >> first & ((std::uint64_t{1} << count) - 1)) != 0;
    }
};

} // namespace ton::engine
