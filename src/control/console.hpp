// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "config/config.hpp"
#include "control/alarms.hpp"
#include "control/carry.hpp"
#include "control/fades.hpp"
#include "control/fit.hpp"
#include "control/outbox.hpp"
#include "engine/engine.hpp"
#include "graph/compile.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

/// The desk that runs, seen from the control thread: one tree of addresses over parameters and read-outs. OSC,
/// the offline renderer's events, and later HTTP, scenes and state are views of it.
namespace ton::control {

/// What an address takes or gives: a number in the table's unit, or a text.
struct Value {
    std::variant<double, std::string> data = 0.0;
    double number() const { return std::holds_alternative<double>(data) ? std::get<double>(data) : 0.0; }
    bool operator==(const Value&) const = default;
};

/// One address of the tree: /strip/module/parameter, or /strip/mute and the like.
struct Control {
    std::string address;
    int strip = 0, module = 0, row = 0;     ///< in the desk; module -1: the strip's own solo
    const engine::Parameter* parameter = nullptr;
    std::uint32_t slot = 0;                 ///< of the module instance on the audio side
    std::size_t readout = 0;                ///< of a meter: its place in the read-outs
    bool meter() const { return parameter->kind == engine::Kind::meter; }
};

/// What happened to a set: the value now in effect, or why not.
struct Outcome {
    std::string error;       ///< empty: done
    Value applied;
    bool clamped = false;
};

/// Why a change of the graph is refused where Console::ready() was not asked.
inline constexpr const char* change_under_way = "another change of the graph is under way; try again";

/// What a new desk takes over from the one that runs.
enum class Carry {
    untouched, ///< all values that its author did not change since the last desk was loaded
    nothing,
};

/// /strip/module/parameter, or /strip/mute.
std::string address_of(const graph::Strip& strip, const graph::Module& module, const engine::Parameter& row);
std::string solo_address(const graph::Strip& strip);

struct ConsoleOptions {
    files::DiskThread* disk = nullptr;
    bool offline = false;
    std::map<std::string, int> injected; ///< see graph::Conditions; by name, and see files_of()
    std::vector<std::string> captured;
    int lane_width = 0;
};

/// All members on the control thread.
class Console {
  public:
    Console(engine::Engine& engine, ConsoleOptions options);
    ~Console();

    // ------------------------------------------------------------------------------ building and changing

    /// Reads a config and resolves it; all errors, nothing changed. `directory` for file names comes from its path.
    static graph::Desk load(const std::string& path, std::vector<config::Diagnostic>& errors);

    /// The same of a text; `path` names it in the errors, and says where its files are. What apply() finds out anyway is
    /// checked only where something else is wrong.
    static graph::Desk load_text(std::string_view text, const std::string& path, std::vector<config::Diagnostic>& errors);

    /// Makes `desk` the running one, at that sample rate: the first plan, or an edit of the one that runs (a transaction:
    /// compiled aside, swapped between two samples; just events where only parameters changed). Errors: nothing is changed.
    /// Only when ready(). With `unfit` settings that can't be carried go there, see fit(); without it they are errors.
    std::vector<config::Diagnostic> apply(const graph::Desk& desk, double sample_rate, Carry carry = Carry::untouched, std::vector<Unfit>* unfit = nullptr);
    /// The same where what the config says and how the desk shall stand are two: `loaded` and `live` have the same strips
    /// and chains. Strips that are renamed keep their sound.
    std::vector<config::Diagnostic> apply(const graph::Desk& loaded, graph::Desk live, double sample_rate, const Origins& origins = {},
                                          std::int64_t time = engine::Command::kNow, std::vector<Unfit>* unfit = nullptr);
    /// What apply() would find wrong; nothing is done.
    std::vector<config::Diagnostic> check(graph::Desk desk, double sample_rate, const Origins& origins = {}) const;
    /// The config says this now, and nothing sounds different: the same strips and chains.
    void adopt(graph::Desk loaded) { loaded_ = std::move(loaded); }
    /// Before the first apply(): a desk of an earlier process, as its config was and as it stood, for apply() to
    /// carry from.
    void resume(graph::Desk loaded, graph::Desk live);
    /// No transaction is under way.
    bool ready() const { return !swapping_; }
    /// As it stands when what waits for a change that is under way, or for its bundle's end, is done.
    graph::Desk desk_to_come() const;
    /// How many settings wait for their time, or for the change that is under way.
    std::size_t waiting() const { return deferred_.size(); }
    /// An audio server with another rate, or a first one: forget the plan that ran (nobody may call process() now)
    /// and build the desk as it stands, settings and all, afresh. It is silent until fade() lets it be heard.
    std::vector<config::Diagnostic> rebuild(double sample_rate);

