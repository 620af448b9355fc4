// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/render.hpp"

#include "app/render_events.hpp"
#include "app/render_files.hpp"
#include "control/console.hpp"
#include "control/dispatch.hpp"
#include "control/editor.hpp"
#include "control/scene_verbs.hpp"
#include "control/state.hpp"
#include "control/verb_kinds.hpp"
#include "files/disk_thread.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <deque>

namespace ton::app {

namespace {

using engine::Engine;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

int fail(const std::string& message) {
    fmt::print(stderr, "tonmeister render: {}\n", message);
    return 1;
}

volatile std::sig_atomic_t interrupted = 0;

/// One offline run: files in, the engine in between, files out.
class Run {
  public:
    explicit Run(const RenderOptions& options) : options_(options) {}

    int run() {
        std::vector<config::Diagnostic> errors;
        const auto desk = control::Console::load(options_.config, errors);
        rate_ = desk.engine.sample_rate.value;
        block_ = options_.block > 0 ? options_.block : desk.engine.block.value;
        complain(errors);
        open_inputs();
        const bool buildable = complaints_ == 0;
        read_events();
        check_strips(desk);
        for (const auto& line : RenderInputs::complaints(options_.inputs)) complain(line);
        for (const auto& line : RenderOutputs::complaints(options_.outputs, options_.inputs)) complain(line);
        if (buildable) build(desk);
        if (complaints_ > 0) return fail(fmt::format("{}, nothing was rendered", config::counted(static_cast<std::size_t>(complaints_), "error")));
        tell_inserts();
        if (const auto error = open_outputs(); !error.empty()) return fail(error);
        if (const auto error = play(); !error.empty()) return fail(error);
        return answers_.errors > 0 ? fail(config::counted(static_cast<std::size_t>(answers_.errors), "event") + " could not be obeyed") : 0;
    }

  private:
    control::ConsoleOptions console_options() {
        control::ConsoleOptions o;
        o.disk = &disk_;
        o.offline = true;
        o.lane_width = options_.lane_width;
        for (const auto& [strip, channels] : inputs_.widths()) o.injected[strip] = channels;
        for (const auto& [strip, _] : options_.outputs) o.captured.push_back(strip);
        return o;
    }

    // All that is wrong with the config, the files and the events is told in one go, before anything is written.
    void complain(const std::string& line) {
        fmt::print(stderr, "{}\n", line);
        ++complaints_;
    }
    void complain(const std::vector<config::Diagnostic>& errors) {
        for (const auto& e : errors) complain(config::format(e));
    }

    void build(const graph::Desk& desk) {
        console_ = std::make_unique<control::Console>(engine_, console_options());
        dispatcher_ = std::make_unique<control::Dispatcher>(*console_);
        make_editor();
        scenes_ = std::make_unique<control::Scenes>(*console_);
        scene_verbs_ = std::make_unique<control::SceneVerbs>(*dispatcher_, *scenes_);
        console_->on_change = [this](const control::Control& control, const control::Value&) { scenes_->changed(control); };
        editor_->arrive = [this](graph::Desk& desk) { scenes_->arrive(desk); };
        console_->on_wait = [this](std::uint64_t setting) { remember(setting); };
        editor_->on_renamed = [this](const control::Origins& names) { scenes_->renamed(names); };
        const auto errors = console_->apply(desk, rate_);
        if (!errors.empty()) return complain(errors);
        // From the first verb on, an event may alter what there is.
        bool same = true;
        for (const auto& event : events_) {
            const bool verb = event.message.address.starts_with("/tonmeister/");
            same = same && !verb;
            if (!same && !verb) continue;
            if (const auto why = dispatcher_->complaint(event.message); !why.empty())
                complain(fmt::format("{}:{}: {}: {}", options_.events, event.line, event.message.address, why));
        }
    }

    /// There are no ports to go out through.
    void tell_inserts() const {
        for (const auto& strip : console_->desk().strips)
            for (const auto& module : strip.chain)
                if (module.type->insert) fmt::print(stderr, "{}: /{}/{}: nothing is outside a render, so the signal itself is heard\n", options_.config, strip.name, module.name);
    }

    void make_editor() {
        editor_ = std::make_unique<control::Editor>(*console_, *dispatcher_);
        editor_->clock = [this] { return static_cast<double>(position_) / rate_; };
        if (const auto text = control::read_whole(options_.config)) editor_->open(*text);
        add_render_verbs(*dispatcher_, *editor_, options_.config);
    }

    void check_strips(const graph::Desk& desk) {
        std::vector<std::string_view> names;
        for (const auto& strip : desk.strips)
            if (!strip.members) names.push_back(strip.name);
        const auto check = [&](const auto& pairs, const char* option, const char* what) {
            for (const auto& [strip, file] : pairs) {
                if (std::ranges::find(names, strip) != names.end()) continue;
                const auto near = config::nearest(strip, names);
                complain(fmt::format("{} {}={}: there is no strip {} {}{}", option, strip, file, config::quote(strip), what,
                                     near ? fmt::format("; did you mean {}?", config::quote(*near)) : ""));
            }
        };
        check(options_.inputs, "--input", "to feed");
        check(options_.outputs, "--output", "to take the output of");
    }

