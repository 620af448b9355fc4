// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "modules/registry.hpp"
#include "rig.hpp"

#include <memory>
#include <string>
#include <vector>

namespace ton::conformance {

/// A registered module in one of the shapes that it can take.
struct Subject {
    const engine::ModuleType* type;
    int channels = 1;
    int sidechain = 0; ///< channels of what its points name
    int taps = 0;      ///< of a send

    std::string label() const; ///< "compressor, 2 channels, side-chain": stands in every failure message
    test::RigOptions options(double sample_rate = 48000) const;
    /// A rig with the module's defaults. `options` from above, with another rate, width or lane where wanted.
    std::unique_ptr<test::Rig> rig(const test::RigOptions& options) const;
    std::unique_ptr<test::Rig> rig() const { return rig(options()); }
};

/// Every module: mono and stereo where it takes them, with and without side-chain, all kinds of taps.
std::vector<Subject> subjects();

/// What a run leaves behind: audio, taps and read-outs of the rig's lane (kernel units).
struct Outcome {
    test::Planar audio, taps;
    std::vector<float> readouts;
    bool operator==(const Outcome&) const = default;
};
Outcome outcome(test::Rig& rig, const test::RigOptions& options, const test::Planar& input, int block,
                const std::vector<test::Event>& events);

/// Every control of the table (structural ones excepted) sent to `per_row` random values at random times,
/// some without a ramp, some with a long one; the same every time for the same seed.
std::vector<test::Event> storm(const engine::ModuleType& type, int frames, std::uint32_t seed,
                               int per_row = 3);

/// A whole number where the row counts in such.
float settable(const engine::Parameter& p, float value);
bool moves(const engine::Parameter& p); ///< a control that can change while the module runs
double loudest(const test::Planar& x, std::size_t from = 0);
bool finite(const test::Planar& x);

} // namespace ton::conformance
