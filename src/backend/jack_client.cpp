// SPDX-License-Identifier: GPL-3.0-or-later
#include "backend/jack_client.hpp"
#include "backend/pipewire_socket.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <thread>

namespace ton::backend {
namespace {

std::string explain(jack_status_t status) {
    if (status & JackNameNotUnique) return "the client name is taken";
    if (status & JackServerFailed) return "no server is running";
    if (status & JackVersionError) return "the server's protocol is another version's";
    if (status & JackShmFailure) return "no access to the server's shared memory (is it another user's?)";
    // JACK2 says this, and not JackNameNotUnique, where an exact name is taken.
    if (status & JackServerError)
        return "the server refused the client (with an exact name: it may be taken)";
    return fmt::format("jack_client_open failed (status {:#x})", static_cast<unsigned>(status));
}

} // namespace

tl::expected<std::shared_ptr<JackClient>, std::string>
JackClient::open(const JackApi& api, engine::Engine& engine, const JackOptions& options) {
    if (options.client_name.size() >= static_cast<std::size_t>(api.client_name_size()))
        return tl::unexpected(fmt::format("the client name {} is longer than JACK takes ({})",
                                          options.client_name, api.client_name_size() - 1));
    if (api.pipewire && !pipewire_listens(options.server)) return tl::unexpected(explain(JackServerFailed));
    int flags = JackNoStartServer;
    if (options.exact_name) flags |= JackUseExactName;
    if (!options.server.empty()) flags |= JackServerName;
    jack_status_t status{};
    const HushJack hush; // it complains on each attempt while there is no server
    jack_client_t* handle =
        api.client_open(options.client_name.c_str(), static_cast<jack_options_t>(flags), &status,
                        options.server.empty() ? nullptr : options.server.c_str());
    if (handle == nullptr) return tl::unexpected(explain(status));
    auto client = std::make_shared<JackClient>(api, engine, handle);
    if (!client->set_callbacks()) {
        client->close();
        return tl::unexpected<std::string>("libjack refused a callback");
    }
    return client;
}

JackClient::JackClient(const JackApi& api, engine::Engine& engine, jack_client_t* client)
    : api_(api), engine_(engine), client_(client), name_(api.get_client_name(client)),
      sample_rate_(api.get_sample_rate(client)), block_(static_cast<int>(api.get_buffer_size(client))) {
    publish_table(false);
}

std::vector<std::string> JackClient::set_ports(std::span<const PortSpec> specs) {
    std::vector<std::string> refused;
    std::map<std::string, Port, std::less<>> next;
    rename_ports(specs);
    for (const auto& spec : specs) {
        jack_port_t* handle = nullptr;
        bool changed = true;
        const auto dropped = std::find_if(dropped_.begin(), dropped_.end(), [&](const Port& port) {
            return port.spec.name == spec.name && port.spec.input == spec.input;
        });
        if (auto known = ports_.find(spec.name);
            known != ports_.end() && known->second.spec.input == spec.input) {
            handle = known->second.handle;
            changed = known->second.spec.pretty != spec.pretty || known->second.spec.order != spec.order;
            ports_.erase(known);
        } else if (dropped != dropped_.end()) {
            handle = dropped->handle;
            dropped_.erase(dropped);
        } else {
            handle = register_port(spec);
        }
        if (handle == nullptr) {
            refused.push_back(spec.name);
            continue;
        }
        const auto [port, unused] = next.insert_or_assign(spec.name, Port{handle, spec});
        if (changed) describe(port->second);
    }
    for (auto& [unused, port] : ports_) dropped_.push_back(std::move(port));
    ports_ = std::move(next);
    publish_table(false);
    publish_latencies();
    tidy();
    return refused;
}

/// A new name for a slot that has a port already: the strip was renamed, and its port stays connected.
void JackClient::rename_ports(std::span<const PortSpec> specs) {
    for (const auto& spec : specs) {
        if (ports_.contains(spec.name)) continue;
        const auto old = std::ranges::find_if(ports_, [&](const auto& entry) {
            const auto& known = entry.second.spec;
            return known.input == spec.input && known.slot == spec.slot && std::ranges::find(specs, known.name, &PortSpec::name) == specs.end();
        });
        if (old == ports_.end() || api_.port_rename(client_, old->second.handle, spec.name.c_str()) != 0) continue;
        auto entry = ports_.extract(old);
        entry.key() = entry.mapped().spec.name = spec.name;
        ports_.insert(std::move(entry));
    }
}

jack_port_t* JackClient::register_port(const PortSpec& spec) {
    const auto full = name_.size() + 1 + spec.name.size();
    if (full >= static_cast<std::size_t>(api_.port_name_size())) {
        spdlog::error(fmt::format("port {}:{} is longer than JACK takes ({} bytes)", name_, spec.name,
                                  api_.port_name_size() - 1));
        return nullptr;
    }
    const unsigned long flags = spec.input ? JackPortIsInput : JackPortIsOutput;
    jack_port_t* handle = api_.port_register(client_, spec.name.c_str(), JACK_DEFAULT_AUDIO_TYPE, flags, 0);
    if (handle == nullptr)
        spdlog::error(fmt::format("the server refuses port {}:{} (a jackd started with -p 4096 before -d allows more)",
                                  name_, spec.name));
    return handle;
}

// Best effort: JACK2 built without Berkeley DB keeps no properties.
void JackClient::describe(const Port& port) {
    if (!metadata_ || (port.spec.pretty.empty() && port.spec.order == 0)) return;
    const auto set = [&](const char* key, const std::string& value, const char* type) {
        if (api_.set_property(client_, api_.port_uuid(port.handle), key, value.c_str(), type) != 0)
            metadata_ = false;
    };
    const HushJack hush;
    if (!port.spec.pretty.empty())
        set("http://jackaudio.org/metadata/pretty-name", port.spec.pretty, "text/plain");
    if (port.spec.order != 0)
        set("http://jackaudio.org/metadata/order", std::to_string(port.spec.order),
            "http://www.w3.org/2001/XMLSchema#int");
    if (!metadata_) spdlog::info("this server keeps no metadata: ports have no pretty names");
}

std::vector<jack_port_t*> JackClient::by_slot(bool input) const {
    std::vector<jack_port_t*> handles;
    for (const auto& [unused, port] : ports_)
        for (const int index : {port.spec.leaving, port.spec.slot}) {
            if (port.spec.input != input || index < 0) continue;
            const auto slot = static_cast<std::size_t>(index);
            if (slot >= handles.size()) handles.resize(slot + 1, nullptr);
            handles[slot] = port.handle;
        }
    return handles;
}

void JackClient::publish_table(bool silent) {
    auto inputs = by_slot(true), outputs = by_slot(false);
    auto table = std::make_unique<Table>(inputs.size(), outputs.size());
    table->inputs = std::move(inputs);
    table->outputs = std::move(outputs);
    table->silent = silent;
    table_.publish(std::move(table));
}

void JackClient::set_latencies(std::span<const PathLatency> paths) {
    paths_.assign(paths.begin(), paths.end());
    publish_latencies();
    // Not from a callback: the server answers by calling latency() on the notification thread before it
    // returns.
    if (active_ && !lost()) api_.recompute_total_latencies(client_);
}

void JackClient::publish_latencies() {
    latencies_.publish(
        std::make_unique<Latencies>(Latencies{LatencyPaths(paths_), by_slot(true), by_slot(false)}));
}

bool JackClient::activate() {
    publish_table(false);
    active_ = api_.activate(client_) == 0;
    if (active_) api_.recompute_total_latencies(client_);
    return active_;
}

void JackClient::deactivate() {
    if (!active_) return;
    // JACK2 may cancel the process thread anywhere: the engine must not be inside a cycle then.
    publish_table(true);
    const auto drop = [](auto&&) {};
    for (int wait = 0; wait < 100 && table_.pending() && !lost(); ++wait) {
        table_.reclaim(drop);
        if (table_.pending()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (!lost()) api_.deactivate(client_);
    active_ = false;
    meter_.detach();
}

void JackClient::close() {
    if (!lost() && metadata_)
        for (const auto& [unused, port] : ports_)
            if (!port.spec.pretty.empty() || port.spec.order != 0)
                api_.remove_properties(client_, api_.port_uuid(port.handle));
    const HushJack hush; // of a dead server, it finds several things wrong
    api_.client_close(client_);
    client_ = nullptr;
}

void JackClient::tidy() {
    meter_.sample();
    const auto drop = [](auto&&) {};
    if (active_)
        table_.reclaim(drop);
    else
        table_.reclaim_all(drop);
    if (capture_due_.exchange(false)) latency(JackCaptureLatency);
    if (playback_due_.exchange(false)) latency(JackPlaybackLatency);
    if (latencies_.reclaim() && !table_.pending()) unregister_dropped();
}

void JackClient::unregister_dropped() {
    for (const auto& port : dropped_) {
        if (lost()) break;
        if (metadata_ && (!port.spec.pretty.empty() || port.spec.order != 0))
            api_.remove_properties(client_, api_.port_uuid(port.handle));
        if (api_.port_unregister(client_, port.handle) != 0)
            spdlog::warn(fmt::format("port {}:{} could not be unregistered", name_, port.spec.name));
    }
    dropped_.clear();
}

jack_port_t* JackClient::port(std::string_view short_name) const {
    const auto found = ports_.find(short_name);
    return found == ports_.end() ? nullptr : found->second.handle;
}

} // namespace ton::backend
