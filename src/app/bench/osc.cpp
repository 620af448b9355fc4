// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/bench/bench.hpp"
#include "app/bench/desk_rig.hpp"
#include "control/dispatch.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <functional>
#include <stdexcept>

namespace ton::app::benching {

namespace {

using control::osc::Message;

constexpr const char* kChain = R"({ "highpass": {} }, { "eq": {} }, { "compressor": {} }, { "fader": {} }, { "pan": {} })";

/// Takes answers and counts them: a benchmark of messages that were refused would be a fast one.
class Counted final : public control::Answers {
  public:
    void reply(const Message&) override { ++replies; }
    void error(std::string_view, std::string_view) override { ++errors; }
    std::size_t replies = 0, errors = 0;
};

struct Traffic {
    std::vector<Message> set, ask, refused;
    std::vector<control::osc::Bytes> packets; ///< `set`, encoded
    Message pattern;
};

/// One message per strip, its strip no neighbour of the last one's, so that the tree is not found in the cache.
Traffic traffic(int strips, float level) {
    Traffic t;
    for (int i = 0; i < strips; ++i) {
        const int strip = static_cast<int>(static_cast<std::int64_t>(i) * 7919 % strips); // a prime: visits every strip once
        t.set.push_back({fmt::format("/s{}/fader/level", strip), {level}});
        t.ask.push_back({fmt::format("/s{}/fader/level", strip), {}});
        t.refused.push_back({fmt::format("/s{}/fader/levle", strip), {level}});
        auto packet = control::osc::encode(t.set.back());
        if (!packet) throw std::runtime_error("osc: a message can't be encoded");
        t.packets.push_back(std::move(*packet));
    }
    t.pattern = {"/s*/fader/level", {level}};
    return t;
}

double decode_all(const Traffic& t) {
    for (const auto& packet : t.packets)
        if (!control::osc::decode(packet)) throw std::runtime_error("osc: a message was refused");
    return static_cast<double>(t.packets.size());
}

} // namespace

/// What a message costs the control thread between the socket and the engine's queue, nobody being subscribed.
void osc(nlohmann::json& out, bool quick) {
    const int strips = quick ? 100 : 1000, repetitions = quick ? 3 : 7;
    DeskRig rig(strips_into_bus(strips, kChain));
    control::Dispatcher dispatcher(rig.console());
    Counted answers;
    const Traffic up = traffic(strips, -6.0F), down = traffic(strips, -12.0F);
    const auto obey = [&](const std::vector<Message>& messages) {
        for (const auto& message : messages) dispatcher.obey(message, engine::Command::kNow, answers);
        return static_cast<double>(messages.size());
    };
    const auto drain = [&] { // untimed below: the audio side takes what was sent
        for (int i = 0; i < 40; ++i) {
            rig.run(1, 64);
            rig.console().poll();
        }
        return 1.0;
    };
    const std::array<std::function<double()>, 8> all{
        [&] { return decode_all(up); },
        [&] { return obey(up.set) + obey(down.set); }, drain,
        [&] { return obey(up.ask); },
        [&] { return obey(up.refused); },
        [&] { return dispatcher.obey(up.pattern, engine::Command::kNow, answers), static_cast<double>(strips); }, drain,
        [&] { return dispatcher.obey(down.pattern, engine::Command::kNow, answers), static_cast<double>(strips); },
    };
    const auto times = measure_in_turn(repetitions, all);
    drain();
    const auto rounds = static_cast<std::size_t>(repetitions);
    if (answers.replies != rounds * up.ask.size() || answers.errors != rounds * up.refused.size())
        throw std::runtime_error("osc: messages were not answered as they should be");
    out["osc"] = {{"what", "ns of the control thread; set: a fader among all strips' addresses; pattern: one message to all faders, per "
                           "fader; refused: an address that is not there; no subscribers"},
                  {"strips", strips},
                  {"addresses", rig.console().controls().size()},
                  {"decode_ns", times[0].median},
                  {"set_ns", times[1].median},
                  {"ask_ns", times[3].median},
                  {"refused_ns", times[4].median},
                  {"pattern_ns_per_match", times[5].median},
                  {"messages_per_second", 1e9 / (times[0].median + times[1].median)}};
}

} // namespace ton::app::benching
