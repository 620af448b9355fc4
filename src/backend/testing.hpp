// SPDX-License-Identifier: GPL-3.0-or-later
// For tests only: a JACK server of our own, a second client, a plan of plain wires.
#pragma once

#include "backend/backend.hpp"
#include "backend/jack_api.hpp"
#include "engine/engine.hpp"

#include <atomic>
#include <csignal>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace ton::backend::testing {

/// Calls `what` every 10 ms until it is true; false after `seconds`.
bool wait_until(double seconds, const std::function<bool()>& what);

/// Starts a program, without a shell, its output in a file; it dies with this process. Returns its pid.
pid_t launch(const std::vector<std::string>& arguments, const std::string& log);
/// Sends `signal` and waits for the end (five seconds, then SIGKILL).
void end(pid_t pid, int signal);

/// A `jackd -d dummy` with a server name that no other test has now, without real-time scheduling.
class JackServer {
  public:
    explicit JackServer(int period = 128);
    ~JackServer();
    JackServer(const JackServer&) = delete;
    JackServer& operator=(const JackServer&) = delete;

    const std::string& name() const { return name_; }
    pid_t pid() const { return pid_; }
    /// True once clients can open.
    bool start();
    void stop(int signal = SIGTERM);
    void set_period(int period) { period_ = period; }

  private:
    std::string name_;
    int lock_ = -1; // a file's
    int period_;
    pid_t pid_ = -1;
};

/// Another client on the same server: `source` (output) plays a count of samples, `sink` (input) keeps what
/// it hears.
class Peer {
  public:
    Peer(const std::string& server, const std::string& name, JackLibrary library = JackLibrary::system);
    ~Peer();
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    bool good() const { return client_ != nullptr; }
    bool connected(const std::string& from, const std::string& to) const;
    bool exists(const std::string& port) const;
    jack_latency_range_t latency(const std::string& port, jack_latency_callback_mode_t mode) const;
    /// How often, in the first second that `sink` heard, a sample is not the one before plus 1 (an xrun or an
    /// error of the client between); -1 while nothing was heard.
    int wrong_samples() const;
    const JackApi& api() const { return api_; }
    jack_client_t* handle() const { return client_; }

    static constexpr int kKept = 48000;
    std::vector<float> heard = std::vector<float>(kKept, 0.0F);
    std::atomic<int> heard_count{0};

  private:
    int process(jack_nframes_t frames);

    const JackApi& api_;
    jack_client_t* client_ = nullptr;
    jack_port_t *source_ = nullptr, *sink_ = nullptr;
    int next_ = 1;
};

/// Puts a plan into the engine that copies input slot i to output slot i, for i below `channels`.
void post_wires(engine::Engine& engine, int channels);

/// Ports in_1…in_n and out_1…out_n, input slot i and output slot i, with no wishes.
std::vector<PortSpec> plain_ports(int inputs, int outputs);

} // namespace ton::backend::testing
