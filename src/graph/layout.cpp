// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/layout.hpp"

#include "graph/expand.hpp"
#include "graph/routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <unordered_map>
#include <utility>

namespace ton::graph {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

std::string path_of(const Strip& s) { return "strips." + s.name; }

bool fits(int from, int to) { return from == to || (from == 1 && to == 2) || (from == 2 && to == 1); }

/// Builds a layout step by step; each step adds its errors and the next runs only if there were none.
class Builder {
  public:
    Builder(const Desk& desk, const Conditions& conditions, config::Diagnostics& errors)
        : desk_(desk), conditions_(conditions), errors_(errors) {
        layout_.strips.resize(desk.strips.size());
        source_widths_.resize(desk.strips.size());
        for (std::size_t i = 0; i < desk.strips.size(); ++i) index_.emplace(desk.strips[i].name, static_cast<int>(i));
    }

    Layout build() {
        // These two are told together with whatever was wrong before; the rest would only repeat it in other words.
        read_sources();
        targets_ = find_targets(desk_, errors_);
        if (!errors_.empty()) return std::move(layout_);
        collect_feeds();
        const auto order = order_strips();
        for (const int s : order) size_strip(s);
        if (!errors_.empty()) return std::move(layout_);
        for (int s = 0; s < static_cast<int>(desk_.strips.size()); ++s) cut_sections(s);
        for (std::size_t n = 0; n < layout_.nodes.size(); ++n) place_probes(static_cast<int>(n));
        if (!errors_.empty()) return std::move(layout_);
        connect_nodes();
        order_nodes();
        if (errors_.empty()) {
            compensate();
            collect_heard(order);
        }
        return std::move(layout_);
    }

  private:
    const Strip& strip(int s) const { return desk_.strips[at(s)]; }
    int index(std::string_view name) const {
        const auto it = index_.find(name);
        return it == index_.end() ? -1 : it->second;
    }
    const Module& module(int s, int m) const { return strip(s).chain[at(m)]; }

    /// Files that give a strip its width must be there, also where another width was written.
    void read_sources() {
        for (std::size_t s = 0; s < desk_.strips.size(); ++s)
            for (const auto& mod : desk_.strips[s].chain) {
                const int width = mod.type->source_channels ? source_width(mod) : 0;
                if (&mod == &desk_.strips[s].chain.front()) source_widths_[s] = width;
            }
    }

    int source_width(const Module& source) {
        const auto texts = resolved_texts(source, conditions_.directory);
        try {
            return source.type->source_channels({source.type->parameters, source.values, texts});
        } catch (const std::exception& e) {
            const int row = source.row("file");
            const bool known = row >= 0;
            errors_.add(known ? source.at[at(row)] : source.position, known ? config::child_path(source.path, "file") : source.path, e.what());
        }
        return 0;
    }

    void collect_feeds() {
        for (int s = 0; s < static_cast<int>(desk_.strips.size()); ++s) {
            auto& layout = layout_.strips[at(s)];
            const bool injected = conditions_.injected.contains(strip(s).key());
            if (strip(s).inputs || injected) layout.feeds.insert(layout.feeds.begin(), {Feed::From::ports});
            for (const auto& to : strip(s).to)
                if (const int t = index(to); t >= 0) layout_.strips[at(t)].feeds.push_back({Feed::From::strip, s});
            for (int m = 0; m < static_cast<int>(strip(s).chain.size()); ++m)
                if (const int t = targets_[at(s)].sends[at(m)]; t >= 0)
                    layout_.strips[at(t)].feeds.push_back({Feed::From::send, s, m});
        }
        collect_taps();
        for (auto& layout : layout_.strips) // ports first, then in the order of the desk
            std::ranges::stable_sort(layout.feeds, {}, [](const Feed& f) { return f.from == Feed::From::ports ? -1 : f.strip; });
    }

