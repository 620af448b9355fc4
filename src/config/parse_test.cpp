// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/config.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace ton::config;

namespace {

// The example of the design, with every kind of key in it.
constexpr std::string_view late_show = R"({
  "$schema": "tonmeister.schema.json",
  "version": 1,
  "name": "late-show",
  "engine":  { "sample_rate": 96000, "block": 128, "threads": 2 }, "start": { "ramp": 0.25, "patience": 10 },
  "control": { "osc": ["udp://127.0.0.1:9000", "tcp+slip://[::1]:9001"], "http": "http://127.0.0.1:8080",
               "allow": ["192.168.1.0/24"], "media": "takes", "reply": ["udp://192.168.1.20:9001"] },
  "templates": {
    "polish": [ "voice", { "limiter": {} } ],
    "voice": [ { "highpass": { "frequency": 80 } }, { "compressor": { "threshold": -22, "ratio": 3 } } ]
  },
  "strips": {
    "host":   { "name": "The Host ♪", "stage": "track", "input": ["system:capture_1"],
                "chain": [ "polish", { "send": { "to": "mix", "level": -20 } },
                           { "eq": { "band": { "1": { "gain": 3, "on": true } }, "band/2/type": "notch",
                                     "curve": [1, [true, "x"], -0.5] }, "as": "air" } ],
                "to": ["mix", "master"], "mute": true, "solo": false },
    "mix":    { "channels": 2, "chain": [ { "fader": {} } ], "to": "master" },
    "master": { "stage": "master", "input": [], "output": ["system:playback_1", "/system:playback_[2-4]/"] }
  }
}
)";

std::string errors_of(std::string_view text) {
    const auto config = parse(text, "f");
    return config ? "" : format(config.error());
}

std::string errors_of_strips(const std::string& strips) {
    return errors_of("{\"version\": 1, \"strips\": {" + strips + "}}");
}

} // namespace

TEST_CASE("the general part of a config is read with its positions") {
    const auto config = parse(late_show, "late.json");
    REQUIRE(config.has_value());
    CHECK(config->file == "late.json");
    CHECK(config->schema == "tonmeister.schema.json");
    CHECK(config->name.value == "late-show");
    CHECK(config->name.at == Position{4, 11});
    CHECK(config->engine.sample_rate.value == 96000);
    CHECK(config->engine.block.value == 128);
    CHECK(config->engine.threads.value == 2);
    CHECK(config->start.ramp.value == 0.25);
    CHECK(config->start.patience.value == 10.0);
    const auto& control = config->control;
    REQUIRE(control.osc.has_value());
    REQUIRE(control.osc->size() == 2);
    CHECK((*control.osc)[1].value == "tcp+slip://[::1]:9001");
    CHECK((*control.osc)[1].at == Position{6, 48});
    CHECK(control.http->value == "http://127.0.0.1:8080");
    CHECK(control.allow.at(0).value == "192.168.1.0/24");
    CHECK(control.media->value == "takes");
    CHECK(control.reply.at(0).value == "udp://192.168.1.20:9001");
}

TEST_CASE("strips keep their order and all they say") {
    const auto config = parse(late_show, "late.json").value();
    REQUIRE(config.strips.size() == 3);
    const Strip& host = config.strips[0];
    CHECK(host.name.value == "host");
    CHECK(host.name.at == Position{13, 5});
    CHECK(host.display_name.value == "The Host ♪");
    CHECK(host.stage.value == Stage::track);
    CHECK_FALSE(host.channels.has_value());
    CHECK(host.input->at(0).value == "system:capture_1");
    CHECK_FALSE(host.output.has_value());
    REQUIRE(host.to.size() == 2);
    CHECK(host.to[1].value == "master");
    CHECK(host.mute.value);
    CHECK(host.solo.given());
    CHECK_FALSE(host.solo.value);
    CHECK(config.strips[1].stage.value == Stage::mix);
    CHECK_FALSE(config.strips[1].stage.given());
    CHECK(config.strips[1].channels->value == 2);
    const Strip& master = *config.find("master");
    REQUIRE(master.input.has_value()); // registered, left free
    CHECK(master.input->empty());
    CHECK(master.chain.empty());
    CHECK(port_regex(master.output->at(0).value) == std::nullopt);
    CHECK(port_regex(master.output->at(1).value) == "system:playback_[2-4]");
    CHECK(config.find("guest") == nullptr);
}