    void open_inputs() {
        std::vector<std::string> unreadable;
        inputs_.open(options_.inputs, rate_, unreadable);
        for (const auto& line : unreadable) complain(line);
    }

    void read_events() {
        if (options_.events.empty()) return;
        const auto text = control::read_whole(options_.events);
        if (!text) return complain(text.error());
        std::vector<std::string> errors;
        events_ = parse_events(*text, options_.events, rate_, errors);
        answers_.file = options_.events;
        for (const auto& e : errors) complain(e);
    }

    std::string open_outputs() {
        const auto format = files::sample_format_named(options_.bits);
        if (!format) return fmt::format("--bits {}: expected 16, 24 or 32f", options_.bits);
        frames_ = options_.length ? std::llround(*options_.length * rate_) : inputs_.longest() + std::llround(options_.tail * rate_);
        if (frames_ <= 0) return "there is nothing to render: give an --input, or a --length in seconds";
        return outputs_.open(options_.outputs, *console_->compiled(), {rate_, *format, options_.dither, options_.raw}, frames_);
    }

    std::string play() {
        engine::prepare_audio_thread();
        const auto total = frames_ + outputs_.latency();
        std::size_t next = 0;
        for (std::int64_t position = 0; position < total;) {
            if (interrupted != 0) return "interrupted: nothing was written";
            console_->settle(); // at first the plan; then finished edits make room for those that wait
            scenes_->poll(position);
            position_ = position;
            report();
            do {
                obey_until(position, next);
                console_->settle();
            } while (!held_.empty() && console_->ready());
            tell_late();
            std::int64_t count = std::min<std::int64_t>(block_, total - position);
            // A block ends where an event or a new plan is due, so that everything happens on its sample, however long blocks are.
            if (next < events_.size()) count = std::min(count, events_[next].time - position);
            if (const auto due = scenes_->next_due()) count = std::min(count, *due - position);
            if (const auto swap = engine_.next_swap(); swap > position) count = std::min(count, swap - position);
            count = std::min(count, next_report_ - position);
            disk_.run_once();
            if (auto error = inputs_.read(static_cast<int>(count)); !error.empty()) return error;
            process(static_cast<int>(count));
            if (auto error = outputs_.write(static_cast<int>(count)); !error.empty()) return error;
            position += count;
            show_progress(position, total);
        }
        position_ = next_report_ = total;
        report(true);
        constexpr auto why = "the render ended before the change of the graph before it";
        for (const auto& events : held_)
            for (const auto& event : events) answers_.error(event.line, event.message.address, why);
        for (const auto& [event, _] : waiting_) answers_.error(event.line, event.message.address, why);
        answers_.never({events_.begin() + static_cast<std::ptrdiff_t>(next), events_.end()});
        return outputs_.close();
    }

    /// Ten times a second of the programme, as a daemon does by its timer: what lasts is told when it begins and when it is over.
    /// All that came by then, at any block size.
    void report(bool last = false) {
        if (position_ < next_report_) return;
        next_report_ = position_ + rate_ / 10;
        console_->look();
        tell_refused();
        for (const auto& [address, text] : console_->take_reports(last))
            fmt::print(stderr, "{}{:.1f} s: {}: {}\n", std::exchange(shown_, -1) < 0 ? "" : "\r\x1b[K", static_cast<double>(position_) / rate_, address, text);
    }

    /// Events of one sample take effect together. A change of the graph waits while another is under way, and with it what
    /// is meant for what it adds.
    void obey_until(std::int64_t position, std::size_t& next) {
        if (!held_.empty() && console_->ready()) {
            const auto due = std::move(held_.front());
            held_.pop_front();
            obey(due);
        }
        std::vector<TimedMessage> now, later;
        for (; next < events_.size() && events_[next].time <= position; ++next) (waits(events_[next].message) ? later : now).push_back(events_[next]);
        auto pieces = in_pieces(std::move(now));
        for (auto piece = std::next(pieces.begin()); piece != pieces.end(); ++piece) held_.push_back(std::move(*piece));
        if (!later.empty())
            for (auto& piece : in_pieces(std::move(later))) held_.push_back(std::move(piece));
        obey(pieces.front());
    }

    static std::vector<std::vector<TimedMessage>> in_pieces(std::vector<TimedMessage> events) {
        return control::in_pieces(std::move(events), [](const TimedMessage& event) { return std::string_view(event.message.address); });
    }

    bool waits(const control::osc::Message& message) const {
        if (control::changes_graph(message.address)) return !console_->ready() || !held_.empty();
        return !held_.empty() && !message.address.starts_with("/tonmeister/") && !dispatcher_->complaint(message).empty();
    }

