// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/bench/bench.hpp"
#include "app/check.hpp"
#include "app/render.hpp"
#include "app/run.hpp"
#include "app/subcommands.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace {

using namespace ton;

using app::Work;

std::vector<std::pair<std::string, std::string>> pairs(const std::vector<std::string>& words, const char* option) {
    std::vector<std::pair<std::string, std::string>> all;
    for (const auto& w : words) {
        const auto equals = w.find('=');
        if (equals == std::string::npos || equals == 0 || equals + 1 == w.size())
            throw CLI::ValidationError(option, "\"" + w + "\": expected STRIP=FILE");
        all.emplace_back(w.substr(0, equals), w.substr(equals + 1));
    }
    return all;
}

void add_run(CLI::App& app, Work& work) {
    auto* sub = app.add_subcommand("run", "The daemon, in the foreground, until SIGINT or SIGTERM; SIGHUP reloads the config");
    auto o = std::make_shared<app::RunOptions>();
    sub->add_option("CONFIG", o->config, "JSON config")->required();
    sub->add_option("--backend", o->backend, "auto takes a running JACK or PipeWire server, else the internal clock")
        ->check(CLI::IsMember({"auto", "jack", "pipewire", "internal"}))->capture_default_str();
    sub->add_option("--name", o->name, "Client name with the audio server (default: tonmeister)");
    sub->add_option("--server", o->server, "Name of the JACK server (default: the default one)");
    sub->add_option("--osc", o->osc, "OSC URL instead of the config's: udp://HOST:PORT, tcp://…, tcp+slip://… (repeatable)");
    sub->add_option("--state", o->state, "File of the live settings (default: in the user's state directory)");
    sub->add_flag("--watch", o->watch, "Reload the config whenever its file is written");
    sub->add_flag("--fresh", o->fresh, "Start from the config alone, without the settings saved last time");
    sub->add_flag("--verbose", o->verbose, "Log more");
    sub->callback([o, &work] { work = [o] { return app::run(*o); }; });
}

void add_check(CLI::App& app, Work& work) {
    auto* sub = app.add_subcommand("check", "Validate a config; print its strips, their order and latencies");
    auto path = std::make_shared<std::string>();
    sub->add_option("CONFIG", *path, "JSON config")->required();
    sub->callback([path, &work] { work = [path] { return app::check(*path); }; });
}

void add_render(CLI::App& app, Work& work) {
    auto* sub = app.add_subcommand("render", "Run a config offline on files, faster than real time");
    struct Args {
        app::RenderOptions options;
        std::vector<std::string> inputs, outputs;
        double length = 0;
        bool no_dither = false;
    };
    auto a = std::make_shared<Args>();
    sub->add_option("CONFIG", a->options.config, "JSON config")->required();
    sub->add_option("--input", a->inputs, "STRIP=FILE: feed a file into a strip (repeatable)");
    sub->add_option("--output", a->outputs, "STRIP=FILE: write a strip's output; .wav .rf64 .flac .ogg (repeatable)")->required();
    sub->add_option("--events", a->options.events, "File of timed OSC messages: TIME ADDRESS ARGS… a line");
    sub->add_option("--block", a->options.block, "Frames a block (default: the config's)")->check(CLI::Range(1, 8192));
    auto* length = sub->add_option("--length", a->length, "Seconds to render (default: the longest input)")->check(CLI::PositiveNumber);
    sub->add_option("--tail", a->options.tail, "Seconds more than the longest input")->check(CLI::NonNegativeNumber);
    sub->add_option("--bits", a->options.bits, "16, 24 or 32f")->check(CLI::IsMember({"16", "24", "32f"}))->capture_default_str();
    sub->add_flag("--raw", a->options.raw, "Keep the latency of the chain in the output");
    sub->add_flag("--no-dither", a->no_dither, "Round to 16 or 24 bit instead of TPDF dither");
    sub->add_flag("--quiet", a->options.quiet, "No progress");
    sub->add_option("--lanes", a->options.lane_width, "At most so many strips side by side: 1, 4, 8 or 16 (for tests)")->group("");
    sub->callback([a, length, &work] {
        a->options.inputs = pairs(a->inputs, "--input");
        a->options.outputs = pairs(a->outputs, "--output");
        if (*length) a->options.length = a->length;
        a->options.dither = !a->no_dither;
        work = [a] { return app::render(a->options); };
    });
}

void add_bench(CLI::App& app, Work& work) {
    auto* sub = app.add_subcommand("bench", "Measure this machine: strips in real time, overheads, reload, meters, limiter");
    auto o = std::make_shared<app::BenchOptions>();
    sub->add_flag("--json", o->json, "JSON with stable keys");
    sub->add_flag("--quick", o->quick, "A fraction of the work: a try, no figures");
    sub->add_option("NAME", o->only, "Only these")->check(CLI::IsMember(app::bench_names()));
    sub->callback([o, &work] { work = [o] { return app::bench(*o); }; });
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app("Tonmeister: a mixing and mastering desk without a screen, played over OSC.");
    app.name("tonmeister");
    app.set_version_flag("--version", TONMEISTER_VERSION);
    app.require_subcommand(1);
    Work work;
    add_run(app, work);
    add_check(app, work);
    add_render(app, work);
    app::add_reference_commands(app, work);
    app::add_measure(app, work);
    app::add_remote_commands(app, work);
    add_bench(app, work);
    try {
        auto words = app::config_first(app::values_last({argv + 1, argv + argc}));
        std::ranges::reverse(words); // CLI11 takes them from the end
        app.parse(std::move(words));
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }
    return work();
}