TEST_CASE("templates are put into chains, templates within them too") {
    const auto config = parse(late_show, "late.json").value();
    const auto& chain = config.strips[0].chain;
    REQUIRE(chain.size() == 5);
    CHECK(chain[0].type.value == "highpass");
    CHECK(chain[0].type.at == Position{10, 18});
    CHECK(chain[0].used_at == Position{14, 28});
    CHECK(chain[0].path == "templates.voice[0].highpass");
    CHECK(chain[1].parameters.at(1).path.value == "ratio");
    CHECK(chain[2].type.value == "limiter");
    CHECK(chain[2].path == "templates.polish[1].limiter");
    CHECK(chain[3].path == "strips.host.chain[1].send");
    CHECK(chain[3].name.value == "send");
    REQUIRE(config.templates.size() == 2);
    CHECK(config.templates[0].chain.size() == 3);
    CHECK(config.templates[1].chain.size() == 2);
}

TEST_CASE("nested groups of parameters are flattened, with each key's own position") {
    const auto config = parse(late_show, "late.json").value();
    const Module& eq = config.strips[0].chain[4];
    CHECK(eq.type.value == "eq");
    CHECK(eq.name.value == "air");
    REQUIRE(eq.parameters.size() == 4);
    CHECK(eq.parameters[0].path.value == "band/1/gain");
    CHECK(eq.parameters[0].path.at == Position{15, 55});
    CHECK(std::get<double>(eq.parameters[0].value.data) == 3.0);
    CHECK(eq.parameters[0].value.at == Position{15, 63});
    CHECK(std::get<bool>(eq.parameters[1].value.data));
    CHECK(eq.parameters[2].path.value == "band/2/type");
    CHECK(std::get<std::string>(eq.parameters[2].value.data) == "notch");
    const auto& curve = std::get<std::vector<Value>>(eq.parameters[3].value.data);
    REQUIRE(curve.size() == 3);
    CHECK(std::get<std::string>(std::get<std::vector<Value>>(curve[1].data)[1].data) == "x");
    CHECK(curve[2].at == Position{16, 64});
}

TEST_CASE("what is not said is at its default") {
    const auto config = parse(R"({"version": 1.0, "strips": {}})", "f").value();
    CHECK(config.engine.sample_rate.value == 48000);
    CHECK_FALSE(config.engine.sample_rate.given());
    CHECK(config.engine.block.value == 64);
    CHECK(config.engine.threads.value == 0);
    CHECK(config.start.ramp.value == 0.05);
    CHECK(config.start.patience.value == 2.0);
    CHECK_FALSE(config.control.osc.has_value());
    CHECK(config.strips.empty());
}

TEST_CASE("ranges hold to their ends") {
    const auto engine = [](const std::string& what) {
        return errors_of("{\"version\": 1, \"strips\": {}, \"engine\": {" + what + "}}");
    };
    for (const auto* good : {"\"sample_rate\": 8000", "\"sample_rate\": 768000", "\"block\": 1",
                             "\"block\": 8192", "\"threads\": 0", "\"threads\": 256", "\"block\": 6.4e1"}) {
        CHECK(engine(good) == "");
    }
    for (const auto* bad :
         {"\"sample_rate\": 7999", "\"sample_rate\": 768001", "\"block\": 0", "\"block\": 8193",
          "\"threads\": -1", "\"threads\": 257", "\"block\": 1.5", "\"block\": 1e300"}) {
        INFO(bad);
        CHECK(engine(bad).find("expected a whole number from") != std::string::npos);
    }
    CHECK(errors_of_strips("\"a\": {\"channels\": 64}") == "");
    CHECK(errors_of_strips("\"a\": {\"channels\": 65}") != "");
}