    /// What the solo buses hear: every strip, except those that hear the buses themselves, in whatever way.
    void collect_taps() {
        const auto first_bus = std::ranges::find_if(desk_.strips, [](const Strip& s) { return s.bus >= 0; });
        if (first_bus == desk_.strips.end()) return;
        const auto fed = hearers();
        std::vector<char> reached(desk_.strips.size(), 0);
        std::vector<int> queue;
        for (auto bus = first_bus; bus != desk_.strips.end(); ++bus) queue.push_back(static_cast<int>(bus - desk_.strips.begin()));
        for (std::size_t i = 0; i < queue.size(); ++i) // it grows
            for (const int next : fed[at(queue[i])])
                if (std::exchange(reached[at(next)], 1) == 0) queue.push_back(next);
        for (int s = 0; s < static_cast<int>(desk_.strips.size()); ++s) {
            const auto& chain = strip(s).chain;
            const auto mute = std::ranges::find(chain, kMute, &Module::name);
            if (strip(s).members || mute == chain.end() || reached[at(s)] != 0) continue;
            auto& taps = layout_.strips[at(s)].taps;
            const bool faded = mute != chain.begin() && std::prev(mute)->type->name == "fader";
            taps[engine::kPfl] = static_cast<int>(mute - chain.begin()) - (faded ? 1 : 0);
            taps[engine::kAfl] = static_cast<int>(chain.size()) - 1; // the meter, behind everything
            for (auto bus = first_bus; bus != desk_.strips.end(); ++bus)
                layout_.strips[at(static_cast<int>(bus - desk_.strips.begin()))].feeds.push_back({Feed::From::tap, s, taps[bus->bus]});
        }
    }

    /// By strip, who hears it: is fed by it, or listens to it.
    std::vector<std::vector<int>> hearers() const {
        std::vector<std::vector<int>> fed(desk_.strips.size());
        for (int s = 0; s < static_cast<int>(desk_.strips.size()); ++s) {
            for (const auto& feed : layout_.strips[at(s)].feeds)
                if (feed.from != Feed::From::ports) fed[at(feed.strip)].push_back(s);
            for (const auto& points : targets_[at(s)].listens)
                for (const auto& point : points)
                    if (point.strip >= 0) fed[at(point.strip)].push_back(s);
        }
        return fed;
    }

    /// Feeders before the fed; there is no circle any more.
    std::vector<int> order_strips() {
        std::vector<int> order;
        std::vector<char> seen(desk_.strips.size(), 0);
        for (int s = 0; s < static_cast<int>(desk_.strips.size()); ++s) visit(s, seen, order);
        return order;
    }

    void visit(int s, std::vector<char>& seen, std::vector<int>& order) {
        if (std::exchange(seen[at(s)], 1) != 0) return;
        for (const auto& feed : layout_.strips[at(s)].feeds)
            if (feed.from != Feed::From::ports) visit(feed.strip, seen, order);
        for (const auto& point : sources(s)) visit(point.strip, seen, order);
        order.push_back(s);
    }

    /// What a strip hears through its modules.
    std::vector<Point> sources(int s) const {
        std::vector<Point> all;
        for (int m = 0; m < static_cast<int>(strip(s).chain.size()); ++m)
            if (module(s, m).type->sources)
                std::ranges::copy_if(targets_[at(s)].listens[at(m)], std::back_inserter(all), [](const Point& p) { return p.strip >= 0; });
        return all;
    }

    int width_behind(const Point& point) const {
        const auto& source = layout_.strips[at(point.strip)];
        return point.module < 0 ? source.channels_out : source.widths[at(point.module + 1)];
    }

    int width_of(const Feed& feed) const {
        const auto& source = layout_.strips[at(feed.strip)];
        if (feed.from == Feed::From::send && module(feed.strip, feed.module).half == 1) return 1; // a level
        if (feed.from == Feed::From::tap) return Layout::tap_width(source.widths[at(feed.module)]);
        return feed.from == Feed::From::strip ? source.channels_out : source.widths[at(feed.module)];
    }

    int derived_width(int s) {
        const auto& from = strip(s);
        if (from.channels > 0) return from.channels;
        if (from.inputs && !from.inputs->empty()) return static_cast<int>(from.inputs->size());
        if (const auto it = conditions_.injected.find(from.key()); it != conditions_.injected.end()) return it->second;
        if (source_widths_[at(s)] > 0) return source_widths_[at(s)];
        int widest = 1;
        for (const auto& feed : layout_.strips[at(s)].feeds)
            if (feed.from != Feed::From::ports) widest = std::max(widest, width_of(feed));
        for (const auto& point : sources(s)) widest = std::max(widest, width_behind(point));
        return widest;
    }

