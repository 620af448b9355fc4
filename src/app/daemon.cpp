// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/daemon.hpp"

#include "app/warnings.hpp"
#include "backend/pipewire_socket.hpp"
#include "backend/realtime.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TON_SANITIZED 1
#elif defined(__has_feature)
#define TON_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define TON_SANITIZED 0
#endif

namespace ton::app {

namespace {
constexpr auto kTick = std::chrono::milliseconds(10);
constexpr int kSlow = 10;              // ticks between looks at the audio server
constexpr double kStopFade = 0.05;     // s: into silence at the end
constexpr auto kStopLatest = std::chrono::milliseconds(150); // for the last fade; less where audio keeps its pace
} // namespace

Daemon::Daemon(const RunOptions& options)
    : options_(options), console_(engine_, {.disk = &disk_, .offline = false, .injected = {}, .captured = {}}), dispatcher_(console_) {}

Daemon::~Daemon() { leave(); }

/// Everything that outlives the process is in order after this: audio, files, the settings.
void Daemon::leave() {
    if (backend_) backend_->stop();
    disk_.finish();
    close_state();
}

int Daemon::run() {
    std::signal(SIGPIPE, SIG_IGN); // a client that goes away is an error of its socket, not the end of the desk
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) signals_.add(signal); // one that comes while this starts waits
    if (!load_desk()) return 1;
    osc_ = std::make_unique<control::OscView>(io_, console_, dispatcher_, [this] { return desk_status(); });
    wire();
    add_verbs();
    if (!open_osc()) return 1;
    hold_silent();
    if (!first_desk()) return 1;
    follow_config(); // unsaved edits may be back
    if (unsaved_text_.empty()) editor_.open(std::move(text_));
    else editor_.open(std::move(unsaved_text_), std::move(text_));
    if (options_.watch) watch();
    warn();
    disk_.start();
    start_backend();
    wait_for_signal();
    tick();
    io_.run();
    return 0;
}

bool Daemon::load_desk() {
    std::vector<config::Diagnostic> errors;
    loaded_ = read_config(options_.config, text_, errors);
    if (errors.empty()) return true;
    fmt::print(stderr, "{}", config::format(errors));
    return false;
}

void Daemon::warn() const {
    for (const auto& w : warnings(loaded_, console_.compiled()->layout)) spdlog::warn(config::format(w));
    for (const auto& w : waiting_for_restart()) spdlog::warn(config::format(w));
}

void Daemon::wire() {
    console_.on_change = [this](const control::Control& control, const control::Value& value) {
        osc_->changed(control, value);
        scenes_.changed(control);
        if (state_) state_->touch();
    };
    console_.on_tree = [this] { osc_->tree_changed(); };
    console_.on_plan = [this](const graph::Compiled& next) { ports_for(next, true); };
    console_.on_swapped = [this] {
        ports_for(*console_.compiled(), false);
        latencies();
    };
    editor_.on_edit = [this] {
        if (state_) state_->touch(); // it also has what the config says
        follow_config();             // an undo of a reload as well
    };
    editor_.on_renamed = [this](const control::Origins& names) {
        osc_->renamed(names);
        rename_in_scenes(names);
    };
    editor_.arrive = [this](graph::Desk& desk) { scenes_.arrive(desk); };
    editor_.on_done = [this](std::string_view what) { spdlog::info(fmt::format("{}: {}", osc_->sender(), what)); };
    scene_verbs_.on_done = [this](std::string_view what) {
        editor_.on_done(what);
        if (state_) state_->touch(); // switches of a recall may wait for its end
    };
    osc_->on_pinged = [](const std::string& who, const std::string& what) { spdlog::info(fmt::format("{}: {}", who, what)); };
    editor_.on_unfit = log_unfit;
    editor_.on_refused = [this](const std::vector<config::Diagnostic>& errors) { log_refused(loaded_.file, errors); };
}

void Daemon::add_verbs() {
    dispatcher_.add_verb("reload", [this](const control::osc::Message& m, control::Answers& a) { reload_verb(m, a); });
    dispatcher_.add_verb("save", [this](const control::osc::Message& m, control::Answers& a) { save(m, a); });
    dispatcher_.add_verb("load", [this](const control::osc::Message& m, control::Answers& a) { load(m, a); });
}

