// SPDX-License-Identifier: GPL-3.0-or-later
// Whatever was done to a desk while it played: it is the desk that its saved text says, and sounds like one that is made
// from that text.
#include "control/test_studio.hpp"
#include "control/verb_kinds.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>

using namespace ton::test;
using ton::engine::Kind;

namespace {

constexpr auto kDesk = R"({
  "version": 1,
  "strips": {
    "t0": { "channels": 1, "chain": [ { "highpass": {} }, { "compressor": { "lookahead": 2 } }, { "automix": {} }, { "fader": {} } ], "to": "g0" },
    "t1": { "channels": 1, "chain": [ { "eq": {} }, { "compressor": {} }, { "automix": {} }, { "fader": {} }, { "pan": {} } ], "to": "g0" },
    "t2": { "channels": 1, "chain": [ { "eq": {} }, { "compressor": {} }, { "fader": {} }, { "send": { "to": "fx" } }, { "pan": {} } ], "to": "g1" },
    "t3": { "channels": 1, "chain": [ { "eq": {} }, { "compressor": {} }, { "fader": {} }, { "send": { "to": "fx" } }, { "pan": {} } ], "to": "g1" },
    "t4": { "channels": 1, "chain": [ { "gate": { "threshold": -60, "hysteresis": 0 } }, { "fader": {} } ], "to": [ "g1", "mix" ] },
    "g0": { "channels": 2, "chain": [ { "compressor": {} }, { "fader": {} } ], "to": "mix" },
    "g1": { "channels": 2, "chain": [ { "limiter": {} }, { "fader": {} } ], "to": "mix" },
    "fx": { "channels": 2, "chain": [ { "delay": { "time": 7 } } ], "to": "mix" },
    "mix": { "channels": 2, "chain": [ { "fader": {} } ], "output": [] },
    "ear": { "channels": 2, "chain": [ { "monitor": { "source/1/from": "mix" } } ], "output": [] }
  }
})";
const std::vector<S> kTracks{"t0", "t1", "t2", "t3", "t4"}, kHeard{"mix", "ear"}; // as kDesk calls them

using Names = std::map<S, S>; // what kDesk calls a strip, and its name or key elsewhere

/// A desk and what is sent to it; tracks and outputs go by the names that kDesk has for them.
struct Played {
    Names tracks, heard;
    TestDesk desk;
    Dispatcher dispatcher{desk.console()};
    Editor editor{desk.console(), dispatcher};
    Talk talk;

    Played(const S& text, const Names& track_names, const Names& heard_names) : tracks(track_names), heard(heard_names), desk(text, options()) {
        editor.clock = [] { return 0.0; };
        editor.open(text);
    }
    TestDesk::Options options() const {
        TestDesk::Options o;
        for (const auto& [_, strip] : tracks) o.inputs[strip] = 1;
        for (const auto& [_, strip] : heard) o.outputs.push_back(strip);
        return o;
    }
    /// A message or a bundle. What was sent, and why it was refused.
    S send(const std::vector<osc::Message>& messages) {
        talk.errors.clear();
        dispatcher.begin(messages.size() > 1, ton::engine::Command::kNow, std::ranges::any_of(messages, is_edit, &osc::Message::address));
        for (const auto& message : messages) dispatcher.obey(message, ton::engine::Command::kNow, talk);
        dispatcher.commit(messages.size() > 1, talk);
        S said;
        for (const auto& message : messages) said += (said.empty() ? "" : "; ") + osc::to_text(message);
        return said + (talk.errors.empty() ? "" : " refused: " + talk.errors.front()) + "\n";
    }
    std::map<S, Planes> play(int frames, float level, unsigned seed, int block) {
        std::map<S, Planes> in;
        for (const auto& [_, strip] : tracks) {
            in[strip] = noise(1, frames, ++seed);
            for (auto& x : in[strip][0]) x *= level;
        }
        for (const auto& port : desk.console().live_ports()) // to inserts comes back nothing
            if (port.input && !port.instance.empty()) in[port.instance].assign(ton::engine::kMaxChannels, std::vector<float>(static_cast<std::size_t>(frames)));
        auto out = desk.play(frames, in, block);
        for (const auto& [name, strip] : heard)
            if (name != strip) out[name] = out[strip];
        return out;
    }
    int frames() { return static_cast<int>(desk.engine().counters().frames.load()); }
};

