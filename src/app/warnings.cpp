// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/warnings.hpp"

#include "control/osc/peer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ton::app {

namespace {

class Collector {
  public:
    explicit Collector(const std::string& file) : list_(file) {}
    void add(config::Position at, std::string path, std::string_view text) { list_.add(at, std::move(path), std::string(text)); }
    std::vector<config::Diagnostic> take() { return list_.take(); }

  private:
    config::Diagnostics list_;
};

void check_promises(const graph::Desk& desk, Collector& warn) {
    if (desk.control.http)
        warn.add(desk.control.http->at, "control.http", fmt::format("this Tonmeister has no HTTP: nothing will answer at {}", desk.control.http->value));
    if (desk.engine.threads.value > 0)
        warn.add(desk.engine.threads.at, "engine.threads", "this Tonmeister has no worker threads: everything runs on the audio server's one");
}

void check_urls(const graph::Desk& desk, Collector& warn) {
    if (!desk.control.osc) return;
    for (std::size_t i = 0; i < desk.control.osc->size(); ++i) {
        const auto& url = (*desk.control.osc)[i];
        if (const auto text = nobody_allowed(url.value, !desk.control.allow.empty())) warn.add(url.at, config::child_path("control.osc", i), *text);
    }
}

/// A pattern is one port, however many it connects to.
void check_port_patterns(const std::optional<std::vector<std::string>>& ports, int width, config::Position at, const std::string& path, Collector& warn) {
    if (!ports || static_cast<int>(ports->size()) == width) return;
    const auto pattern = std::ranges::find_if(*ports, [](const auto& port) { return config::port_regex(port).has_value(); });
    if (pattern == ports->end()) return;
    warn.add(at, path, fmt::format("{} for {}: each entry is one port, and {} connects that one to everything it matches; list one entry a channel",
                                   config::counted(ports->size(), "port"), config::counted(static_cast<std::size_t>(width), "channel"), config::quote(*pattern)));
}

void check_group(const graph::Desk& desk, const graph::Strip& group, Collector& warn) {
    const auto path = config::child_path(config::child_path("groups", group.name.substr(graph::kGroups.size())), "members");
    for (const auto& member : *group.members) {
        const auto named = [&](const graph::Strip& strip) { return !strip.members && graph::is_member(strip.name, {member}); };
        if (std::ranges::none_of(desk.strips, named)) warn.add(group.position, path, fmt::format("{} matches no strip", config::quote(member)));
    }
}

} // namespace

std::optional<std::string> nobody_allowed(std::string_view url, bool any_allowed) {
    const auto parsed = control::osc::Url::parse(url);
    if (!parsed) return fmt::format("this can't be listened on: {}", parsed.error());
    if (any_allowed || parsed->ip.loopback()) return {};
    return fmt::format("{} hears the network, but everybody except this machine is refused; name who may control, as in \"allow\": [\"192.168.1.0/24\"]", url);
}

std::vector<config::Diagnostic> warnings(const graph::Desk& desk, const graph::Layout& layout) {
    Collector warn(desk.file);
    check_promises(desk, warn);
    check_urls(desk, warn);
    for (std::size_t s = 0; s < desk.strips.size(); ++s) {
        const auto& strip = desk.strips[s];
        if (strip.members) check_group(desk, strip, warn);
        check_port_patterns(strip.inputs, layout.strips[s].channels_in, strip.inputs_at, config::child_path(config::child_path("strips", strip.name), "input"), warn);
        check_port_patterns(strip.outputs, layout.strips[s].channels_out, strip.outputs_at, config::child_path(config::child_path("strips", strip.name), "output"), warn);
    }
    return warn.take();
}

} // namespace ton::app
