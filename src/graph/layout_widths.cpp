// SPDX-License-Identifier: GPL-3.0-or-later
// Who feeds whom and who listens where, the widths that follow, and the ports.
#include "graph/layout_builder.hpp"

#include <algorithm>
#include <utility>

namespace ton::graph {

void LayoutBuilder::read_sources() {
    for (std::size_t s = 0; s < desk_.strips.size(); ++s)
        for (const auto& mod : desk_.strips[s].chain) {
            const int width = mod.type->source_channels ? source_width(mod) : 0;
            if (&mod == &desk_.strips[s].chain.front()) head_widths_[s] = width;
            if (source_widths_[s] == 0) source_widths_[s] = width;
        }
}

int LayoutBuilder::source_width(const Module& source) {
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

void LayoutBuilder::collect_feeds() {
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

void LayoutBuilder::collect_taps() {
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

std::vector<std::vector<int>> LayoutBuilder::hearers() const {
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

std::vector<int> LayoutBuilder::order_strips() {
    std::vector<int> order;
    std::vector<char> seen(desk_.strips.size(), 0);
    for (int s = 0; s < static_cast<int>(desk_.strips.size()); ++s) visit(s, seen, order);
    return order;
}

void LayoutBuilder::visit(int s, std::vector<char>& seen, std::vector<int>& order) {
    if (std::exchange(seen[at(s)], 1) != 0) return;
    for (const auto& feed : layout_.strips[at(s)].feeds)
        if (feed.from != Feed::From::ports) visit(feed.strip, seen, order);
    for (const auto& point : sources(s)) visit(point.strip, seen, order);
    order.push_back(s);
}

std::vector<Point> LayoutBuilder::sources(int s) const {
    std::vector<Point> all;
    for (int m = 0; m < static_cast<int>(strip(s).chain.size()); ++m)
        if (module(s, m).type->sources)
            std::ranges::copy_if(targets_[at(s)].listens[at(m)], std::back_inserter(all), [](const Point& p) { return p.strip >= 0; });
    return all;
}

int LayoutBuilder::width_behind(const Point& point) const {
    const auto& source = layout_.strips[at(point.strip)];
    return point.module < 0 ? source.channels_out : source.widths[at(point.module + 1)];
}

int LayoutBuilder::width_of(const Feed& feed) const {
    const auto& source = layout_.strips[at(feed.strip)];
    if (feed.from == Feed::From::send && module(feed.strip, feed.module).half == 1) return 1; // a level
    if (feed.from == Feed::From::tap) return Layout::tap_width(source.widths[at(feed.module)]);
    return feed.from == Feed::From::strip ? source.channels_out : source.widths[at(feed.module)];
}

int LayoutBuilder::derived_width(int s) {
    const auto& from = strip(s);
    if (from.channels > 0) return from.channels;
    if (from.inputs && !from.inputs->empty()) return static_cast<int>(from.inputs->size());
    if (const auto it = conditions_.injected.find(from.key()); it != conditions_.injected.end()) return it->second;
    if (head_widths_[at(s)] > 0) return head_widths_[at(s)];
    int widest = std::max(1, source_widths_[at(s)]); // further down a player adds to what comes
    for (const auto& feed : layout_.strips[at(s)].feeds)
        if (feed.from != Feed::From::ports) widest = std::max(widest, width_of(feed));
    for (const auto& point : sources(s)) widest = std::max(widest, width_behind(point));
    return widest;
}

void LayoutBuilder::report_misfit(const Feed& feed, int s, int width) {
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

std::string LayoutBuilder::taken_by(const Module& module) {
    std::string text;
    for (int n = 1; n <= 8; ++n)
        if (module.type->channels_out(n, module.settings()) > 0) text += fmt::format("{}{}", text.empty() ? "" : " or ", n);
    return text.empty() ? "another module" : text;
}

void LayoutBuilder::check_sources(int s, int m, int width) {
    const auto& mod = module(s, m);
    if (!mod.type->sources) return;
    for (const auto& point : targets_[at(s)].listens[at(m)])
        if (point.strip >= 0 && strip(point.strip).bus < 0 && !fits(width_behind(point), width))
            errors_.add(mod.at[at(point.row)], config::child_path(mod.path, engine::parameter_path(mod.type->parameters[at(point.row)])),
                        fmt::format("{} has {} and {} has {}, expected as many, or mono into stereo, or stereo into mono", config::quote(mod.texts[at(point.row)]),
                                    channels(width_behind(point)), config::quote(strip(s).name), channels(width)));
}

void LayoutBuilder::size_strip(int s) {
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
            layout.widths.resize(from.chain.size() + 1, width); // who hears it behind there asks for them
            return;
        }
        width = out;
    }
    layout.widths.push_back(width);
    layout.channels_out = width;
    count_ports(s);
}

void LayoutBuilder::count_ports(int s) {
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

void LayoutBuilder::check_insert(const Module& mod, int width) {
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

} // namespace ton::graph
