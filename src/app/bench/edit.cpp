// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/bench/bench.hpp"
#include "app/bench/desk_rig.hpp"
#include "app/bench/programme.hpp"
#include "control/editor.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace ton::app::benching {

namespace {

constexpr int kBlock = 64;
constexpr double kPeriod = 1000.0 * kBlock / kProgrammeRate; // ms
constexpr const char* kChain = R"({ "highpass": {} }, { "eq": {} }, { "compressor": {} }, { "fader": {} }, { "pan": {} })";

double milliseconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> v) { return std::ranges::sort(v), v[v.size() / 2]; }

class Refusal : public control::Answers {
    void reply(const control::osc::Message&) override {}
    void error(std::string_view address, std::string_view reason) override { throw std::runtime_error(fmt::format("{}: {}", address, reason)); }
};

/// A desk that plays, and the messages that edit it.
struct Session {
    explicit Session(int strips) : rig(strips_into_bus(strips, kChain)) {
        editor.open(strips_into_bus(strips, kChain));
        rig.run(100, kBlock);
        rig.console().poll();
    }
    /// ms on the control thread until the transaction is on its way.
    double tell(const char* address, control::osc::Arguments args = {}) {
        Refusal answers;
        const auto start = std::chrono::steady_clock::now();
        dispatcher.begin(false, engine::Command::kNow);
        dispatcher.obey(control::osc::Message{address, std::move(args)}, engine::Command::kNow, answers);
        dispatcher.commit(false, answers);
        return milliseconds_since(start);
    }
    /// Callbacks until the new plan runs; the longest of them in ms.
    int settle(double& longest) {
        int callbacks = 0;
        for (; !rig.console().ready(); ++callbacks) {
            const auto start = std::chrono::steady_clock::now();
            rig.run(1, kBlock);
            longest = std::max(longest, milliseconds_since(start));
            rig.console().poll();
        }
        return callbacks;
    }
    DeskRig rig;
    control::Dispatcher dispatcher{rig.console()};
    control::Editor editor{rig.console(), dispatcher};
};

/// A strip is taken off the bus: from the message to the first sample that differs from a desk that was left alone. The
/// message comes at any moment of a period, so on the average half of one passes before the next callback.
nlohmann::json to_sound(int strips, bool quick) {
    std::vector<double> control;
    int frames = 0;
    for (int i = 0; i < (quick ? 3 : 21); ++i) {
        Session edited(strips), alone(strips);
        control.push_back(edited.tell("/tonmeister/route", {std::string("s0")}));
        for (frames = 0; frames < kProgrammeRate; ++frames) {
            edited.rig.run(1, 1);
            alone.rig.run(1, 1);
            if (edited.rig.output(0)[0] != alone.rig.output(0)[0]) break;
        }
    }
    return {{"strips", strips}, {"control_ms", median(control)}, {"first_changed_frame", frames}, {"edit_to_sound_ms", median(control) + kPeriod / 2 + 1000.0 * frames / kProgrammeRate}};
}

nlohmann::json transaction(int strips, bool quick) {
    std::vector<double> add, rename, insert, undo, monitor, save, whole;
    double longest = 0, longest_monitor = 0;
    for (int i = 0; i < (quick ? 2 : 5); ++i) {
        Session session(strips);
        const auto done = [&](std::vector<double>& times, double ms) {
            times.push_back(ms);
            const int callbacks = session.settle(&times == &monitor ? longest_monitor : longest);
            if (&times == &add) whole.push_back(ms + kPeriod * callbacks);
        };
        done(add, session.tell("/tonmeister/strip/add", {std::string("new"), fmt::format(R"({{"channels":1,"chain":[{}],"to":"bus"}})", kChain)}));
        done(rename, session.tell("/tonmeister/strip/rename", {std::string("s7"), std::string("renamed")}));
        done(insert, session.tell("/tonmeister/chain/insert", {std::string("s8"), 0, std::string("gate")}));
        done(undo, session.tell("/tonmeister/undo"));
        done(monitor, session.tell("/tonmeister/strip/add", {std::string("room"), std::string(R"({"channels":2,"chain":[{"monitor":{"source/1/from":"bus"}}]})")}));
        for (int s = 10; s < strips; ++s) session.tell(fmt::format("/s{}/fader/level", s).c_str(), {-6.0F});
        const auto start = std::chrono::steady_clock::now();
        if (session.editor.text_to_save().empty()) throw std::runtime_error("nothing to save");
        save.push_back(milliseconds_since(start));
    }
    return {{"strips", strips}, {"add_ms", median(add)}, {"rename_ms", median(rename)}, {"insert_ms", median(insert)}, {"undo_ms", median(undo)}, {"first_monitor_ms", median(monitor)},
            {"add_until_it_runs_ms", median(whole)}, {"longest_callback_ms", longest}, {"longest_callback_of_first_monitor_ms", longest_monitor}, {"period_ms", kPeriod}, {"save_all_moved_ms", median(save)}};
}

} // namespace

/// Live edits by message: how soon they are heard, and what one takes on the control thread of a large desk.
void edit(nlohmann::json& out, bool quick) {
    out["edit"] = {{"what", "highpass, eq, compressor, fader, pan in each strip, 64 frames; to sound: message to the first changed sample (half a period "
                            "of waiting counted); transaction: message until it is on its way, on the control thread"},
                   {"to_sound", to_sound(32, quick)},
                   {"transaction", transaction(quick ? 100 : 1000, quick)}};
}

} // namespace ton::app::benching
