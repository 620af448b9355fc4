// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"
#include "engine/engine.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace ton::backend {

/// The most frames that Engine::process takes at once; a longer callback is cut.
inline constexpr int kMaxFrames = 8192;

/// What the audio thread needs of the ports: handles by slot (null: no such port) and room for their buffers.
/// Built by the control thread, handed over by Published; the buffers are the audio thread's.
template <class Port> struct PortTable {
    std::vector<Port*> inputs, outputs;
    std::vector<const float*> input_buffers;
    std::vector<float*> output_buffers;

    /// Control thread.
    PortTable(std::size_t input_slots, std::size_t output_slots)
        : inputs(input_slots, nullptr), outputs(output_slots, nullptr), input_buffers(input_slots, nullptr),
          output_buffers(output_slots, nullptr) {}

    /// Audio thread. Runs the engine over `frames` frames of the buffers, in pieces that it takes.
    void process(engine::Engine& engine, int frames) TM_NONBLOCKING {
        for (int done = 0; done < frames;) {
            const int piece = std::min(frames - done, kMaxFrames);
            engine.process({input_buffers, output_buffers, piece});
            done += piece;
            if (done < frames) advance(piece);
        }
    }

  private:
    void advance(int frames) TM_NONBLOCKING {
        for (auto& buffer : input_buffers)
            if (buffer != nullptr) buffer += frames;
        for (auto& buffer : output_buffers)
            if (buffer != nullptr) buffer += frames;
    }
};

} // namespace ton::backend
