// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/subcommands.hpp"

#include "app/graph.hpp"
#include "app/measure.hpp"
#include "app/reference.hpp"
#include "app/remote.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <memory>

namespace ton::app {

namespace {

constexpr const char* kList = "\x1f"; // in front of a list, which CLI11 would take to pieces

std::vector<std::string> as_typed(std::vector<std::string> words) {
    for (auto& word : words)
        if (word.starts_with(kList)) word.erase(0, 1);
    return words;
}

void add_modules(CLI::App& app, Work& work) {
    struct Args {
        std::string name;
        bool json = false, markdown = false;
    };
    auto* sub = app.add_subcommand("modules", "The modules and their parameters: units, ranges, defaults, help");
    auto a = std::make_shared<Args>();
    sub->add_option("NAME", a->name, "One module with all its parameters (default: the list of modules)");
    auto* json = sub->add_flag("--json", a->json, "The whole tables as JSON");
    sub->add_flag("--markdown", a->markdown, "The whole tables as docs/modules.md has them")->excludes(json);
    sub->callback([a, &work] {
        const auto form = a->json ? Form::json : a->markdown ? Form::markdown : Form::text;
        work = [a, form] { return print_modules(a->name, form); };
    });
}

void add_remote(CLI::App& sub, const std::shared_ptr<Remote>& remote) {
    sub.add_option("--url", remote->url, "The daemon's OSC: udp://, tcp:// or tcp+slip://HOST:PORT")->envname("TONMEISTER_URL")->capture_default_str();
    sub.add_option("--timeout", remote->timeout, "Seconds to wait for an answer")->check(CLI::Range(0.001, 3600.0))->capture_default_str();
}

void add_get(CLI::App& app, Work& work) {
    auto* sub = app.add_subcommand("get", "Ask the daemon for the value of an address, or of all that a pattern matches");
    auto remote = std::make_shared<Remote>();
    auto address = std::make_shared<std::string>();
    auto plain = std::make_shared<bool>(false);
    sub->add_option("ADDR", *address, "Address such as /host/fader/level, or a pattern such as '/*/fader/level'")->required();
    sub->add_flag("--plain", *plain, "Without units");
    add_remote(*sub, remote);
    sub->callback([=, &work] { work = [=] { return get(*remote, *address, *plain); }; });
}

void add_set(CLI::App& app, Work& work) {
    auto* sub = app.add_subcommand("set", "Set a value and wait until it is in effect; print the one applied where it is another");
    auto remote = std::make_shared<Remote>();
    auto address = std::make_shared<std::string>();
    auto values = std::make_shared<std::vector<std::string>>();
    sub->add_option("ADDR", *address, "Address or pattern; …/inc, …/toggle and …/normal, too")->required();
    sub->add_option("VALUE", *values, "The value, and the seconds that the fade to it takes");
    add_remote(*sub, remote);
    sub->callback([=, &work] {
        if (values->empty() && !address->ends_with("/toggle")) throw CLI::RequiredError("VALUE");
        work = [=] { return set(*remote, *address, as_typed(*values)); };
    });
}

void add_watch(CLI::App& app, Work& work) {
    struct Args {
        WatchOptions options;
        double rate = 0, seconds = 0;
        int count = 0;
    };
    auto* sub = app.add_subcommand("watch", "Print the values that a pattern matches, and each change, until SIGINT");
    auto remote = std::make_shared<Remote>();
    auto a = std::make_shared<Args>();
    sub->add_option("PATTERN", a->options.pattern, "Address or pattern such as '/*/meter/peak'")->required();
    auto* rate = sub->add_option("--rate", a->rate, "Meters so many times a second")->check(CLI::PositiveNumber);
    auto* seconds = sub->add_option("--seconds", a->seconds, "Stop after so long")->check(CLI::PositiveNumber);
    auto* count = sub->add_option("--count", a->count, "Stop after so many lines")->check(CLI::PositiveNumber);
    add_remote(*sub, remote);
    sub->callback([=, &work] {
        if (*rate) a->options.rate = a->rate;
        if (*seconds) a->options.seconds = a->seconds;
        if (*count) a->options.count = a->count;
        work = [=] { return watch(*remote, a->options); };
    });
}

void add_send(CLI::App& app, Work& work) {
    auto* sub = app.add_subcommand("send", "Send any OSC message and print what is answered");
    auto remote = std::make_shared<Remote>();
    auto address = std::make_shared<std::string>();
    auto arguments = std::make_shared<std::vector<std::string>>();
    sub->add_option("ADDR", *address, "Address such as /tonmeister/status")->required();
    sub->add_option("ARGS", *arguments, "Numbers, true, false, words, JSON; in quotes within quotes it is a text");
    add_remote(*sub, remote);
    sub->callback([=, &work] { work = [=] { return send(*remote, *address, as_typed(*arguments)); }; });
}

} // namespace

void add_reference_commands(CLI::App& app, Work& work) {
    add_modules(app, work);
    app.add_subcommand("schema", "The JSON Schema of a config, for editors")->callback([&work] { work = print_schema; });
    auto* sub = app.add_subcommand("graph", "A config's strips and their connections as a Graphviz graph");
    auto path = std::make_shared<std::string>();
    sub->add_option("CONFIG", *path, "JSON config")->required();
    sub->callback([path, &work] { work = [path] { return print_graph(*path); }; });
}

void add_measure(CLI::App& app, Work& work) {
    auto* sub = app.add_subcommand("measure", "Loudness, true peak and quality control of sound files");
    struct Args {
        MeasureCommand command;
        double target = 0;
    };
    auto a = std::make_shared<Args>();
    sub->add_option("FILE", a->command.files, "Sound files")->required();
    sub->add_flag("--json", a->command.json, "An array with one object a file");
    sub->add_flag("--strict", a->command.strict, "Exit 1 where a verdict is fail (else only where a file can't be read)");
    auto* target = sub->add_option("--target", a->target, "LUFS to be met, as in -23 (default: loudness is not judged)")->check(CLI::Range(-70.0, 0.0));
    sub->add_option("--tolerance", a->command.options.tolerance, "LU around the target")->check(CLI::Range(0.0, 20.0))->capture_default_str();
    sub->add_option("--true-peak", a->command.options.true_peak_max, "Highest true peak allowed, dBTP")->check(CLI::Range(-60.0, 20.0))->capture_default_str();
    sub->callback([a, target, &work] {
        if (*target) a->command.options.target = a->target;
        work = [a] { return measure(a->command); };
    });
}

namespace {

bool is_number(std::string_view word) {
    double value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    return end == word.data() + word.size() && error == std::errc{};
}

} // namespace

std::vector<std::string> values_last(std::vector<std::string> words) {
    if (words.empty() || (words.front() != "set" && words.front() != "send")) return words;
    std::vector<std::string> options{words.front()}, values;
    bool all = false; // behind "--" nothing is an option
    for (auto word = words.begin() + 1; word != words.end(); ++word) {
        if (!all && *word == "--") {
            all = true;
        } else if (all || !word->starts_with('-') || is_number(*word)) {
            values.push_back(std::move(*word));
        } else {
            const bool takes_one = *word == "--url" || *word == "--timeout";
            options.push_back(std::move(*word));
            if (takes_one && word + 1 != words.end()) options.push_back(std::move(*++word));
        }
    }
    options.emplace_back("--");
    for (auto& value : values) options.push_back(value.starts_with('[') ? kList + value : std::move(value));
    return options;
}

std::vector<std::string> config_first(std::vector<std::string> words) {
    if (words.empty() || (words.front() != "run" && words.front() != "render")) return words;
    std::vector<std::string> configs{words.front()}, rest;
    std::string_view list; // what every value of the option that we are in has
    int values = 0;
    for (auto word = words.begin() + 1; word != words.end(); ++word) {
        if (word->starts_with('-')) {
            const auto option = std::string_view(*word).substr(0, word->find('='));
            list = option == "--osc" ? "://" : option == "--input" || option == "--output" ? "=" : "";
            values = option.size() < word->size() ? 1 : 0; // --osc=URL has its first with it
        } else if (!list.empty() && ++values > 1 && word->find(list) == std::string::npos) {
            configs.push_back(std::move(*word));
            continue;
        }
        rest.push_back(std::move(*word));
    }
    configs.insert(configs.end(), std::make_move_iterator(rest.begin()), std::make_move_iterator(rest.end()));
    return configs;
}

void add_remote_commands(CLI::App& app, Work& work) {
    add_get(app, work);
    add_set(app, work);
    add_watch(app, work);
    add_send(app, work);
}

} // namespace ton::app
