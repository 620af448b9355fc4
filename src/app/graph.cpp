// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/graph.hpp"

#include "control/console.hpp"
#include "graph/expand.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <filesystem>

namespace ton::app {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// A quoted identifier of the DOT language, in which only the quote needs escaping; a backslash would begin an
/// escape of a label.
std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

class Drawing {
  public:
    Drawing(const graph::Desk& desk, const graph::Layout& layout, double sample_rate)
        : desk_(desk), layout_(layout), rate_(sample_rate) {}

    std::string draw() {
        text_ = fmt::format("digraph {} {{\n    rankdir=LR;\n    node [shape=box, fontname=\"sans-serif\"];\n"
                            "    edge [fontname=\"sans-serif\", fontsize=10];\n",
                            in_quotes(desk_.name.empty() ? desk_.file : desk_.name));
        for (const auto stage : {config::Stage::track, config::Stage::mix, config::Stage::master}) cluster(stage);
        for (int s = 0; s < static_cast<int>(desk_.strips.size()); ++s) {
            ports(s);
            feeds(s);
            side_chains(s);
        }
        return text_ + "}\n";
    }

  private:
    const graph::Strip& strip(int s) const { return desk_.strips[at(s)]; }

    void cluster(config::Stage stage) {
        std::string strips;
        for (std::size_t s = 0; s < desk_.strips.size(); ++s)
            if (desk_.strips[s].stage == stage && !desk_.strips[s].members) strips += "        " + in_quotes(desk_.strips[s].name) + " [label=" + label(static_cast<int>(s)) + "];\n";
        if (strips.empty()) return;
        text_ += fmt::format("    subgraph cluster_{0} {{\n        label=\"{0}\"; style=rounded; color=gray;\n{1}    }}\n", config::to_text(stage), strips);
    }

    std::string label(int s) const {
        const auto& from = strip(s);
        const auto& widths = layout_.strips[at(s)];
        std::string text = from.name;
        if (!from.display_name.empty()) text += "\n" + from.display_name;
        text += fmt::format("\n{} to {} ch, {}", widths.channels_in, widths.channels_out, time(layout_.latency_of(s)));
        for (const auto& module : from.chain)
            if (!graph::is_own(module)) text += "\n" + module.name;
        auto out = in_quotes(text);
        for (std::size_t i = 0; (i = out.find('\n', i)) != std::string::npos; i += 2) out.replace(i, 1, "\\n");
        return out;
    }

    std::string time(int frames) const { return frames == 0 ? "no latency" : fmt::format("{} frames ({:.2f} ms)", frames, 1000.0 * frames / rate_); }

    /// `what`, and the delay that this path is given.
    std::string edge(const std::string& from, int to, std::string what, int delay, std::string_view style) const {
        if (delay > 0) what += fmt::format("{}+{}", what.empty() ? "" : " ", time(delay));
        return fmt::format("    {} -> {} [style={}{}];\n", in_quotes(from), in_quotes(strip(to).name), style,
                           what.empty() ? "" : ", label=" + in_quotes(what));
    }

    void feeds(int s) {
        const auto& own = layout_.strips[at(s)];
        const int arrival = layout_.nodes[at(own.nodes.front())].latency_in;
        for (const auto& feed : own.feeds) {
            if (feed.from == graph::Feed::From::strip)
                text_ += edge(strip(feed.strip).name, s, "", arrival - layout_.latency_of(feed.strip), "solid");
            if (feed.from == graph::Feed::From::send)
                text_ += edge(strip(feed.strip).name, s, strip(feed.strip).chain[at(feed.module)].name,
                              arrival - layout_.latency_at(feed.strip, feed.module), "dashed");
        }
    }

    void side_chains(int s) {
        for (const int n : layout_.strips[at(s)].nodes) {
            const auto& node = layout_.nodes[at(n)];
            if (node.listens.empty()) continue;
            // A module that listens begins a section, so it is the section's first.
            const auto& module = strip(s).chain[at(node.first)];
            for (const auto& point : node.listens)
                if (point.strip >= 0 && strip(point.strip).bus < 0)
                    text_ += edge(strip(point.strip).name, s, module.name, node.latency_in - layout_.latency_behind(point), module.type->sources ? "dashed" : "dotted");
        }
    }

    void ports(int s) {
        const auto& from = strip(s);
        if (from.inputs) port_box(s, *from.inputs, "in");
        if (from.outputs) port_box(s, *from.outputs, "out");
    }

    /// One box for the ports of a side, named as the ports are: host/in.
    void port_box(int s, const std::vector<std::string>& names, std::string_view side) {
        std::string text;
        for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
        const auto box = fmt::format("{}/{}", strip(s).name, side);
        text_ += fmt::format("    {} [shape=plaintext, label={}];\n", in_quotes(box), in_quotes(text.empty() ? "free ports" : text));
        const auto a = in_quotes(side == "in" ? box : strip(s).name), b = in_quotes(side == "in" ? strip(s).name : box);
        text_ += fmt::format("    {} -> {};\n", a, b);
    }

    const graph::Desk& desk_;
    const graph::Layout& layout_;
    double rate_;
    std::string text_;
};

} // namespace

std::string dot(const graph::Desk& desk, const graph::Layout& layout, double sample_rate) { return Drawing(desk, layout, sample_rate).draw(); }

int print_graph(const std::string& path) {
    std::vector<config::Diagnostic> errors;
    const auto desk = control::Console::load(path, errors);
    if (!errors.empty()) return fmt::print(stderr, "{}", config::format(errors)), 1;
    const graph::Conditions conditions{.sample_rate = static_cast<double>(desk.engine.sample_rate.value),
                                       .directory = std::filesystem::path(path).parent_path().string(), .injected = {}, .captured = {}};
    config::Diagnostics late(path);
    const auto layout = graph::make_layout(desk, conditions, late);
    if (!late.empty()) return fmt::print(stderr, "{}", config::format(late.take())), 1;
    const auto laid = graph::expand(desk);
    fmt::print("{}", dot(laid ? *laid : desk, layout, conditions.sample_rate));
    return 0;
}

} // namespace ton::app
