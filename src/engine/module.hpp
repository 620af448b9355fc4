// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/block.hpp"
#include "engine/lane_kernel.hpp"
#include "engine/parameter.hpp"
#include "engine/travel.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>
#include <string_view>

namespace ton::files {
class DiskThread;
}

namespace ton::engine {

class Loop;

/// The settings of one module instance while a plan is built. Control thread.
struct Settings {
    std::span<const Parameter> rows;
    std::span<const float> values;       ///< one per row, in the table's unit
    std::span<const std::string> texts;  ///< one per row; empty where the row is no text

    float value(std::string_view name) const;            ///< of a row outside groups; throws std::out_of_range
    const std::string& text(std::string_view name) const;
};

/// What a planar module is made with. Control thread.
struct ProcessorContext {
    Setup setup;
    Settings settings;
    files::DiskThread* disk = nullptr; ///< never null where a plan is built for playing
    bool offline = false;
    bool running = false; ///< it comes into a desk that plays: what it makes of its own begins with a fade; see Birth
};

/// A planar module: one instance per strip, a class instead of a lane kernel, for work that vectorises along time
/// (FIRs), owns large memory, or talks to the disk. Width is 1 in all blocks.
class Processor {
  public:
    virtual ~Processor() = default;
    Processor(const Processor&) = delete;
    Processor& operator=(const Processor&) = delete;

    /// Audio thread; as LaneKernel::update, run, silence.
    virtual void update(const Update&) TM_NONBLOCKING {}
    virtual void run(const Block&) TM_NONBLOCKING = 0;
    virtual void silence() TM_NONBLOCKING {}
    /// Audio thread, or before it runs: a new target, in kernel units, for a row that the processor moves itself (see
    /// ModuleType::own_rows; counted from the first of them), from the absolute sample `now` on. `fade` in frames, 0 at once,
    /// negative for the row's own. It moves by Travel, as Ramps does: what the desk tells of a fade is reckoned so.
    virtual void aim(int /*row*/, float /*value*/, std::int64_t /*fade*/, std::int64_t /*now*/, Way) TM_NONBLOCKING {}

    /// Control thread. A text parameter was set; an error is a sentence for the person who set it.
    virtual std::string set_text(int /*row*/, const std::string& /*text*/) { return {}; }
    /// Control thread, a few times a second: what went wrong meanwhile (a full disk, an underrun), or empty.
    virtual std::string take_report() { return {}; }
    /// Control thread. Of a module declared with ModuleType::insert, not null.
    virtual Loop* external_loop() { return nullptr; }

  protected:
    Processor() = default;
};

/// Index of the first meter row (= number of rows before the read-outs).
int first_meter(std::span<const Parameter> rows);

/// A module type: the table and how to make one. One constant per folder in modules/.
struct ModuleType {
    std::string_view name;
    std::string_view summary; ///< one line for `tonmeister modules`
    std::span<const Parameter> parameters;

    /// Output channels for a given input width, or 0 where the module can't take that width.
    int (*channels_out)(int channels_in, const Settings&) = nullptr;
    /// Latency in frames for these settings (only `structural` rows may matter), or null for none.
    int (*latency)(const Settings&, double sample_rate) = nullptr;
    /// Frames between two sets of coefficients: kGrid or kCoarseGrid.
    int grid = kGrid;
    /// Exactly one of these two.
    const LaneKernels& (*lanes)() = nullptr;
    std::unique_ptr<Processor> (*make)(const ProcessorContext&) = nullptr;

    /// What its points name is heard through it, like what feeds a strip, and comes at the module's own width: one
    /// point after another in Block::sidechain, silence where a point is empty. Otherwise a point is only listened to.
    bool sources = false;
    /// Of a module with sources: hears the solo buses, too, as two sources more: before the faders, and behind them.
    bool hears_solo = false;
    /// Of dynamics without a row "sidechain": where its strip is linked to another, what is before its like there is its side-chain.
    bool hears_partner = false;
    bool talks = false;        ///< is a talkback: its row "on" dims the modules that hear solos
    /// Runs in two halves around its group's sum (text row "group"): see Setup::half.
    bool shares = false;
    bool send = false;         ///< has a text row "to" that names a strip; writes taps
    /// Its taps go out through ports of its own (text row "send") and come back as its side-chain (row "return"), both at its own
    /// width; a period of the audio server is added to its latency. Its Processor has an external_loop().
    bool insert = false;
    bool internal = false;     ///< the desk adds it by itself; a chain can't name it
    bool source = false;       ///< makes sound itself (player, tone, noise)
    /// The type for a size that its own settings give, with a table of that size; or null where there is but one. Control
    /// thread; the answer lives for ever and is the same for the same size.
    const ModuleType* (*sized)(const Settings&) = nullptr;
    /// The first of the rows, behind `bypass`, that the processor moves itself, being too many for ramps; 0: none.
    int own_rows = 0;

    /// Of a source: how wide it is by its settings (a file's channels), 0 if it takes the strip's width; or null.
    int (*source_channels)(const Settings&) = nullptr;
};

/// How many rows the engine ramps.
inline int ramped_rows(const ModuleType& type) {
    return type.own_rows > 0 ? type.own_rows : first_meter(type.parameters);
}

inline int same_channels(int channels_in, const Settings&) { return channels_in; }

/// "band/3/gain", "frequency": the row's name as in config and OSC.
std::string parameter_path(const Parameter& p);
/// The row of that path, or -1.
int find_parameter(std::span<const Parameter> rows, std::string_view path);
/// The choices of a choice row, split.
std::vector<std::string_view> choices_of(const Parameter& p);
/// The rows that name points, in the order of the table.
std::vector<int> point_rows(std::span<const Parameter> rows);

} // namespace ton::engine