TEST_CASE("names of strips and modules") {
    for (const auto* good : {"host", "Lead-Vocal_2.b", "1", "mute", "a"}) CHECK_FALSE(strip_name_error(good));
    for (const auto* bad : {"", "a b", "a/b", "a*", "ü", "tonmeister", ".", "..", "--", "a#", "{a}"}) {
        INFO(bad);
        CHECK(strip_name_error(bad));
    }
    CHECK_FALSE(strip_name_error(std::string(64, 'a')));
    CHECK(strip_name_error(std::string(65, 'a')));
    CHECK_FALSE(module_name_error("tonmeister"));
    for (const auto* bad : {"mute", "solo", "meter", "guard", "level", "in", "out", "a b"})
        CHECK(module_name_error(bad));
}

TEST_CASE("a file that can't be read is an error with its reason") {
    const auto missing = load_file("no/such/config.json");
    REQUIRE_FALSE(missing.has_value());
    CHECK(format(missing.error()) ==
          "no/such/config.json: can't be read (No such file or directory), expected a config file\n");
    const auto directory = load_file("/");
    REQUIRE_FALSE(directory.has_value());
    CHECK(format(directory.error()) == "/: can't be read (Is a directory), expected a config file\n");
    const auto endless = load_file("/dev/zero");
    REQUIRE_FALSE(endless.has_value());
    CHECK(format(endless.error()) == "/dev/zero: the file is larger than 16 MiB, expected a config\n");
}

TEST_CASE("a config with errors is still handed on for the checks that know modules") {
    const auto reading = read_text(
        R"({"version": 1, "strips": {"a": {"chain": [{"eqq": {}}, 3], "to": "b", "stage": "bus"}}})", "f");
    CHECK_FALSE(reading.errors.empty());
    REQUIRE(reading.config.strips.size() == 1);
    REQUIRE(reading.config.strips[0].chain.size() == 1);
    CHECK(reading.config.strips[0].chain[0].type.value == "eqq");
    auto errors = reading.errors;
    CHECK(errors.take().size() == 3);
}

TEST_CASE("a name twice within a template is one error, where it is written, however often it is used") {
    const auto errors = errors_of(R"({"version": 1, "templates": {"t": [{"eq": {}}, {"eq": {}}]},
 "strips": {"a": {"chain": ["t"]}, "b": {"chain": ["t"]}}})");
    CHECK(errors.substr(0, 28) == "f:1:49: templates.t[1].eq: a");
    CHECK(std::count(errors.begin(), errors.end(), '\n') == 1);
}

TEST_CASE("templates that would grow without end are refused in no time") {
    // Each doubles the one before: 2^60 modules.
    std::string doubling =
        R"({"version": 1, "strips": {"a": {"chain": ["t60"]}}, "templates": {"t0": [{"eq": {}}])";
    std::string empty = R"({"version": 1, "strips": {"a": {"chain": ["t60"]}}, "templates": {"t0": [])";
    std::string deep = R"({"version": 1, "strips": {"a": {"chain": ["t0"]}}, "templates": {"t9999": [])";
    for (int i = 1; i <= 60; ++i) {
        const auto previous = "\"t" + std::to_string(i - 1) + "\"";
        const auto entry = ", \"t" + std::to_string(i) + "\": [" + previous + ", " + previous + "]";
        doubling += entry;
        empty += entry;
    }
    for (int i = 0; i < 9999; ++i) {
        deep += ", \"t" + std::to_string(i) + "\": [\"t" + std::to_string(i + 1) + "\"]";
    }
    CHECK(errors_of(doubling + "}}").find("the chain is too long, expected at most 256 modules") !=
          std::string::npos);
    CHECK(errors_of(empty + "}}") == "");
    CHECK(errors_of(deep + "}}").find("templates stand too deep in each other") != std::string::npos);

    std::string wide = R"({"version": 1, "templates": {"t": [{"matrix": {)";
    for (int i = 0; i < 2000; ++i) wide += (i > 0 ? ", \"p" : "\"p") + std::to_string(i) + "\": 0";
    wide += "}}]}, \"strips\": {";
    for (int i = 0; i < 1000; ++i) {
        wide += (i > 0 ? ", \"s" : "\"s") + std::to_string(i) + "\": {\"chain\": [\"t\"]}";
    }
    const auto errors = errors_of(wide + "}}");
    CHECK(errors.find("the templates grow too large") != std::string::npos);
    CHECK(std::count(errors.begin(), errors.end(), '\n') == 1);
}

