// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/engine.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ton::backend {

/// One port that the plan wants. Equal names are the same port before and after a new plan.
struct PortSpec {
    std::string name;                 ///< without the client's name: "host/in_1"
    bool input = true;                ///< audio comes in
    int slot = 0;                     ///< index into AudioIo::inputs or outputs
    std::vector<std::string> connect; ///< exact port names or "/regex/"; empty: leave it free
    std::string pretty;               ///< for metadata, may be empty
    int order = 0;
    int leaving = -1; ///< a second index: of a strip that fades out while another takes the port's name; -1: none
};

/// Frames from an input port to an output port that hears it.
struct PathLatency {
    int input_slot, output_slot;
    int minimum, maximum;
    /// An insert's ports are within a path that the desk knows as a whole. What comes back is told how far it is from being heard, and
    /// not how long ago it came in; what goes out the other way round.
    enum class Told : std::uint8_t { both, capture, playback } told = Told::both;
};

enum class State : std::uint8_t {
    stopped,
    waiting,
    running
}; ///< waiting: for the audio server to come (back)

struct Status {
    State state = State::stopped;
    std::string server; ///< "jack default", "pipewire", "internal clock"
    std::string detail; ///< why it is waiting, or empty
    double sample_rate = 0;
    int block = 0;
    double load = 0,
           peak_load = 0; ///< callback time / period, mean of the last second and maximum since the last call
    std::uint64_t xruns = 0;
    bool realtime = false;         ///< the audio thread has real-time scheduling
    std::int64_t page_faults = -1; ///< of the audio thread since it began, minor and major; -1: there is none
    bool freewheel = false;
    int missing_connections = 0; ///< wished for, but the other port isn't there
    int ports = 0;               ///< registered with the server (internal: that the plan has)
    bool engine_free = true; ///< nothing of the backend calls Engine::process(), so the control thread may
    bool stuck = false;      ///< libjack does not return from closing a dead client: only a restart helps
};

/// A source of callbacks. All members are called on the control thread; the callback runs Engine::process on
/// the backend's own audio thread, allocation-free.
class Backend {
  public:
    virtual ~Backend() = default;

    /// Tries to get going; false where the server isn't there: the backend is then `waiting` and poll() goes
    /// on trying.
    virtual bool start() = 0;
    virtual void stop() = 0;
    /// Registers what is new, connects it, drops what is gone; called before a new plan is posted with both
    /// old and new ports in `ports`, and again after the swap with the new ones only.
    virtual void set_ports(std::span<const PortSpec> ports) = 0;
    virtual void set_latencies(std::span<const PathLatency> paths) = 0;
    /// Ten times a second: reconnects a server that came back, makes pending connections.
    virtual void poll() = 0;
    virtual Status status() = 0;
    /// Whether anything is connected to the port of that name ("host/out_1").
    virtual bool connected(std::string_view port) = 0;
    /// What PortSpec::connect names exactly and is not connected yet, each as "FROM to TO". Cheap; as of the last poll().
    virtual std::vector<std::string> unconnected() { return {}; }

    /// Set before start(). The server (re)appeared with this rate and largest block: build the plan for it
    /// before audio runs. Called on the control thread, inside start() or poll().
    std::function<void(double sample_rate, int block)> on_ready;
    /// The server went away (control thread, inside poll()).
    std::function<void(const std::string& why)> on_lost;

  protected:
    explicit Backend(engine::Engine& engine) : engine_(engine) {}
    engine::Engine& engine_;
};

/// Which implementation of libjack: the one that the loader finds (JACK2 as a rule), or PipeWire's own.
enum class JackLibrary : std::uint8_t { system, pipewire };

struct JackOptions {
    std::string client_name = "tonmeister";
    std::string server =
        {}; ///< JACK: server name, PipeWire: remote; empty: the default (JACK_DEFAULT_SERVER)
    bool exact_name = false; ///< wait rather than become tonmeister-01 where the name is taken
    JackLibrary library = JackLibrary::system;
};
/// A client of a JACK server, or of PipeWire through its JACK library. Without the library it waits, with the
/// reason in Status::detail. A server is never started. Ports are audio ports; sample rate changes come as
/// on_ready, other block sizes need nothing (the engine takes any). libjack 2 serves one server per process
/// at a time.
std::unique_ptr<Backend> make_jack(engine::Engine&, const JackOptions&);

/// A precise timer drives the engine with no audio server: inputs are silence, outputs go nowhere. Up to four
/// blocks are caught up when the thread wakes late; more are left out and count as one xrun. `block`: 1…8192
/// frames.
std::unique_ptr<Backend> make_internal(engine::Engine&, double sample_rate, int block);

/// What `--backend auto` found: a running JACK server, a running PipeWire (use JackLibrary::pipewire), or
/// none. Control thread, with no JACK backend started; opens and closes a client as a probe and starts
/// nothing. JACK goes first; a system whose own libjack is PipeWire's answers pipewire.
enum class Found : std::uint8_t { none, jack, pipewire };
Found find_server(const std::string& server = {});

} // namespace ton::backend