    static std::string channels(int n) { return fmt::format("{} channel{}", n, n == 1 ? "" : "s"); }

    /// Told where the connection is written, which is where it can be changed.
    void report_misfit(const Feed& feed, int s, int width) {
        const auto& source = strip(feed.strip);
        const auto text = fmt::format("{} has {} and {} has {}, expected as many, or mono into stereo, or stereo into mono",
                                      config::quote(source.name), channels(width_of(feed)), config::quote(strip(s).name), channels(width));
        if (feed.from == Feed::From::send) {
            const auto& send = module(feed.strip, feed.module);
            return errors_.add(send.at[at(send.row("to"))], config::child_path(send.path, "to"), text);
        }
        const auto entry = static_cast<std::size_t>(std::ranges::find(source.to, strip(s).name) - source.to.begin());
        errors_.add(entry < source.to_at.size() ? source.to_at[entry] : source.position, path_of(source) + ".to", text);
    }

    /// The widths that a module takes, for a message: 1, 2 or any of those up to 8.
    static std::string taken_by(const Module& module) {
        std::string text;
        for (int n = 1; n <= 8; ++n)
            if (module.type->channels_out(n, module.settings()) > 0) text += fmt::format("{}{}", text.empty() ? "" : " or ", n);
        return text.empty() ? "another module" : text;
    }

    /// Sources come at the width that the signal has where they join it.
    void check_sources(int s, int m, int width) {
        const auto& mod = module(s, m);
        if (!mod.type->sources) return;
        for (const auto& point : targets_[at(s)].listens[at(m)])
            if (point.strip >= 0 && strip(point.strip).bus < 0 && !fits(width_behind(point), width))
                errors_.add(mod.at[at(point.row)], config::child_path(mod.path, engine::parameter_path(mod.type->parameters[at(point.row)])),
                            fmt::format("{} has {} and {} has {}, expected as many, or mono into stereo, or stereo into mono", config::quote(mod.texts[at(point.row)]),
                                        channels(width_behind(point)), config::quote(strip(s).name), channels(width)));
    }

    void size_strip(int s) {
        auto& layout = layout_.strips[at(s)];
        const auto& from = strip(s);
        int width = layout.channels_in = derived_width(s);
        for (const auto& feed : layout.feeds)
            if (feed.from != Feed::From::ports && !fits(width_of(feed), width)) report_misfit(feed, s, width);
        if (width > engine::kMaxChannels)
            errors_.add(from.position, path_of(from), fmt::format("found {} channels, expected at most {}", width, engine::kMaxChannels));
        for (int m = 0; m < static_cast<int>(from.chain.size()); ++m) {
            const auto& mod = module(s, m);
            layout.widths.push_back(width);
            check_sources(s, m, width);
            const int out = mod.half == 1 ? width + 1 : mod.half == 2 ? width - 1 : mod.type->channels_out(width, mod.settings());
            if (out == 0) {
                errors_.add(mod.position, mod.path, fmt::format("{} can't take {}, expected {}", mod.type->name, channels(width), taken_by(mod)));
                return;
            }
            width = out;
        }
        layout.widths.push_back(width);
        layout.channels_out = width;
        count_ports(s);
    }

    void count_ports(int s) {
        auto& layout = layout_.strips[at(s)];
        const auto& from = strip(s);
        const auto count = [&](const auto& ports, config::Position place, int width, const char* what) {
            if (!ports) return 0;
            const int n = ports->empty() ? width : static_cast<int>(ports->size());
            if (!fits(n, width))
                errors_.add(place, path_of(from) + "." + what,
                            fmt::format("found {} port{} for {}, expected as many ports as the strip has channels", n, n == 1 ? "" : "s", channels(width)));
            return n;
        };
        layout.input_ports = count(from.inputs, from.inputs_at, layout.channels_in, "input");
        layout.output_ports = count(from.outputs, from.outputs_at, layout.channels_out, "output");
        if (const auto it = conditions_.injected.find(from.key()); it != conditions_.injected.end()) {
            layout.input_ports = it->second;
            if (!fits(it->second, layout.channels_in))
                errors_.add(from.position, path_of(from), fmt::format("the file has {} and the strip {}, expected as many, or mono into stereo, or stereo into mono", channels(it->second), channels(layout.channels_in)));
        }
        if (layout.output_ports == 0 && std::ranges::find(conditions_.captured, from.key()) != conditions_.captured.end())
            layout.output_ports = layout.channels_out;
    }