/// Does whatever comes to its mind. Much of it is refused.
class Hand {
  public:
    Hand(Played& played, unsigned seed) : random_(seed), p_(played) {}
    S move();
    int pick(std::size_t count) { return static_cast<int>(random_() % count); }

  private:
    using Message = osc::Message;
    S fresh(const char* what) { return fmt::format("{}{}", what, ++named_); }
    S strip() {
        const auto& strips = p_.desk.console().desk().strips;
        for (;;)
            if (const auto& strip = strips[static_cast<std::size_t>(pick(strips.size()))]; !strip.members) return strip.name;
    }
    std::int32_t place() { return pick(4); }
    Message message();
    Message edit();
    S module();
    Message remove();
    Message parameter();

    std::mt19937 random_;
    Played& p_;
    int named_ = 0;
};

S Hand::move() {
    switch (pick(12)) {
    case 0: return p_.send({{"/tonmeister/undo", {}}});
    case 1: return p_.send({{"/tonmeister/redo", {}}});
    case 2: return p_.send({message(), message(), message()});
    default: return p_.send({message()});
    }
}

osc::Message Hand::message() {
    switch (pick(9)) {
    case 0: return {"/" + strip() + (pick(2) == 0 ? "/solo" : "/mute"), {std::int32_t{pick(2)}}};
    case 1:
    case 2: return parameter();
    default: return edit();
    }
}

osc::Message Hand::edit() {
    const S verb = "/tonmeister/";
    switch (pick(15)) {
    case 0: return {verb + "strip/rename", {strip(), fresh("n")}};
    case 1: return {verb + "route", {strip(), strip()}};
    case 2: return {verb + "route", {strip(), strip(), strip()}};
    case 3: return remove();
    case 4: return {verb + "strip/add", {fresh("s"), fmt::format(R"({{"chain":[{{"eq":{{}}}},{{"compressor":{{}}}},{{"fader":{{}}}}],"to":"{}"}})", strip())}};
    case 5: return {verb + "strip/set", {strip(), S("link"), pick(3) == 0 ? S("null") : strip()}};
    case 6: return {verb + "group/add", {fresh("g"), fmt::format(R"({{"members":["{}","t*"],"level":-3}})", strip())}};
    case 7: return {verb + "group/remove", {fmt::format("g{}", pick(static_cast<std::size_t>(named_) + 1))}};
    case 8:
    case 9: return {verb + "chain/remove", {strip(), place()}};
    case 10: return {verb + "group/rename", {fmt::format("g{}", pick(static_cast<std::size_t>(named_) + 1)), fresh("g")}};
    case 11: return {verb + "chain/move", {strip(), place(), place()}};
    default: return {verb + "chain/insert", {strip(), place(), module()}};
    }
}

S Hand::module() {
    static const std::vector<S> types{"automix", "balance", "compressor", "crossfader", "delay", "ducker", "eq", "fader", "gain", "gate", "highpass", "insert",
                                      "limiter", "loudness", "lowpass", "matrix", "meter", "pan", "polarity", "send", "talkback", "width"};
    const auto& type = types[static_cast<std::size_t>(pick(types.size()))];
    S rows;
    if (type == "send") rows = fmt::format(R"("to":"{}")", strip());
    if (type == "automix") rows = fmt::format(R"("group":"{}")", pick(2));
    if (type == "crossfader") rows = fmt::format(R"("a":"{}","b":"{}")", strip(), strip());
    if (type == "gate") rows = R"("hysteresis":0)"; // which remembers
    if (type == "compressor") rows = pick(2) == 0 ? fmt::format(R"("sidechain":"{}")", strip()) : fmt::format(R"("lookahead":{})", pick(5));
    return fmt::format(R"({{"as":"{}","{}":{{{}}}}})", fresh("m"), type, rows);
}

/// None that the test feeds or hears.
osc::Message Hand::remove() {
    const auto& desk = p_.desk.console().desk();
    auto name = strip();
    const auto& key = desk.strips[static_cast<std::size_t>(desk.index(name))].key();
    if (p_.tracks.contains(key) || p_.heard.contains(key)) name = "nobody";
    return {"/tonmeister/strip/remove", {name, S("force")}};
}