    // ------------------------------------------------------------------------------------------ the tree

    const Control* find(std::string_view address) const;
    /// The same of the strip that this one is linked to; null where they have it not in common.
    const Control* partner_of(const Control& control) const;
    /// What the partner has where this one has `value`.
    Value on_partner(const Control& control, const Value& value) const;
    /// Undo and redo leave it alone: they open no microphone and start no recording.
    bool left_to_hands(const Control& control) const;
    /// Every address, sorted; those that begin with `prefix`.
    std::vector<const Control*> list(std::string_view prefix = "/") const;
    /// In the desk's order, all of them: for pattern matching.
    std::span<const Control> controls() const { return controls_; }

    /// The value that is set (a fade's goal), or a read-out's latest. Silence reads -120 dB and below.
    Value get(const Control& control) const;
    /// Where the value is now: on a fade what is heard at this sample, else as get().
    Value present(const Control& control) const;
    /// It is on its way.
    bool fading(const Control& control) const;
    /// Any is.
    bool any_fading() const { return !fades_.empty(); }
    /// In the table's unit; clamped to its range. Fade in seconds or negative; time is an absolute sample or kNow. A structural
    /// setting (one that makes a new plan) begins at its sample, too, as soon as the change before it is over; a module's text
    /// is told to it when its time has come. What goes wrong with a setting that had to wait is among take_refusals().
    Outcome set(const Control& control, const Value& value, double fade_seconds = -1, std::int64_t time = engine::Command::kNow,
                engine::Way way = engine::Way::smooth);
    /// The absolute sample from which on no fade that was asked for is under way.
    std::int64_t fading_until() const { return fading_until_; }
    /// Takes back every solo, strips' and groups'; how many there were.
    int clear_solos(std::int64_t time = engine::Command::kNow);
    /// While it lives solos are set as they are told: a monitor that is exclusive releases none. For undo and scenes.
    class ExactSolos {
      public:
        explicit ExactSolos(Console& console) : console_(console), before_(std::exchange(console.exact_solos_, true)) {}
        ~ExactSolos() { console_.exact_solos_ = before_; }
        ExactSolos(const ExactSolos&) = delete;
        ExactSolos& operator=(const ExactSolos&) = delete;

      private:
        Console& console_;
        bool before_;
    };
    /// Between begin() and commit() sets are collected and then take effect together, at one sample.
    void begin();
    void commit();

    // ---------------------------------------------------------------------------------------- being alive

    /// Takes what comes back from the audio side; frees old plans; takes meters. Call it often (50 Hz).
    /// True when new meters came.
    bool poll();
    /// What people should hear of (a full disk, an underrun, a silenced NaN, DC) since the last call: address and sentence. What
    /// lasts is told when it begins and when it is over; the `last` call of all waits for nothing more.
    std::vector<std::pair<std::string, std::string>> take_reports(bool last = false);
    struct Refusal {
        std::string address, reason;
        std::uint64_t setting = 0; ///< as on_wait had it
    };
    /// Of these only what settings were refused that had to wait.
    std::vector<Refusal> take_refusals() { return std::exchange(refusals_, {}); }
    /// The whole desk's level: 1 or 0, reached in `seconds`.
    void fade(float to, double seconds);
    /// All that was set has reached the audio side, timed commands included.
    bool sent() const { return outbox_.empty() && engine_.queued() == 0; }
    /// Offline, between two calls of process(): all that was set by now takes effect at this very sample, and edits that are
    /// over make room for those that wait.
    void settle();
    /// Likewise: takes the meters up to this very sample, whenever the next are due.
    void look();