// ------------------------------------------------------------------------------------------------- the clock

void Daemon::tick() {
    if (status_.engine_free) {
        // No server calls: a silent trickle keeps edits, answers and meters alive until one is back.
        engine_.process({{}, {}, 64});
    }
    const bool fresh = console_.poll();
    if (fresh && !stopping_) osc_->meters();
    if (reload_waits_) reload_when_ready(); // before clients whose edits wait: they may have many
    osc_->poll();
    poll_scenes();
    poll_state();
    answer_saves();
    start_sound();
    if (++ticks_ % kSlow == 0) slow_tick();
    timer_.expires_after(kTick);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) tick();
    });
}

void Daemon::slow_tick() {
    backend_->poll();
    status_ = backend_->status();
    if (status_.state == backend::State::running) console_.follow_period(on_internal_clock_ ? 0 : status_.block);
    link_inserts(*console_.compiled());
    for (const auto& [address, text] : console_.take_reports()) tell_people(address, text);
    watch_saving();
    tell_service();
    look_for_server();
}

void Daemon::tell_people(const std::string& address, const std::string& text) {
    spdlog::warn(fmt::format("{}: {}", address, text));
    osc_->event(address, text);
}

void Daemon::tell_service() {
    const bool running = status_.state == backend::State::running;
    const int wanted = static_cast<int>(console_.compiled()->ports.size());
    notifier_.tick({.cycles = engine_.counters().cycles.load(std::memory_order_acquire),
                    .running = running && status_.ports >= wanted,
                    .waiting = status_.state == backend::State::waiting,
                    .stuck = status_.stuck},
                   service::Notifier::Clock::now());
    if (!stopping_)
        notifier_.status(running ? fmt::format("{}: {:g} Hz, {} frames, load {:.0f} %, {} xruns", status_.server, status_.sample_rate,
                                               status_.block, 100.0 * status_.load, status_.xruns)
                                 : "waiting for the audio server: " + status_.detail);
}

control::DeskStatus Daemon::desk_status() {
    const bool running = status_.state == backend::State::running;
    return {!running ? "waiting" : silent_since_ ? "starting" : "running", status_.load, status_.xruns, running, saving()};
}

void Daemon::wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        if (signal == SIGHUP) {
            reload_when_ready();
            return wait_for_signal();
        }
        spdlog::info("stopping");
        begin_stop();
        wait_for_signal();
    });
}

void Daemon::begin_stop() {
    if (std::exchange(stopping_, true)) return;
    notifier_.stopping();
    osc_->server().pause(); // a flood must not be heard to its end first
    flush_state();          // the disk works while the fade is played
    stop_at_ = std::chrono::steady_clock::now() + kStopLatest;
    console_.fade(0.0F, kStopFade);
    stop_when_faded();
}

/// The fade has its place behind what waits in the queue, then takes the time of its frames.
void Daemon::stop_when_faded() {
    const auto played = engine_.counters().frames.load(std::memory_order_acquire);
    if (faded_at_ < 0 && console_.sent()) faded_at_ = played + std::llround(kStopFade * console_.sample_rate()) + 2 * status_.block;
    if (status_.engine_free || (faded_at_ >= 0 && played >= faded_at_) || std::chrono::steady_clock::now() >= stop_at_) {
        backend_->stop();
        io_.stop();
        return;
    }
    stop_timer_.expires_after(std::chrono::milliseconds(2));
    stop_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) stop_when_faded();
    });
}

int run(const RunOptions& options) {
    spdlog::set_pattern("%H:%M:%S.%e %^%l%$ %v");
    spdlog::set_level(options.verbose ? spdlog::level::debug : spdlog::level::info);
    backend::find_runtime_folder();
    for (const auto& refused : backend::prepare_process()) spdlog::warn(refused);
#if TON_SANITIZED
    return Daemon(options).run();
#else
    // The system takes a desk's memory back at once; to take thousands of strips apart first would cost a second.
    auto* daemon = new Daemon(options);
    const int code = daemon->run();
    daemon->leave();
    spdlog::shutdown();
    std::fflush(nullptr);
    std::_Exit(code);
#endif
}

} // namespace ton::app