osc::Message Hand::parameter() {
    const auto& controls = p_.desk.console().controls();
    const auto& control = controls[static_cast<std::size_t>(pick(controls.size()))];
    const auto& row = *control.parameter;
    if (control.meter() || row.momentary || row.name == "hysteresis") return parameter();
    if (row.kind == Kind::text) return row.point ? Message{control.address, {strip()}} : parameter();
    const float low = row.unit == "dB" ? std::max(row.minimum, -12.0F) : row.minimum;
    const float high = row.unit == "dB" ? std::min(row.maximum, 3.0F) : row.unit == "ms" ? std::min(row.maximum, 50.0F) : row.maximum;
    return {control.address, {low + (high - low) * static_cast<float>(pick(1000)) / 999.0F}};
}

/// The strips of these keys, as they are called now.
Names named(const Names& keys, const Console& console) {
    Names names;
    for (const auto& [name, key] : keys)
        names[name] = std::ranges::find(console.desk().strips, key, &ton::graph::Strip::key)->name;
    return names;
}

/// What is set otherwise here and there.
S unlike(const std::map<S, Value>& here, const std::map<S, Value>& there) {
    const auto text = [](const Value& v) { return std::holds_alternative<S>(v.data) ? std::get<S>(v.data) : fmt::format("{}", v.number()); };
    S all;
    for (const auto& [address, value] : here)
        if (const auto other = there.find(address); other == there.end() || !(other->second == value))
            all += fmt::format("{} {}, not {}\n", address, text(value), other == there.end() ? "there" : text(other->second));
    return here.size() < there.size() ? all + "and what is only there" : all;
}

/// What differs at most, as a part of the largest sample.
double difference(const Planes& a, const Planes& b) {
    REQUIRE(a.size() == b.size());
    double worst = 0, most = 1e-3;
    for (std::size_t c = 0; c < a.size(); ++c)
        for (std::size_t i = 0; i < a[c].size(); ++i) {
            worst = std::max(worst, std::abs(static_cast<double>(a[c][i]) - static_cast<double>(b[c][i])));
            most = std::max(most, std::abs(static_cast<double>(b[c][i])));
        }
    return worst / most;
}

/// Silence up to the same place on every grid, what envelopes need to be as good as where they are heading, and then what is
/// looked at.
std::map<S, Planes> play_the_same(Played& p) {
    constexpr int kPage = 1 << 14; // frames: more than any grid of coefficients
    p.play(2 * kPage - p.frames() % kPage, 0, 1, 1024);
    p.play(24 * kPage, 1, 2, 1024);
    return p.play(kPage / 2, 1, 3, 512);
}

/// TONMEISTER_EDITS=FIRST:COUNT tries other seeds, and more of them.
std::pair<unsigned, unsigned> seeds() {
    std::pair<unsigned, unsigned> range{1, 2};
    if (const char* const wanted = std::getenv("TONMEISTER_EDITS")) std::sscanf(wanted, "%u:%u", &range.first, &range.second);
    return range;
}

} // namespace

TEST_CASE("a desk after random edits is the one that its saved text says") {
    ton::engine::prepare_audio_thread(); // no denormals
    for (auto [seed, left] = seeds(); left > 0; ++seed, --left) {
        CAPTURE(seed);
        Names tracks, heard;
        for (const auto& name : kTracks) tracks[name] = name;
        for (const auto& name : kHeard) heard[name] = name;
        Played edited(kDesk, tracks, heard);
        Hand hand(edited, seed);
        S log;
        for (int round = 0; round < 4; ++round) {
            for (int i = 0; i < 25; ++i) {
                log += hand.move();
                edited.play(200 + hand.pick(1500), 1, seed, 1 + hand.pick(200));
            }
            const auto text = edited.editor.text_to_save();
            INFO(log);
            INFO(text);
            Played fresh(text, named(tracks, edited.desk.console()), named(heard, edited.desk.console()));
            CHECK(unlike(settings(edited.desk.console()), settings(fresh.desk.console())) == "");
            CHECK(edited.desk.latency(named(heard, edited.desk.console()).at("mix")) == fresh.desk.latency(fresh.heard.at("mix")));
            const auto x = play_the_same(edited), y = play_the_same(fresh);
            for (const auto& name : kHeard) CHECK(difference(x.at(name), y.at(name)) < 1e-4);
        }
    }
}