    const graph::Desk& desk() const { return desk_; }
    /// The same strips and chains with the values that the config gave them.
    const graph::Desk& loaded() const { return loaded_; }
    const graph::Compiled* compiled() const { return compiled_.get(); }
    /// The ports to serve now: the plan's, and while a new plan is being swapped in the old one's, too, since it still
    /// fades out.
    std::vector<graph::Port> live_ports() const;
    /// The same for who serves slots, not names: also a port that leaves while another comes by its name.
    std::vector<graph::Port> engine_ports() const;
    /// The files of a render (ConsoleOptions::injected and captured) follow a strip, whatever it is called. Of one that is gone,
    /// they wait for a new one of the name that it had last. These are the names in the options that stand for a port's strip.
    std::vector<std::string_view> files_of(const graph::Port& port) const;
    double sample_rate() const { return sample_rate_; }
    /// The audio server's cycle in frames, 0 where there is none: by that much inserts come back later. Call it often: a new plan
    /// for it is made when ready().
    void follow_period(int frames);
    int period() const { return period_; }
    engine::Engine& engine() { return engine_; }

    /// Called for every change of a value, from wherever it came; and when the tree itself changed.
    std::function<void(const Control&, const Value&)> on_change;
    std::function<void()> on_tree;
    /// A setting was set, to whatever value, and its partner's: what was to happen to it later is called off.
    std::function<void(const std::string& address)> on_set;
    /// A solo was taken back that nobody set itself: by a new one where a monitor is exclusive, or by clear_solos().
    std::function<void(const Control&)> on_released;
    /// A setting has to wait, for its time or for a change that is under way. Where it is refused then, it is by this number.
    std::function<void(std::uint64_t setting)> on_wait;
    /// A new plan was compiled and is about to be sent: its ports must exist when it begins to run.
    std::function<void(const graph::Compiled& next)> on_plan;
    /// The new plan runs; the old one is gone.
    std::function<void()> on_swapped;

  private:
    struct Told { ///< what the audio side was told of a strip
        bool muted;   ///< by its own mute, its groups' or others' solos
        float level;  ///< dB, of its groups
        bool heard[engine::kSoloBuses] = {}; ///< on the solo buses
        bool operator==(const Told&) const = default;
    };
    struct Monitor { ///< a module that hears solos
        int strip, module;
        std::uint32_t slot;
        std::optional<std::pair<bool, bool>> told; ///< something is soloed, a talkback is on
    };
    void post(const engine::Command& command);
    void commit_collected();
    void index();
    void install(graph::Compilation compilation, const graph::Desk& before, std::int64_t time = engine::Command::kNow);
    void move(const Control& control, float before, float after, std::int64_t time, std::int64_t fade, engine::Way way);
    void forget_fades();
    void send_changes(const graph::Desk& before, std::int64_t time);
    void mutes_changed(std::int64_t time);
    bool soloed(std::size_t strip) const;
    std::vector<char> open_strips() const;
    void index_monitors();
    float monitor_value(const Monitor& monitor, std::string_view row) const;
    bool any_monitor(std::string_view row, float value) const;
    void hear_solo(std::size_t strip, Told& told, const Told& before, bool unsure, std::int64_t time);
    void update_monitors(std::int64_t time);
    void update_mutes(std::int64_t time, std::int64_t fade = -1, engine::Way way = engine::Way::smooth, int group = -1);
    Outcome set_one(const Control& control, const Value& value, double fade_seconds, std::int64_t time, engine::Way way);
    Outcome set_text(const Control& control, const Value& value, std::int64_t time);
    std::string other_width(const graph::Module& now, const graph::Module& next, bool& other) const;
    int release_solos(std::int64_t time, const std::set<std::string>& keep);
    Outcome set_solo(const Control& control, bool on, std::int64_t time);
    Outcome replan(graph::Desk next, std::int64_t time);
    bool must_wait() const;
    std::int64_t now() const { return engine_.counters().frames.load(std::memory_order_relaxed); }
    std::int64_t soon() const;
    void apply_deferred();
    void apply_texts();
    struct Deferred { ///< a setting that waits
        std::string address;
        Value value;
        std::int64_t time;
        bool structural; ///< else a text for a module that runs
        std::uint64_t number = 0;
    };
    void call_off(const std::function<bool(const Deferred&)>& which);
    void defer(Deferred setting);
    bool put(graph::Desk& desk, const Deferred& setting) const;
    void apply_together(std::vector<Deferred> settings, std::int64_t time);
    static std::string key_of(const graph::Strip& strip, const graph::Module& module);
    void forget_mutes();
    struct Followed { ///< a strip that files were opened for
        std::string as;   ///< its name at that time
        std::string name; ///< which it has now, or had last
        std::string key;  ///< empty while there is none
    };
    std::vector<Followed> follow(const graph::Desk& next) const;
    graph::CompileOptions compile_options(double sample_rate, std::string directory, const std::vector<Followed>& followed) const;
    void prepare(graph::Desk& next, const Origins& origins) const;
    bool move_to(const graph::Desk& desk, graph::Desk& next, double sample_rate, const Origins& origins, std::int64_t time);
    graph::Compilation compile_next(graph::Desk& next, double sample_rate, const Origins& origins, config::Diagnostics& errors) const;
    std::vector<Unfit> fit_to(const graph::Desk& loaded, graph::Desk& live, double sample_rate, const Origins& origins) const;
    struct Guard { ///< a strip's, and where its read-outs are
        int strip, module;
        std::size_t reduction, dc;
    };
    void index_guards();
    void watch_guards(std::span<const Guard> guards);
    bool watch_before_swap();
    std::vector<Guard> guards_before() const;
    void watch_healed();
    void watch_ceiling(const graph::Strip& strip, double ceiling, double down);
    void watch_dc(const graph::Strip& strip, double dc);
    void prune_alarms();
    double alarm_clock();

