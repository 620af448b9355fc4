// SPDX-License-Identifier: GPL-3.0-or-later
// libFuzzer target for what is behind the decoder: a whole desk that plays while messages come, with the verbs that carry JSON.
// An input is packets as they are on the wire, or, behind a `t`, lines ADDRESS ARGUMENT…, an empty line between two bundles.
// Beyond crashes: what is heard stays finite, and the desk as it stands can be saved and loaded again.
#include "control/editor.hpp"
#include "control/osc/message.hpp"
#include "control/scene_verbs.hpp"
#include "control/test_desk.hpp"
#include "control/verb_kinds.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

using namespace ton;
using namespace ton::control;

namespace {

constexpr const char* kDesk = R"({ "version": 1,
  "templates": { "voice": [ { "highpass": {} }, { "compressor": { "lookahead": 1 } } ] },
  "strips": {
    "a": { "channels": 1, "chain": [ "voice", { "send": { "to": "fx" } }, { "fader": {} }, { "pan": {} } ], "to": "mix" }, // one
    "b": { "channels": 1, "chain": [ { "gate": { "sidechain": "a" } }, { "fader": {} } ], "to": ["fx", "mix"] },
    "fx": { "channels": 2, "chain": [ { "delay": { "time": 3 } } ], "to": "mix" },
    "mix": { "channels": 2, "chain": [ { "eq": {} }, { "limiter": {} }, { "fader": {} } ] }
  },
  "groups": { "all": { "members": ["*"] } } })";

[[noreturn]] void violated(const std::string& what) {
    std::fprintf(stderr, "violated: %s\n", what.c_str());
    std::abort();
}

class Silent : public Answers {
  public:
    void reply(const osc::Message&) override {}
    void error(std::string_view, std::string_view reason) override {
        if (reason.empty()) violated("an error says what is wrong");
    }
};

struct Rig {
    test::TestDesk desk{kDesk, {.lane_width = 4, .inputs = {{"a", 1}, {"b", 1}}, .outputs = {"a", "mix"}}};
    Dispatcher dispatcher{desk.console()};
    Editor editor{desk.console(), dispatcher};
    Scenes scenes{desk.console()};
    SceneVerbs scene_verbs{dispatcher, scenes};
    Silent silent;
    double seconds = 0;

    Rig() {
        editor.clock = [this] { return seconds += 0.4; };
        desk.console().on_change = [this](const Control& control, const Value&) { scenes.changed(control); };
        editor.on_renamed = [this](const Origins& names) { scenes.renamed(names); };
        editor.open(kDesk);
    }
    void obey(const std::vector<osc::Message>& messages) {
        if (messages.empty()) return;
        const bool together = messages.size() > 1;
        dispatcher.begin(together, engine::Command::kNow, std::ranges::any_of(messages, is_edit, &osc::Message::address));
        for (const auto& message : messages) dispatcher.obey(message, engine::Command::kNow, silent);
        dispatcher.commit(together, silent);
        for (int i = 0; i < 100 && (i == 0 || !desk.console().ready()); ++i) play();
    }
    void play() {
        const test::Planes sound(1, std::vector<float>(192, 0.25F));
        for (const auto& [strip, planes] : desk.play(192, {{"a", sound}, {"b", sound}}))
            for (const auto& plane : planes)
                for (const float x : plane)
                    if (!std::isfinite(x)) violated("what is heard is finite");
    }
    void check_saved() {
        const auto text = editor.text_to_save();
        if (text == kDesk) return;
        try {
            test::TestDesk again(text, {.lane_width = 4, .inputs = {{"a", 1}, {"b", 1}}, .outputs = {}});
            for (const auto& control : desk.console().controls()) {
                if (control.meter() || control.parameter->momentary || control.address.find("/meter/") != std::string::npos) continue;
                const auto* const loaded = again.console().find(control.address);
                if (!loaded) violated("what is saved has every address: " + text + "\n" + control.address);
                if (again.console().get(*loaded) != desk.console().get(control)) violated("what is saved loads to the same values: " + text + "\n" + control.address);
            }
        } catch (const std::exception& e) {
            violated("what is saved loads: " + text + "\n" + e.what());
        }
    }
};

osc::Argument argument(std::string_view word) {
    if (word == "T" || word == "F") return word == "T";
    float number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error == std::errc{} && end == word.data() + word.size()) return number;
    return std::string(word);
}

/// Words between spaces; from a brace, a bracket or a quote on the rest of the line is one.
osc::Message message(std::string_view line) {
    osc::Message m;
    while (!line.empty()) {
        const bool json = line.front() == '{' || line.front() == '[' || line.front() == '"';
        const auto word = json ? line : line.substr(0, line.find(' '));
        line.remove_prefix(std::min(line.size(), word.size() + 1));
        if (m.address.empty()) m.address = word;
        else m.args.push_back(argument(word));
    }
    return m;
}

/// As it would come from the wire, or nothing: what can't be encoded can't come.
void keep_possible(std::vector<osc::Message>& messages, const osc::Message& m) {
    const auto bytes = osc::encode(m);
    if (!bytes) return;
    if (const auto packet = osc::decode(*bytes))
        for (const auto& [tag, decoded] : packet->messages) messages.push_back(decoded);
}

void lines(Rig& rig, std::string_view text) {
    std::vector<osc::Message> bundle;
    for (int count = 0; !text.empty() && count < 40; ++count) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (!line.empty()) {
            keep_possible(bundle, message(line));
            continue;
        }
        rig.obey(bundle);
        bundle.clear();
    }
    rig.obey(bundle);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    // No files of this machine are to be read or written.
    if (text.find("file") != text.npos || text.find("player") != text.npos || text.find("recorder") != text.npos) return 0;
    Rig rig;
    if (text.front() == 't') {
        lines(rig, text.substr(1));
    } else {
        auto packet = osc::decode({reinterpret_cast<const std::byte*>(data), size});
        if (!packet) return 0;
        for (const auto& batch : osc::split(std::move(*packet))) rig.obey(batch.messages);
    }
    rig.check_saved();
    return 0;
}