    void check_insert(const Module& mod, int width) {
        for (std::size_t r = 0; r < mod.texts.size(); ++r) {
            if (!mod.type->parameters[r].ports) continue;
            const auto path = config::child_path(mod.path, mod.type->parameters[r].name);
            const auto ports = lines_of(mod.texts[r]);
            for (const auto& port : ports)
                if (const auto wrong = config::port_error(port); !wrong.empty())
                    errors_.add(mod.at[r], path, wrong + ", expected CLIENT:PORT such as \"system:playback_9\", or a /regex/ of it");
            if (!ports.empty() && static_cast<int>(ports.size()) != width)
                errors_.add(mod.at[r], path, fmt::format("found {} port{} for {}, expected one for each, or none", ports.size(), ports.size() == 1 ? "" : "s", channels(width)));
        }
    }

    engine::Setup setup_of(int s, int m) {
        const auto& mod = module(s, m);
        const auto& layout = layout_.strips[at(s)];
        engine::Setup setup;
        setup.sample_rate = conditions_.sample_rate;
        setup.channels_in = layout.widths[at(m)];
        setup.channels_out = layout.widths[at(m + 1)];
        setup.latency = mod.type->latency ? mod.type->latency(mod.settings(), conditions_.sample_rate) : 0;
        if (mod.type->insert) {
            setup.latency += conditions_.period;
            setup.tap_channels = setup.sidechain_channels = setup.channels_in;
            check_insert(mod, setup.channels_in);
            return setup;
        }
        if (const int t = targets_[at(s)].sends[at(m)]; t >= 0) setup.tap_channels = mod.half == 1 ? 1 : tap_width(setup.channels_in, layout_.strips[at(t)].channels_in);
        setup.half = mod.half;
        for (const auto& point : targets_[at(s)].listens[at(m)])
            setup.sidechain_channels += mod.type->sources ? setup.channels_in : width_behind(point);
        return setup;
    }

    static int tap_width(int from, int to) { return fits(from, to) ? to : from; }

    void cut_sections(int s) {
        const int count = static_cast<int>(strip(s).chain.size());
        for (int m = 0; m < count; ++m) {
            const auto& mod = module(s, m);
            const bool lanes = mod.type->lanes != nullptr;
            auto& own = layout_.strips[at(s)].nodes;
            // A module that listens elsewhere begins a section: what is before it need not wait.
            const bool fresh = own.empty() || !lanes || !layout_.nodes[at(own.back())].lanes || !targets_[at(s)].listens[at(m)].empty();
            if (fresh) {
                own.push_back(static_cast<int>(layout_.nodes.size()));
                layout_.nodes.push_back({.strip = s, .first = m, .count = 0, .lanes = lanes, .setups = {}, .listens = targets_[at(s)].listens[at(m)], .probes = {}, .sends = {},
                                         .identity = strip(s).key() + "#", .signature = lanes ? "" : strip(s).key() + "#", .waits_for = {}});
                layout_.nodes.back().channels_in = layout_.strips[at(s)].widths[at(m)];
            }
            add_to_section(layout_.nodes[at(own.back())], s, m);
        }
    }

    void add_to_section(Node& node, int s, int m) {
        const auto& mod = module(s, m);
        const auto setup = setup_of(s, m);
        ++node.count;
        node.channels_out = setup.channels_out;
        node.setups.push_back(setup);
        if (targets_[at(s)].sends[at(m)] >= 0 || mod.type->insert) node.sends.push_back(m);
        const auto shape = fmt::format("{}({}>{},s{},t{},l{})", mod.type->name, setup.channels_in, setup.channels_out,
                                       setup.sidechain_channels, setup.tap_channels, setup.latency);
        node.signature += shape + ";";
        node.identity += mod.name + ":" + shape;
        if (const int t = targets_[at(s)].sends[at(m)]; t >= 0) node.identity += ">" + strip(t).key();
        if (!mod.type->lanes) // another file or structure is another thing; what is listened to only comes by other edges
            for (std::size_t r = 0; r < mod.values.size(); ++r)
                if (const auto& row = mod.type->parameters[r]; row.structural && !row.point && !row.ports) node.identity += fmt::format(",{}{}", mod.values[r], mod.texts[r]);
        node.identity += ";";
    }