    engine::Engine& engine_;
    ConsoleOptions options_;
    graph::Desk desk_;   ///< as it stands: the config, and what was moved since
    graph::Desk loaded_; ///< as the config said, so that a reload knows what its author changed
    std::string directory_;
    double sample_rate_ = 48000;
    int period_ = 0;
    std::unique_ptr<graph::Compiled> compiled_;
    std::unique_ptr<graph::Compiled> pending_; ///< the one that runs until the swap is reported
    std::vector<Followed> followed_, followed_before_; ///< the second one in pending_
    bool swapping_ = false;                    ///< a transaction was sent and not yet reported done
    std::vector<Control> controls_;
    std::unordered_map<std::string_view, std::size_t> by_address_;
    std::map<std::string, Told> told_;     ///< per strip, by key
    bool exact_solos_ = false;
    std::set<std::string> soloed_together_; ///< keys of what is being collected: these don't release each other
    std::vector<Monitor> monitors_;
    std::vector<int> partners_;    ///< by strip: that which it is linked to, or -1
    std::vector<std::pair<int, int>> talkbacks_; ///< strip, module
    bool new_plan_ = false;        ///< its solo taps may be other ones
    graph::GroupsOfStrips groups_; ///< by strip: those it is a member of
    std::vector<Deferred> deferred_;           ///< structural settings, and texts
    std::uint64_t deferrals_ = 0;
    std::vector<Refusal> refusals_;
    Alarms alarms_;                        ///< by strips' keys
    double alarm_seconds_ = 0;
    std::int64_t alarm_frames_ = 0;        ///< where alarm_clock() read so
    std::vector<Guard> guards_, guards_before_; ///< of compiled_ and pending_
    /// By section, and lane in it: where strips come and go, new ones that begin at 0 take their place.
    std::map<std::weak_ptr<const engine::Section>, std::vector<std::uint32_t>, std::owner_less<>> told_healed_;
    std::uint64_t healed_ = 0;
    std::int64_t fading_until_ = 0;
    Fades fades_;
    std::optional<std::int64_t> mutes_due_; ///< mutes or solos were turned in what is being collected
    Outbox::Batch collected_;
    int collecting_ = 0;
    Outbox outbox_;
    std::vector<float> meters_;
    const engine::Plan *meter_plan_ = nullptr, *next_plan_ = nullptr; ///< that meters_ are of; that was sent last
};

} // namespace ton::control
