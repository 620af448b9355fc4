// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/section.hpp"
#include "engine/signal.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace ton::engine {

/// An audio port of the backend that a strip hears or feeds, one channel.
struct PortPoint {
    int slot;                        ///< into AudioIo::inputs or outputs
    std::shared_ptr<Signal> signal;
    int channel;
};

/// Where a module instance lives in a plan.
struct Place {
    Stage* stage = nullptr;
    int lane = 0;
};

/// One thing to do for a segment, in order: sum a mix, or run a section.
struct Step {
    Mix* mix = nullptr;
    Section* section = nullptr;
};

/// Everything the audio thread runs, as a flat list. Made and warmed on the control thread, run and read on the
/// audio thread, freed on the control thread. Sections, mixes, edges and signals that an edit does not touch are
/// shared with the plan before, so their memory, and so their output, goes on bit for bit.
struct Plan {
    double sample_rate = 48000;
    std::vector<PortPoint> inputs, outputs;
    std::vector<Step> steps;
    std::vector<Place> places; ///< by instance slot; slots are stable from plan to plan
    /// Read-outs: stage i's block begins at readout_offset[i] of the meter values: [meter * width + lane].
    std::vector<Stage*> metered;
    std::vector<int> readout_offset;
    std::vector<float> meter_values; ///< sized for all of them
    std::unique_ptr<SectionScratch> scratch;

    std::vector<std::shared_ptr<Mix>> mixes;       // owners of what the raw pointers above point to
    std::vector<std::shared_ptr<Section>> sections;
    std::vector<std::shared_ptr<Signal>> signals;
};

/// A strip's module moves from one group of lanes to another.
struct LaneMove {
    Stage* to;
    int lane;
    const Stage* from;
    int from_lane;
};

/// A new plan and how to get there: the leaving edges fade out in the old plan, then, between two samples, columns
/// are copied and the plans change places; new edges begin at zero and fade in.
struct Transaction {
    std::unique_ptr<Plan> plan; ///< the new one on the way in, the old one on the way back
    std::vector<Edge*> leaving;
    std::vector<LaneMove> moves;
    int fade_frames = 480;
};

} // namespace ton::engine
