// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/section.hpp"
#include "engine/signal.hpp"
#include "engine/solo_bus.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace ton::engine {

/// An audio port of the backend that a strip hears or feeds, one channel.
struct PortPoint {
    int slot; ///< into AudioIo::inputs or outputs
    Signal* signal;
    int channel;
    /// Of an input, audio thread's: where its only reader looks, while there is but an open wire between them.
    const float** direct = nullptr;
};

/// What the audio thread compares for each input of a segment before it looks at the port's point: most backends give the
/// same buffers from callback to callback, and a big desk has thousands of ports.
struct PortView {
    int slot;                     ///< as the point's
    const float* plane = nullptr; ///< what the point was last told; null: nothing yet
};

/// An edge, and what the audio thread has found out about it: that it is an open wire of one or two channels, and where
/// from. A big desk's edges lie scattered in memory and hardly ever change; these lie side by side.
struct PlannedEdge {
    Edge* edge;
    bool steady = false;         ///< the source's planes stay where they are as long as the plan runs: no port
    const float* planes[2] = {}; ///< null: ask the edge
};

/// Where a module instance lives in a plan.
struct Place {
    Stage* stage = nullptr;
    int lane = 0;
    Stage* second = nullptr; ///< the other half of a module that shares: it takes the same values
    int second_lane = 0;
    int tap = -1;            ///< of a strip's mute: its tap on both solo buses
};

/// Edges [first, last) of a mix, added to its sum in the order of the desk. A mix of many strips is summed up part by
/// part, each as soon as its sources have run and are still in the cache; the order of the additions, and so the bits,
/// is the same.
struct MixPart {
    Signal* sum;
    std::uint32_t first, last; ///< into Plan::edges
    bool begins;               ///< the first part: sets instead of adding (or clears, where there are no edges)
    /// Where the sum is read through: with only one edge that is a wire, the section reads its source instead.
    Section* reader = nullptr;
    int lane = 0;
    SoloBus* bus = nullptr; ///< what is soloed is all there is
    int port = -1;        ///< then: the source is a port, from this place in Plan::inputs on
};

/// What to do for a segment, in order: a section, or parts of mixes.
struct Step {
    Section* section = nullptr; ///< or else
    std::uint32_t first_part = 0, last_part = 0; ///< [first, last) of Plan::parts
    Section* next = nullptr;    ///< the section after this one
    Section* far = nullptr;     ///< and the one after that, with its stages in Plan::stages: their memory is asked for first
    std::uint32_t far_first = 0, far_last = 0;
};

/// Everything the audio thread runs, as a flat list. Made and warmed on the control thread, run and read on the
/// audio thread, freed on the control thread. Sections, edges and signals that an edit does not touch are
/// shared with the plan before, so their memory, and so their output, goes on bit for bit.
struct Plan {
    double sample_rate = 48000;
    std::vector<PortPoint> inputs, outputs;
    std::vector<PortView> views; ///< of the inputs
    std::vector<char> fed; ///< by output slot: 1 where a port point writes it
    std::vector<Step> steps;
    std::vector<const Stage*> stages; ///< of all sections, in the order they run
    std::vector<MixPart> parts;
    std::vector<char> settled; ///< by part, audio thread's: 1 where the reader looks at its source and there is nothing to do
    std::vector<PlannedEdge> edges;
    SoloBus solo[kSoloBuses];
    std::vector<Place> places; ///< by instance slot; slots are stable from plan to plan
    /// Read-outs: stage i's block begins at readout_offset[i] of the meter values: [meter * width + lane].
    std::vector<Stage*> metered;
    std::vector<int> readout_offset;
    std::vector<float> meter_values; ///< sized for all of them
    std::unique_ptr<SectionScratch> scratch;

    std::vector<std::shared_ptr<Section>> sections; // owners of what the raw pointers above point to
    std::vector<std::shared_ptr<Signal>> signals;
    std::vector<std::shared_ptr<Edge>> edge_owners;

    /// Control thread, before it runs: one input more; one part more to do after all steps that there are.
    void add_input(int slot, Signal* signal, int channel);
    void add_part(const MixPart& part);
    /// Audio thread, between two samples: what is soloed in the plan before stays so.
    void take_over_solo(int bus, const Plan& before, int fade_frames) TM_NONBLOCKING;
    /// Audio thread: edges are about to move. What was found out about them is found out anew.
    void unsettle() TM_NONBLOCKING;
};

/// A strip's module moves from one group of lanes to another.
struct LaneMove {
    Stage* to;
    int lane;
    const Stage* from;
    int from_lane;
};

/// A source that is new in a desk that runs: silent until the plans change, it is then switched on as a hand would do it.
/// Behind it may be a delay that would let a step out long after every edge has faded in. (One without an `on` that fades
/// sees to it itself: ProcessorContext::running. A player's `play` starts on its sample, and a file may begin with a step.)
struct Birth {
    Stage* stage; ///< of width 1
    int row;      ///< its switch
    float value;
};

/// Where a signal lives in the new plan.
struct Housing {
    Signal* signal;
    Section* section; ///< that writes it
    int lane;
    float* memory;    ///< its own, or that which short-lived signals share
    const Signal* input; ///< the sum that the section reads there
};

/// A new plan and how to get there: the leaving and the dipping edges fade out in the old plan, then, between two samples,
/// columns are copied and the plans change places; new edges begin at zero and fade in, the dipping ones too. What dips feeds a
/// section that is made anew: whatever memory its modules have or take over, their input passes through silence there, so
/// that nothing they delay holds a step.
struct Transaction {
    Transaction() = default;
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction() { delete plan; } ///< control thread

    Plan* plan = nullptr; ///< owned: the new one on the way in, the old one on the way back
    std::vector<Edge*> leaving, dipping;
    std::vector<LaneMove> moves;
    std::vector<Birth> births;
    std::vector<Housing> housing;
    int fade_frames = 480;
};

} // namespace ton::engine
