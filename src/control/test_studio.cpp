// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/test_studio.hpp"
#include "control/verb_kinds.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

namespace ton::test {

const std::string kText = R"({
  // The desk of the tests.
  "version": 1,
  "templates": { "voice": [ { "highpass": { "frequency": 90 } }, { "compressor": { "threshold": -30, "ratio": 4, "lookahead": 3 } } ] },
  "strips": {
    "a": { "channels": 1, "chain": [ "voice", { "send": { "to": "fx", "level": -6 } }, { "fader": { "level": -3 } }, { "pan": { "position": -0.4 } } ], "to": "mix" },
    "b": { "channels": 1, "chain": [ { "eq": { "band": { "1": { "gain": 3 } }, "band/2/gain": -3 } }, { "fader": {} }, { "pan": {} } ], "to": "mix" }, // the other
    "duck": { "channels": 2, "chain": [ { "compressor": { "sidechain": "a", "threshold": -40, "ratio": 8 } }, { "limiter": { "ceiling": -3 } } ], "to": "mix" },
    "fx": { "channels": 2, "chain": [ { "lowpass": { "frequency": 3000 } } ], "to": "mix" },
    "mix": { "channels": 2, "chain": [ { "fader": {} } ], "output": [] }
  }
}
)";

void Talk::reply(const osc::Message& message) { replies.push_back(osc::to_text(message)); }

void Talk::error(std::string_view address, std::string_view reason) {
    errors.push_back(std::string(address).append(" ").append(reason));
}

Studio::Studio(const std::string& text)
    : desk(text, {.lane_width = 0, .inputs = {{"a", 1}, {"b", 1}, {"duck", 2}}, .outputs = {"mix"}}) {
    editor.clock = [this] { return seconds += 10; };
    editor.open(text);
    play(64);
}

std::map<std::string, Planes> Studio::play(int frames) {
    ++seed;
    return desk.play(frames, {{"a", noise(1, frames, seed)}, {"b", noise(1, frames, seed + 1000)}, {"duck", noise(2, frames, seed + 2000)}});
}

Studio& Studio::send(std::vector<osc::Message> messages) {
    dispatcher.begin(messages.size() > 1, ton::engine::Command::kNow, std::ranges::any_of(messages, is_edit, &osc::Message::address));
    for (const auto& message : messages) dispatcher.obey(message, ton::engine::Command::kNow, talk);
    dispatcher.commit(messages.size() > 1, talk);
    play();
    return *this;
}

Studio& Studio::send(std::string address, osc::Arguments args) { return send({{std::move(address), std::move(args)}}); }

bool Studio::good() {
    for (const auto& error : talk.errors) MESSAGE(error);
    CHECK(talk.errors.empty());
    return talk.errors.empty();
}

double Studio::get(const std::string& address) {
    const auto* control = desk.console().find(address);
    REQUIRE_MESSAGE(control, address);
    return desk.console().get(*control).number();
}

bool Studio::has(const std::string& address) { return desk.console().find(address) != nullptr; }

std::map<std::string, Value> settings(const Console& console) {
    std::map<std::string, Value> all;
    for (const auto& control : console.controls())
        if (!control.meter() && control.address.find("/meter/") == std::string::npos) all[control.address] = console.get(control);
    return all;
}

} // namespace ton::test