    void obey(const std::vector<TimedMessage>& events) {
        if (events.empty()) return;
        const auto errors = answers_.errors;
        tell_refused();
        answers_.begin(events, *dispatcher_);
        dispatcher_->begin(events.size() > 1, engine::Command::kNow, std::ranges::any_of(events, [](const auto& event) { return control::is_edit(event.message.address); }));
        for (const auto& event : events) dispatcher_->obey(event.message, engine::Command::kNow, answers_);
        dispatcher_->commit(events.size() > 1, answers_);
        tell_refused();
        answers_.end();
        for (const auto& event : events) {
            if (const auto waits = waiting(event.line); waits != waiting_.end()) {
                if (console_->waiting() > 0) continue; // told by tell_late()
                waiting_.erase(waits);
            }
            if (event.time < position_ && !control::acts_at_once(event.message.address) && answers_.errors == errors) answers_.late(event, position_);
        }
    }

    struct Waiting {
        TimedMessage event;
        std::vector<std::uint64_t> settings; ///< of it: see Console::on_wait
    };
    std::vector<Waiting>::iterator waiting(int line) {
        return std::ranges::find(waiting_, line, [](const Waiting& w) { return w.event.line; });
    }

    void remember(std::uint64_t setting) {
        const auto* event = answers_.under_way();
        if (!event) return;
        auto waits = waiting(event->line);
        if (waits == waiting_.end()) waits = waiting_.insert(waits, {*event, {}});
        waits->settings.push_back(setting);
    }

    /// Settings that were refused after they had to wait. An event all of whose settings were never begins.
    void tell_refused() {
        for (const auto& [address, reason, setting] : console_->take_refusals()) {
            const auto waits = std::ranges::find_if(waiting_, [&](const Waiting& w) { return std::ranges::find(w.settings, setting) != w.settings.end(); });
            if (waits == waiting_.end()) {
                answers_.error(address, reason);
                continue;
            }
            answers_.error(waits->event.line, address, reason);
            std::erase(waits->settings, setting);
            if (waits->settings.empty()) waiting_.erase(waits);
        }
    }

    /// Settings that make a new plan have begun when none waits any more.
    void tell_late() {
        tell_refused();
        if (waiting_.empty() || console_->waiting() > 0) return;
        for (const auto& [event, _] : waiting_)
            if (event.time < position_) answers_.late(event, position_);
        waiting_.clear();
    }

    void process(int count) {
        std::vector<const float*> in;
        std::vector<float*> out;
        const auto ports = console_->engine_ports();
        for (auto* planes : {&input_memory_, &output_memory_})
            for (auto& plane : *planes) plane.clear(); // nobody's, unless a port has that slot now
        for (const auto& port : ports) {
            auto& planes = port.input ? input_memory_ : output_memory_;
            if (planes.size() <= at(port.slot)) planes.resize(at(port.slot) + 1);
            planes[at(port.slot)].assign(at(count), 0.0F);
            if (!port.input) continue;
            for (const auto strip : console_->files_of(port)) inputs_.add_to(strip, port.channel, planes[at(port.slot)]);
        }
        for (auto& plane : input_memory_) in.push_back(plane.empty() ? nullptr : plane.data());
        for (auto& plane : output_memory_) out.push_back(plane.empty() ? nullptr : plane.data());
        engine_.process({in, out, count});
        for (const auto& port : ports) {
            if (port.input) continue;
            for (const auto strip : console_->files_of(port)) outputs_.take(strip, port.channel, output_memory_[at(port.slot)]);
        }
    }

    void show_progress(std::int64_t position, std::int64_t total) {
        const auto percent = static_cast<int>(100 * position / total);
        if (options_.quiet || percent == shown_ || isatty(STDERR_FILENO) == 0) return;
        shown_ = percent;
        fmt::print(stderr, "\rrendering {:3}%{}", percent, position == total ? "\n" : "");
    }

    const RenderOptions& options_;
    int rate_ = 48000, block_ = 64;
    RenderInputs inputs_;
    RenderOutputs outputs_;
    std::int64_t frames_ = 0;
    std::vector<TimedMessage> events_;
    std::deque<std::vector<TimedMessage>> held_;
    std::vector<Waiting> waiting_; // settings, likewise
    std::int64_t position_ = 0, next_report_ = 0;
    EventAnswers answers_;
    files::DiskThread disk_;
    Engine engine_;
    std::unique_ptr<control::Console> console_;
    std::unique_ptr<control::Dispatcher> dispatcher_;
    std::unique_ptr<control::Editor> editor_;
    std::unique_ptr<control::Scenes> scenes_; // in memory only
    std::unique_ptr<control::SceneVerbs> scene_verbs_;
    std::vector<std::vector<float>> input_memory_, output_memory_; // by slot; none where no port has it
    int shown_ = -1, complaints_ = 0;
};

} // namespace

int render(const RenderOptions& options) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, [](int) { interrupted = 1; });
    return Run(options).run();
}

} // namespace ton::app