    /// Where the middle of a section is listened to, it is heard there; at its end it has an output anyway.
    void place_probes(int n) {
        for (const auto& point : layout_.nodes[at(n)].listens) {
            if (point.strip < 0) continue;
            auto& source = layout_.nodes[at(layout_.node_of(point.strip, point.module))];
            if (point.module < 0 || point.module == source.first + source.count - 1) continue;
            if (std::ranges::find(source.probes, point.module) == source.probes.end()) source.probes.push_back(point.module);
        }
    }

    void connect_nodes() {
        for (std::size_t s = 0; s < layout_.strips.size(); ++s) {
            const auto& own = layout_.strips[s].nodes;
            auto& head = layout_.nodes[at(own.front())];
            for (const auto& feed : layout_.strips[s].feeds) {
                if (feed.from == Feed::From::strip) head.waits_for.push_back(layout_.strips[at(feed.strip)].nodes.back());
                if (feed.from == Feed::From::send || feed.from == Feed::From::tap) head.waits_for.push_back(layout_.node_of(feed.strip, feed.module));
            }
            for (std::size_t i = 0; i < own.size(); ++i) {
                auto& node = layout_.nodes[at(own[i])];
                if (i > 0) node.waits_for.push_back(own[i - 1]);
                for (const auto& point : node.listens)
                    if (point.strip >= 0) node.waits_for.push_back(layout_.node_of(point.strip, point.module));
            }
        }
    }

    void order_nodes() {
        const auto n = layout_.nodes.size();
        std::vector<int> missing(n), ready;
        std::vector<std::vector<int>> followers(n);
        for (std::size_t i = 0; i < n; ++i) {
            missing[i] = static_cast<int>(layout_.nodes[i].waits_for.size());
            for (const int w : layout_.nodes[i].waits_for) followers[at(w)].push_back(static_cast<int>(i));
            if (missing[i] == 0) ready.push_back(static_cast<int>(i));
        }
        for (std::size_t i = 0; i < ready.size(); ++i)
            for (const int f : followers[at(ready[i])]) {
                auto& level = layout_.nodes[at(f)].level;
                level = std::max(level, layout_.nodes[at(ready[i])].level + 1);
                if (--missing[at(f)] == 0) ready.push_back(f);
            }
        layout_.order = ready;
        std::ranges::stable_sort(layout_.order, {}, [&](int i) { return layout_.nodes[at(i)].level; });
        if (ready.size() < n) report_listening_cycle(missing);
    }

    /// Strips feed each other without a circle, so a side-chain is part of this one.
    void report_listening_cycle(const std::vector<int>& missing) {
        int node = 0;
        while (missing[at(node)] == 0) ++node;
        std::vector<int> trail;
        while (std::ranges::find(trail, node) == trail.end()) {
            trail.push_back(node);
            for (const int w : layout_.nodes[at(node)].waits_for)
                if (missing[at(w)] > 0) {
                    node = w;
                    break;
                }
        }
        std::string text = strip(layout_.nodes[at(node)].strip).name, last = text;
        for (auto it = trail.rbegin(); it != trail.rend(); ++it) {
            const auto& name = strip(layout_.nodes[at(*it)].strip).name;
            if (name != last || *it == node) text += " -> " + name;
            last = name;
            if (*it == node) break;
        }
        report_listener(trail, fmt::format("a side-chain makes the signal wait for itself ({}), expected one that does not hear this strip", text));
    }

