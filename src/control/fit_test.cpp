// SPDX-License-Identifier: GPL-3.0-or-later
// A config changed by hand under settings that name what it no longer has: only those go.
#include "control/test_studio.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace ton::test;
using ton::config::Diagnostic;

namespace {

/// kText with a strip more that only live settings name, and one that listens.
S with_key() {
    auto text = kText;
    text.insert(text.find("    \"fx\""), R"(    "key": { "channels": 1, "chain": [ { "gate": {} } ], "to": "mix" },
    "ear": { "channels": 2, "chain": [ { "monitor": { "source/1/from": "mix" } } ], "output": [] },
)");
    return text;
}

/// The line of the text that begins so becomes another.
S with_line(S text, const S& begin, const S& line) {
    const auto at = text.find("    " + begin + ":");
    REQUIRE(at != S::npos);
    return text.replace(at + 4, text.find('\n', at) - at - 4, line);
}

std::set<S> addresses(const std::vector<Unfit>& unfit) {
    std::set<S> all;
    for (const auto& setting : unfit) all.insert(setting.address);
    return all;
}

struct Hand {
    Studio s{with_key()};
    std::vector<Diagnostic> errors;
    std::vector<Unfit> unfit;
    Editor::Result reload(const S& text) {
        const auto result = s.editor.reload(text, errors, unfit);
        s.play();
        return result;
    }
};

} // namespace

TEST_CASE("a reload without a strip that live settings name leaves out these settings alone") {
    Hand h;
    auto& s = h.s;
    s.send("/duck/compressor/sidechain", {S("key/gate")}).send("/a/send/to", {S("key")}).send("/ear/monitor/source/1/from", {S("key")});
    s.send("/a/compressor/sidechain", {S("b")}).send("/a/compressor/lookahead", {9.0F}).send("/b/fader/level", {-7.0F}).send("/fx/solo", {true});
    REQUIRE(s.good());
    const auto before = settings(s.desk.console());
    CHECK(h.reload(with_line(with_key(), "\"key\"", "")) == Editor::Result::done);
    CHECK(addresses(h.unfit) == std::set<S>{"/duck/compressor/sidechain", "/a/send/to", "/ear/monitor/source/1/from"});
    for (const auto& setting : h.unfit) CHECK(setting.why.find("\"key\"") != S::npos);
    const auto after = settings(s.desk.console());
    for (const auto& [address, value] : after) {
        INFO(address);
        if (addresses(h.unfit).contains(address)) CHECK(value != before.at(address));
        else CHECK(value == before.at(address));
    }
    CHECK(after.at("/duck/compressor/sidechain") == Value{S("a")});
    CHECK(after.at("/a/send/to") == Value{S("fx")});
    CHECK(after.at("/ear/monitor/source/1/from") == Value{S("mix")});
    s.send("/tonmeister/undo");
    CHECK(s.good());
    CHECK(settings(s.desk.console()) == before);
    s.talk.replies.clear();
    s.send("/tonmeister/redo");
    CHECK(s.good());
    CHECK(settings(s.desk.console()) == after);
    CHECK(std::ranges::count_if(s.talk.replies, [](const S& reply) { return reply.starts_with("/tonmeister/left_out "); }) == 3);
}

TEST_CASE("a module that a live setting hears, and a circle that it would close, cost that setting only") {
    Hand h;
    h.s.send("/ear/monitor/source/1/from", {S("b/eq")}).send("/a/send/to", {S("duck")}).send("/b/fader/level", {-7.0F});
    REQUIRE(h.s.good());
    auto text = with_line(with_key(), "\"a\"", R"("a": { "channels": 2, "chain": [ "voice", { "send": { "to": "fx", "level": -6 } }, { "fader": { "level": -3 } } ], "to": "mix" },)");
    text = with_line(text, "\"b\"", R"("b": { "channels": 1, "chain": [ { "gate": {} }, { "fader": {} }, { "pan": {} } ], "to": "mix" },)");
    text = with_line(text, "\"duck\"", R"("duck": { "channels": 2, "chain": [ { "compressor": { "sidechain": "b" } } ], "to": "a" },)");
    const auto result = h.reload(text);
    for (const auto& error : h.errors) MESSAGE(ton::config::format(error));
    CHECK(result == Editor::Result::done);
    CHECK(addresses(h.unfit) == std::set<S>{"/ear/monitor/source/1/from", "/a/send/to"});
    CHECK(h.s.get("/b/fader/level") == -7);
}

TEST_CASE("what is wrong with the config itself is told of the config, and no setting is blamed") {
    Hand h;
    h.s.send("/duck/compressor/sidechain", {S("key")}).send("/a/compressor/lookahead", {9.0F});
    auto text = with_line(with_key(), "\"key\"", "");
    text.replace(text.find("\"source/1/from\": \"mix\""), 22, "\"source/1/from\": \"max\"");
    CHECK(h.reload(text) == Editor::Result::refused);
    REQUIRE(h.errors.size() == 1);
    CHECK(h.errors.front().path == "strips.ear.chain[0].monitor.source/1/from");
    CHECK(h.unfit.empty());
    CHECK(h.s.desk.console().get(*h.s.desk.console().find("/duck/compressor/sidechain")) == Value{S("key")});
}

TEST_CASE("a strip that a live setting names is only removed by force, and then that is as the config has it") {
    Hand h;
    auto& s = h.s;
    s.send("/duck/compressor/sidechain", {S("key/gate")}).send("/a/send/to", {S("key")}).send("/b/fader/level", {-7.0F});
    const auto before = settings(s.desk.console());
    s.send("/tonmeister/strip/remove", {S("key")});
    REQUIRE(s.talk.errors.size() == 1);
    CHECK(s.talk.errors.front().find("\"key\" is named by a/send (set live), duck/compressor (set live); ") != S::npos);
    CHECK(settings(s.desk.console()) == before);
    s.talk.errors.clear();
    s.send("/tonmeister/strip/remove", {S("key"), S("force")});
    REQUIRE(s.good());
    CHECK_FALSE(s.has("/key/mute"));
    const auto at = [&](const S& address) { return s.desk.console().get(*s.desk.console().find(address)); };
    CHECK(at("/duck/compressor/sidechain") == Value{S("a")});
    CHECK(at("/a/send/to") == Value{S("fx")});
    CHECK(at("/b/fader/level") == Value{-7.0});
    s.send("/tonmeister/undo");
    REQUIRE(s.good());
    CHECK(settings(s.desk.console()) == before);
    s.send("/tonmeister/redo");
    CHECK(s.good());
    CHECK(at("/duck/compressor/sidechain") == Value{S("a")});
}

TEST_CASE("who goes in the same bundle, or does not name it any more, holds no strip") {
    Hand h;
    auto& s = h.s;
    s.send("/duck/compressor/sidechain", {S("key")}).send({{"/tonmeister/strip/remove", {S("duck")}}, {"/tonmeister/strip/remove", {S("key")}}});
    CHECK(s.good());
    s.send("/tonmeister/undo").send({{"/tonmeister/strip/rename", {S("key"), S("lock")}}, {"/tonmeister/strip/remove", {S("lock")}}});
    REQUIRE(s.talk.errors.size() == 1);
    CHECK(s.talk.errors.front().find("\"lock\" is named by duck/compressor (set live); ") != S::npos);
    s.talk.errors.clear();
    s.send("/duck/compressor/sidechain", {S("b")}).send("/tonmeister/strip/remove", {S("key")});
    CHECK(s.good());
}
