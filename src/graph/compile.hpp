// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/plan.hpp"
#include "graph/layout.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ton::files {
class DiskThread;
}

namespace ton::graph {

/// An audio port that the plan wants from the backend.
struct Port {
    std::string name;                 ///< "host/in_1", of an insert "host/insert/return_1"
    bool input;
    int slot;
    int strip, channel;
    std::vector<std::string> connect; ///< nothing, or the one port (or /regex/) to connect to
    std::string strip_key;            ///< Strip::key(): the same also when the strip is renamed
    int module = -1;                  ///< of an insert's port: its place in the strip's chain in the layout
    std::string instance = {};        ///< and its key among the instances
};

/// A module instance of the running desk, by slot.
struct Instance {
    std::string key;                        ///< "strip/module:type"
    std::uint32_t slot = 0;
    int strip = 0, module = 0;              ///< in the desk
    std::shared_ptr<engine::Stage> stage;
    int lane = 0;
    int readout = 0;                        ///< of its first meter in the meter values; the next is `stride` on
    int stride = 1;
};

struct CompileOptions {
    Conditions conditions;
    files::DiskThread* disk = nullptr;
    bool offline = false;
    int lane_width = 0;  ///< for tests: 1, 4, 8 or 16 lanes at most; 0: what this machine does best
    double fade_ms = 10; ///< of what comes and what goes
};

/// Everything the control side remembers of the plan that runs: by name, so that the next compilation finds what
/// it can keep.
struct Compiled {
    Desk desk;
    Layout layout;
    std::vector<Port> ports;
    std::map<std::string, Instance, std::less<>> instances;

    struct NodeState {
        std::shared_ptr<engine::Signal> output;
        std::vector<std::shared_ptr<engine::Signal>> taps, inputs; ///< inputs: head or previous, then what it listens to
        std::vector<engine::Section::Probe> probes;
        std::shared_ptr<engine::Section> section;
        int lane = 0;
    };
    std::map<std::string, NodeState> nodes;                          ///< by identity
    std::map<std::string, std::shared_ptr<engine::Edge>> edges;      ///< by what they join
    std::map<std::string, std::shared_ptr<engine::Signal>> signals;  ///< mixes and ports, by name
    std::shared_ptr<float[]> shared_memory;                          ///< of signals that are read at once; always the same
    std::map<std::string, int> input_slots, output_slots;            ///< by port name, the strip's key for its name
    std::vector<std::uint32_t> free_slots;
    std::uint32_t next_slot = 0;
};

struct Compilation {
    std::unique_ptr<Compiled> compiled;
    std::unique_ptr<engine::Transaction> transaction;
};

/// Compiles `desk` into a plan that keeps what `running` (may be null) has: instances with their memory, delay lines,
/// lanes. Everything is allocated and warmed here. When there are errors they are all in `errors`, and the result
/// is empty. The transaction's pointers refer to what `running` owns: keep it until the swap is reported.
Compilation compile(const Desk& desk, const Compiled* running, const CompileOptions& options, config::Diagnostics& errors);

} // namespace ton::graph
