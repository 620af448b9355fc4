// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "backend/backend.hpp"
#include "backend/cycle_meter.hpp"
#include "backend/jack_api.hpp"
#include "backend/latency.hpp"
#include "backend/port_table.hpp"
#include "backend/published.hpp"
#include "dsp/ring.hpp"

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace ton::backend {

/// One connection to one JACK server, from open to close; JackBackend makes a new one each time a server
/// (re)appears.
///
/// Three threads meet here: the control thread calls the public functions, libjack's process thread runs
/// process(), and libjack's notification thread runs the other callbacks. JACK2 may cancel its threads
/// asynchronously when a client is closed, so that no callback allocates, locks or logs; they set atomics and
/// fill a ring, and the control thread looks.
class JackClient {
  public:
    /// Control thread. Opens a client and sets the callbacks; it is not active yet. Never starts a server.
    static tl::expected<std::shared_ptr<JackClient>, std::string>
    open(const JackApi& api, engine::Engine& engine, const JackOptions& options);
    JackClient(const JackApi& api, engine::Engine& engine, jack_client_t* client);
    JackClient(const JackClient&) = delete;
    JackClient& operator=(const JackClient&) = delete;

    double sample_rate() const { return sample_rate_.load(std::memory_order_relaxed); }
    int block() const { return block_.load(std::memory_order_relaxed); }
    const std::string& name() const { return name_; }

    /// Registers, keeps and drops ports so that there are exactly these, and publishes them to the audio
    /// thread. A dropped port is unregistered by tidy(), when the audio thread has moved on. Returns what
    /// could not be registered.
    std::vector<std::string> set_ports(std::span<const PortSpec> ports);
    void set_latencies(std::span<const PathLatency> paths);
    bool activate();
    /// The engine is let finish its cycle and then left alone, outputs are silence, and the client leaves the
    /// graph.
    void deactivate();
    /// Removes metadata and closes. It may block for seconds, or for ever (jack2 issue 395): see JackBackend.
    void close();
    /// No callback that begins from now on touches the engine, whatever libjack still does.
    void abandon() { abandoned_.store(true, std::memory_order_seq_cst); }
    /// After abandon(): nor is one under way that began before. (One may be frozen in the middle of a cycle: stopped with a
    /// debugger, or starved. One that libjack has cancelled there never ends; then the end of close() is what tells.)
    bool left_engine() const { return table_.idle(); }
    /// A few times a second: unregisters dropped ports, samples the load.
    void tidy();

    int port_count() const { return static_cast<int>(ports_.size()); }
    /// The handle of an own port by its short name, or null.
    jack_port_t* port(std::string_view short_name) const;

    /// What the callbacks have told; each take_…() is true once per event.
    bool lost() const { return lost_.load(std::memory_order_acquire); }
    std::string lost_reason() const { return lost_reason_.data(); }
    bool take_rate_change() { return rate_changed_.exchange(false); }
    bool take_block_change() { return block_changed_.exchange(false); }
    bool take_graph_change() { return graph_changed_.exchange(false); }
    /// Ids of ports that were registered since the last call (control thread).
    bool take_appeared(jack_port_id_t& id) { return appeared_.pop(id); }
    bool freewheel() const { return freewheel_.load(std::memory_order_relaxed); }
    bool realtime() const { return meter_.realtime(); }
    CycleMeter& meter() { return meter_; }

    const JackApi& api() const { return api_; }
    jack_client_t* handle() const { return client_; }

  private:
    struct Port {
        jack_port_t* handle;
        PortSpec spec;
    };
    struct Table : PortTable<jack_port_t> {
        using PortTable::PortTable;
        bool silent = false; ///< fill the outputs with silence and leave the engine alone
    };
    struct Latencies {
        LatencyPaths paths;
        std::vector<jack_port_t*> inputs, outputs; // by slot
    };

    bool set_callbacks();
    int process(jack_nframes_t frames) TM_NONBLOCKING;
    void latency(jack_latency_callback_mode_t mode);
    void rename_ports(std::span<const PortSpec> specs);
    jack_port_t* register_port(const PortSpec& spec);
    void describe(const Port& port);
    void publish_table(bool silent);
    void publish_latencies();
    std::vector<jack_port_t*> by_slot(bool input) const;
    void unregister_dropped();

    const JackApi& api_;
    engine::Engine& engine_;
    jack_client_t* client_;
    std::string name_;
    bool active_ = false;
    bool metadata_ = true; // the server keeps properties, as far as we know

    std::map<std::string, Port, std::less<>> ports_; // by short name
    std::vector<Port> dropped_;                      // to be unregistered when nobody can see them
    std::vector<PathLatency> paths_;
    Published<Table> table_;
    Readable<Latencies> latencies_;
    CycleMeter meter_;

    dsp::Ring<jack_port_id_t> appeared_{4096}; // notification thread to control thread
    std::atomic<double> sample_rate_{0}; // the following are set by callbacks, read by the control thread
    std::atomic<int> block_{0};
    std::atomic<bool> rate_changed_{false}, block_changed_{false}, graph_changed_{true}, freewheel_{false};
    std::array<char, 256> lost_reason_{}; // written before lost_
    std::atomic<bool> lost_{false};
    std::atomic<bool> abandoned_{false}; // control sets, callbacks read
    // PipeWire 0.3.65: jack_port_set_latency_range, called from the latency callback as jack.h wants, runs the callbacks that wait and
    // with that locks a mutex its own thread holds. So under PipeWire the callback only says that it is due, and tidy() does it.
    std::atomic<bool> capture_due_{false}, playback_due_{false}; // notification thread sets, control takes
};

} // namespace ton::backend
