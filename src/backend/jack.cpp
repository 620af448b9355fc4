// SPDX-License-Identifier: GPL-3.0-or-later
#include "backend/connections.hpp"
#include "backend/jack_client.hpp"
#include "backend/undertaker.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fmt/format.h>
#include <set>
#include <spdlog/spdlog.h>

namespace ton::backend {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class JackBackend final : public Backend {
  public:
    JackBackend(engine::Engine& engine, const JackOptions& options) : Backend(engine), options_(options) {}
    ~JackBackend() override { stop(); }

    bool start() override;
    void stop() override;
    void set_ports(std::span<const PortSpec> ports) override;
    void set_latencies(std::span<const PathLatency> paths) override;
    void poll() override;
    Status status() override;
    bool connected(std::string_view port) override;
    std::vector<std::string> unconnected() override { return connections_.open(); }

  private:
    bool open();
    bool begin();
    void bury();
    void poll_running();
    void notice_appeared();
    void connect(milliseconds budget);
    bool connect(const Connection& wanted);
    void apply_ports();
    std::vector<PresentPort> present(bool with_aliases) const;
    std::string server_name() const;

    const JackOptions options_;
    State state_ = State::stopped;
    std::string detail_;
    std::shared_ptr<JackClient> client_;
    std::shared_ptr<JackClient> buried_; // the last one: its callback may still be under way
    Undertaker undertaker_;
    Connections connections_;
    std::set<Connection> refused_; // told once
    std::vector<PortSpec> ports_;
    std::vector<PathLatency> paths_;
    int missing_ = 0;
    std::uint64_t past_xruns_ = 0; // of earlier servers
    bool look_again_ = true;       // ports or wishes have changed
    Clock::time_point retry_connect_{};
    Clock::time_point lost_at_{};
    Clock::time_point retry_open_{};
    milliseconds backoff_{250};
};

std::string JackBackend::server_name() const {
    if (options_.library == JackLibrary::pipewire || (client_ && client_->api().pipewire)) return "pipewire";
    if (!options_.server.empty()) return "jack " + options_.server;
    const char* name = std::getenv("JACK_DEFAULT_SERVER");
    return fmt::format("jack {}", name != nullptr ? name : "default");
}

bool JackBackend::start() {
    if (state_ != State::stopped) return state_ == State::running;
    // A write into a dead server's socket must be an error, not the end of this process.
    struct sigaction now {};
    if (sigaction(SIGPIPE, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) std::signal(SIGPIPE, SIG_IGN);
    state_ = State::waiting;
    backoff_ = milliseconds(250);
    if (open()) return true;
    spdlog::warn(fmt::format("waiting for {}: {}", server_name(), detail_));
    return false;
}

bool JackBackend::open() {
    retry_open_ = Clock::now() + backoff_;
    backoff_ = std::min(backoff_ * 2, milliseconds(2000));
    const auto& api = jack_api(options_.library);
    if (!api) {
        detail_ = api.error();
        return false;
    }
    auto opened = JackClient::open(*api, engine_, options_);
    if (!opened) {
        detail_ = opened.error();
        return false;
    }
    client_ = *opened;
    return begin();
}

bool JackBackend::begin() {
    connections_.clear();
    refused_.clear();
    if (on_ready) on_ready(client_->sample_rate(), client_->block());
    client_->take_rate_change();
    apply_ports();
    client_->set_latencies(paths_);
    if (!client_->activate() || client_->lost()) {
        detail_ = "the server refused to activate the client";
        bury();
        return false;
    }
    state_ = State::running;
    detail_.clear();
    backoff_ = milliseconds(250);
    spdlog::info(fmt::format("{}: client {}, {} Hz, {} frames, {} ports", server_name(), client_->name(),
                             client_->sample_rate(), client_->block(), client_->port_count()));
    connect(milliseconds(1000));
    return true;
}

void JackBackend::stop() {
    if (client_) {
        client_->deactivate();
        bury();
        if (!undertaker_.wait(milliseconds(2000)))
            spdlog::warn("libjack does not return from closing the client");
    }
    state_ = State::stopped;
}

void JackBackend::bury() {
    past_xruns_ += client_->meter().xruns();
    client_->abandon();
    buried_ = client_;
    undertaker_.bury(std::move(client_));
    client_.reset();
}

void JackBackend::set_ports(std::span<const PortSpec> ports) {
    ports_.assign(ports.begin(), ports.end());
    if (client_ && !client_->lost()) apply_ports();
}

void JackBackend::apply_ports() {
    detail_.clear();
    if (const auto refused = client_->set_ports(ports_); !refused.empty())
        detail_ = fmt::format("{} ports could not be registered, {} first", refused.size(), refused.front());
    for (const auto& error : connections_.set_wishes(ports_, client_->name())) spdlog::error(error);
    look_again_ = true;
}

void JackBackend::set_latencies(std::span<const PathLatency> paths) {
    paths_.assign(paths.begin(), paths.end());
    if (client_ && !client_->lost()) client_->set_latencies(paths);
}

void JackBackend::poll() {
    if (state_ == State::stopped) return;
    if (client_ && client_->lost()) {
        if (state_ == State::running) {
            state_ = State::waiting;
            lost_at_ = Clock::now();
            detail_ = client_->lost_reason().empty() ? "the server went away" : client_->lost_reason();
            spdlog::warn(fmt::format("{} is gone: {}", server_name(), detail_));
            if (on_lost) on_lost(detail_);
        } else if (Clock::now() - lost_at_ >= milliseconds(100)) {
            // Not sooner: libjack's own thread, which told us, must be out of its locks before it is
            // cancelled.
            client_->deactivate();
            bury();
            backoff_ = milliseconds(250);
            retry_open_ = Clock::now();
        }
        return;
    }
    if (client_) return poll_running();
    if (!undertaker_.busy() && Clock::now() >= retry_open_) open();
}

void JackBackend::poll_running() {
    client_->tidy();
    if (client_->take_rate_change()) { // PipeWire may do that; the plan must be built anew for it
        client_->deactivate();
        begin();
        return;
    }
    if (client_->take_block_change()) client_->set_latencies(paths_);
    notice_appeared();
    if (client_->take_graph_change()) look_again_ = true;
    if (look_again_ || Clock::now() >= retry_connect_) connect(milliseconds(30));
}

void JackBackend::notice_appeared() {
    for (jack_port_id_t id = 0; client_->take_appeared(id);) {
        jack_port_t* const port = client_->api().port_by_id(client_->handle(), id);
        const char* const name = port != nullptr ? client_->api().port_name(port) : nullptr;
        if (name != nullptr) connections_.appeared(name);
    }
}

std::vector<PresentPort> JackBackend::present(bool with_aliases) const {
    const auto& api = client_->api();
    const std::string own = client_->name() + ":";
    std::vector<PresentPort> ports;
    for (const unsigned long direction : {JackPortIsOutput, JackPortIsInput}) {
        const char** names = api.get_ports(client_->handle(), nullptr, JACK_DEFAULT_AUDIO_TYPE, direction);
        if (names == nullptr) continue;
        for (const char** name = names; *name != nullptr; ++name) {
            PresentPort port{
                *name, direction == JackPortIsOutput, std::string_view(*name).starts_with(own), {}};
            jack_port_t* handle =
                with_aliases && !port.own ? api.port_by_name(client_->handle(), *name) : nullptr;
            if (handle != nullptr) {
                std::string first(static_cast<std::size_t>(api.port_name_size()), '\0'), second = first;
                char* aliases[2] = {first.data(), second.data()};
                const int count = api.port_get_aliases(handle, aliases);
                for (int i = 0; i < count && i < 2; ++i) port.aliases.emplace_back(aliases[i]);
            }
            ports.push_back(std::move(port));
        }
        api.free(names);
    }
    return ports;
}

void JackBackend::connect(milliseconds budget) {
    // Aliases cost a search for each port (in both libraries), so they are asked for only where a name is
    // missing.
    auto ports = present(false);
    if (connections_.missing(ports) > 0) ports = present(true);
    const auto work = connections_.work(ports);
    missing_ = work.missing;
    look_again_ = false;
    bool failed = false;
    const auto end = Clock::now() + budget;
    const HushJack hush;
    for (const auto& gone : work.disconnect)
        client_->api().disconnect(client_->handle(), gone.from.c_str(), gone.to.c_str());
    for (const auto& wanted : work.connect) {
        if (client_->lost()) break;
        if (Clock::now() > end) { // the rest at the next poll: OSC waits on this thread
            look_again_ = true;
            break;
        }
        if (connect(wanted)) {
            connections_.made(wanted);
            continue;
        }
        failed = true; // as a rule, the other client isn't active yet
        if (refused_.insert(wanted).second)
            spdlog::info(fmt::format("can't connect {} to {} yet", wanted.from, wanted.to));
    }
    retry_connect_ = failed ? Clock::now() + std::chrono::seconds(1) : Clock::time_point::max();
}

bool JackBackend::connect(const Connection& wanted) {
    const auto& api = client_->api();
    const auto own = client_->name() + ":";
    const bool from_own = wanted.from.starts_with(own);
    jack_port_t* port = client_->port((from_own ? wanted.from : wanted.to).substr(own.size()));
    if (port && api.port_connected_to(port, (from_own ? wanted.to : wanted.from).c_str()) != 0) return true;
    const int error = api.connect(client_->handle(), wanted.from.c_str(), wanted.to.c_str());
    return error == 0 || error == EEXIST;
}

Status JackBackend::status() {
    Status status;
    status.state = state_;
    status.server = server_name();
    status.detail = detail_;
    status.xruns = past_xruns_;
    status.stuck = undertaker_.stuck();
    if (status.stuck) status.detail = "libjack does not return from jack_client_close: restart tonmeister";
    if (buried_ && (!undertaker_.busy() || buried_->left_engine())) buried_.reset();
    status.engine_free = !client_ && !buried_;
    if (!client_) return status;
    auto& meter = client_->meter();
    status.sample_rate = client_->sample_rate();
    status.block = client_->block();
    status.load = meter.load();
    status.peak_load = meter.take_peak();
    status.xruns += meter.xruns();
    status.realtime = meter.realtime();
    status.page_faults = meter.page_faults();
    status.freewheel = client_->freewheel();
    status.missing_connections = missing_;
    status.ports = client_->port_count();
    return status;
}

bool JackBackend::connected(std::string_view port) {
    if (state_ != State::running || !client_ || client_->lost()) return false;
    jack_port_t* const handle = client_->port(port);
    return handle != nullptr && client_->api().port_connected(handle) > 0;
}

} // namespace

std::unique_ptr<Backend> make_jack(engine::Engine& engine, const JackOptions& options) {
    return std::make_unique<JackBackend>(engine, options);
}

} // namespace ton::backend