    /// At the first side-chain of those nodes.
    void report_listener(const std::vector<int>& trail, const std::string& text) {
        for (const int n : trail) {
            const auto& node = layout_.nodes[at(n)];
            const auto named = std::ranges::find_if(node.listens, [](const Point& p) { return p.strip >= 0; });
            if (named == node.listens.end()) continue;
            const auto& listener = module(node.strip, node.first); // it began its section
            return errors_.add(listener.at[at(named->row)], config::child_path(listener.path, engine::parameter_path(listener.type->parameters[at(named->row)])), text);
        }
    }

    void compensate() {
        for (const int n : layout_.order) {
            auto& node = layout_.nodes[at(n)];
            const auto& own = layout_.strips[at(node.strip)];
            if (own.nodes.front() == n) {
                for (const auto& feed : own.feeds)
                    if (feed.from != Feed::From::ports)
                        node.latency_in = std::max(node.latency_in, feed.from == Feed::From::strip ? layout_.latency_of(feed.strip)
                                                                                                  : layout_.latency_at(feed.strip, feed.module));
            } else {
                const auto before = std::ranges::find(own.nodes, n) - 1;
                node.latency_in = layout_.nodes[at(*before)].latency_out;
            }
            for (const auto& point : node.listens)
                if (point.strip >= 0) node.latency_in = std::max(node.latency_in, layout_.latency_behind(point));
            node.latency_out = node.latency_in;
            for (const auto& setup : node.setups) node.latency_out += setup.latency;
        }
    }

    void collect_heard(const std::vector<int>& order) {
        std::vector<int> seen(desk_.strips.size(), -1);
        for (const int s : order) {
            auto& hears = layout_.strips[at(s)].hears;
            const auto add = [&](int h) {
                if (strip(h).bus < 0 && std::exchange(seen[at(h)], s) != s) hears.push_back(h);
            };
            add(s);
            for (const auto& feed : layout_.strips[at(s)].feeds)
                if (feed.from == Feed::From::strip || feed.from == Feed::From::send) std::ranges::for_each(layout_.strips[at(feed.strip)].hears, add);
            for (const auto& point : sources(s)) std::ranges::for_each(layout_.strips[at(point.strip)].hears, add);
        }
    }

    const Desk& desk_;
    const Conditions& conditions_;
    config::Diagnostics& errors_;
    Layout layout_;
    std::vector<Targets> targets_;
    std::vector<int> source_widths_;                  // of the file at a strip's head, or 0
    std::unordered_map<std::string_view, int> index_; // strips by name
};

} // namespace

int Layout::listened_width(const Desk& desk, const Node& node, std::size_t i) const {
    const auto& listener = *desk.strips[at(node.strip)].chain[at(node.first)].type;
    if (listener.sources || listener.insert) return node.channels_in;
    const auto& source = strips[at(node.listens[i].strip)];
    return node.listens[i].module < 0 ? source.channels_out : source.widths[at(node.listens[i].module + 1)];
}

int Layout::node_of(int strip, int module) const {
    const auto& own = strips[at(strip)].nodes;
    if (module < 0) return own.back();
    return *std::ranges::find_if(own, [&](int n) { return module < nodes[at(n)].first + nodes[at(n)].count; });
}

int Layout::latency_at(int strip, int module) const {
    const auto& node = nodes[at(node_of(strip, module))];
    int latency = node.latency_in;
    for (int m = node.first; m < module; ++m) latency += node.setups[at(m - node.first)].latency;
    return latency;
}

int Layout::latency_behind(const Point& point) const {
    if (point.module < 0) return latency_of(point.strip);
    const auto& node = nodes[at(node_of(point.strip, point.module))];
    return latency_at(point.strip, point.module) + node.setups[at(point.module - node.first)].latency;
}

std::vector<std::string> resolved_texts(const Module& module, const std::string& directory) {
    auto texts = module.texts;
    for (std::size_t r = 0; r < texts.size(); ++r)
        if (module.type->parameters[r].name == "file" && !texts[r].empty())
            texts[r] = (std::filesystem::path(directory) / texts[r]).string(); // an absolute name stays as it is
    return texts;
}

Layout make_layout(const Desk& desk, const Conditions& conditions, config::Diagnostics& errors) {
    const auto laid = expand(desk);
    return Builder(laid ? *laid : desk, conditions, errors).build();
}

} // namespace ton::graph