TEST_CASE("a port's regular expression may be long or wrong, but not endless") {
    const auto port = [](const std::string& text) {
        return errors_of_strips("\"a\": {\"input\": [\"" + text + "\"]}");
    };
    CHECK(port("/.*:capture_(1|2)/") == "");
    CHECK(port("Studio Card: in 1") == "");
    CHECK(port("/(/").find("its ( ) don't match") != std::string::npos);
    CHECK(port("/*a/").find("has nothing before it") != std::string::npos);
    CHECK(port("/" + std::string(100000, '(') + "/").find("longer than 320 bytes") != std::string::npos);
    CHECK(port("//") != "");
    CHECK(port(":a") != "");
    CHECK(port("a:") != "");
}

TEST_CASE("no text of the config reaches the terminal raw, wherever it stands") {
    constexpr std::string_view pattern =
        R"({"version": 1, "@": 1, "$schema": "@", "name": "@", "engine": {"@": 1, "block": "@"}, "start": {"@": 1, "ramp": "@"},
        "control": {"@": 1, "osc": ["@", "@://h:1", "udp://@:1", "udp://h:@", 1], "allow": ["@", "1.2.3.4/@"],
                    "http": "@", "reply": ["@"]},
        "templates": {"@": [{"@": {"@": null}}, "@", "no @"]},
        "strips": {"@": {"@": 1, "stage": "@", "to": ["@", "no @", "b", "b"], "input": ["@", "/@(/", "/@"],
                         "mute": "@", "chain": ["@", {"@": {}}, {"@": {}, "as": "@"}, {"eq": {}, "@": {}},
                                                {"eq": {"@": {"@": null}, "a": {"@": 1}, "a/@": 1, "//@": 1}}]},
                   "b": {"to": "@"}, "@": 1}})";
    std::string text;
    for (const char c : pattern) {
        if (c == '@') {
            text += R"(e\n\u001b[31m\u0007)";
        } else {
            text += c;
        }
    }
    const auto config = parse(text, "f");
    REQUIRE_FALSE(config.has_value());
    CHECK(config.error().size() > 30);
    for (const auto& error : config.error()) {
        const auto line = format(error);
        INFO(line);
        CHECK(std::none_of(line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }));
    }
}

TEST_CASE("the start: seconds within their range") {
    const auto start = [](const std::string& members) { return errors_of("{\"version\": 1, \"start\": {" + members + "}}"); };
    CHECK(start(R"("ramp": 0, "patience": 600)").empty());
    CHECK(start(R"("ramp": 61)").find("start.ramp: found the number 61, expected a number from 0 to 60 (s)") != std::string::npos);
    CHECK(start(R"("patience": "long")").find("start.patience: found the string \"long\", expected a number from 0 to 600 (s)") != std::string::npos);
    CHECK(start(R"("patiense": 1)").find("did you mean \"patience\"?") != std::string::npos);
}

TEST_CASE("a guard stands beside an output") {
    const auto config = parse(R"({"version": 1, "strips": {"a": {"output": [], "guard": {"on": true, "ceiling": -6}}}})", "f");
    REQUIRE(config.has_value());
    REQUIRE(config->strips[0].guard.size() == 2);
    CHECK(config->strips[0].guard[1].path.value == "ceiling");
    CHECK(std::get<double>(config->strips[0].guard[1].value.data) == -6.0);
    CHECK(errors_of_strips(R"("a": {"guard": {"on": true}})").find("strips.a.guard: a guard is for what leaves by ports, expected \"output\" beside it") != std::string::npos);
    CHECK(errors_of_strips(R"("a": {"output": [], "guard": true})").find("strips.a.guard: found true, expected parameters as an object") != std::string::npos);
}

TEST_CASE("a hopeless file is judged in bounded time") {
    std::string strips;
    for (int i = 0; i < 20000; ++i) {
        const auto number = std::to_string(i);
        strips +=
            (i > 0 ? ", \"strip" : "\"strip") + number + "\": {\"to\": \"stirp" + number + "x\", \"k\": 1}";
    }
    const auto errors = errors_of_strips(strips);
    CHECK(std::count(errors.begin(), errors.end(), '\n') == 40000);
}
