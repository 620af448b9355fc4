// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/file_watch.hpp"
#include "app/run.hpp"
#include "app/service/notifier.hpp"
#include "backend/backend.hpp"
#include "control/alarms.hpp"
#include "control/console.hpp"
#include "control/editor.hpp"
#include "control/osc_view.hpp"
#include "control/scene_file.hpp"
#include "control/scene_verbs.hpp"
#include "control/state.hpp"
#include "control/state_lock.hpp"
#include "files/disk_thread.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ton::app {

/// Everything of a running desk, on one control thread: it owns the parts and carries words between them.
class Daemon {
  public:
    explicit Daemon(const RunOptions& options);
    ~Daemon();
    int run();
    void leave();

  private:
    bool load_desk();
    bool open_osc();
    bool admit(const config::Control& control);
    void follow_config();
    std::vector<config::Diagnostic> waiting_for_restart() const;
    control::osc::Message with_remarks(control::osc::Message answer) const;
    void warn() const;
    std::unique_ptr<backend::Backend> make_backend();
    void start_backend();
    void look_for_server();
    void wire();
    void add_verbs();
    void tick();
    void slow_tick();
    void tell_service();
    void wait_for_signal();
    control::Editor::Result reload(std::vector<config::Diagnostic>& errors, std::vector<control::Unfit>& unfit);
    static void log_unfit(const std::vector<control::Unfit>& unfit);
    void reload_when_ready();
    void reload_verb(const control::osc::Message& message, control::Answers& answers);
    static void log_refused(const std::string& file, const std::vector<config::Diagnostic>& errors);
    static void answer_all(const std::string& address, const std::vector<config::Diagnostic>& errors, control::Answers& answers);
    static graph::Desk read_config(const std::string& path, std::string& text, std::vector<config::Diagnostic>& errors);
    void watch();
    void begin_stop();
    void stop_when_faded();

    void audio_ready(double sample_rate, int block);
    void audio_lost(const std::string& why);
    void hold_silent();
    void start_sound();
    void ports_for(const graph::Compiled& next, bool both);
    void latencies();
    void link_inserts(const graph::Compiled& compiled);
    control::DeskStatus desk_status();

    bool open_state(bool fresh);
    std::string state_file(const std::string& config) const;
    void restore(const std::string& path);
    bool take_up_unsaved(const std::string& state, const std::string& path);
    std::string state_now(std::string_view about_to_save = {}) const;
    static void put_aside(const std::string& path, const std::string& why);
    bool first_desk();
    void poll_state();
    void watch_saving();
    void tell_people(const std::string& address, const std::string& text);
    void flush_state();
    void open_scenes(const std::string& path);
    void poll_scenes();
    void rename_in_scenes(const control::Origins& names);
    void close_state();
    std::string saving() const;
    void save(const control::osc::Message& message, control::Answers& answers);
    void announce_save(const std::string& text);
    void answer_saves();
    void load(const control::osc::Message& message, control::Answers& answers);

    RunOptions options_;
    boost::asio::io_context io_{1};
    boost::asio::signal_set signals_{io_};
    boost::asio::steady_timer timer_{io_};
    files::DiskThread disk_;
    engine::Engine engine_;
    control::Console console_;
    control::Dispatcher dispatcher_;
    control::Editor editor_{console_, dispatcher_};
    control::Scenes scenes_{console_};
    control::SceneVerbs scene_verbs_{dispatcher_, scenes_};
    control::Alarms alarms_;                         // of what isn't a strip's
    std::unique_ptr<control::SceneFile> scene_file_; // null where scenes can't be kept
    std::unique_ptr<control::OscView> osc_;
    std::unique_ptr<backend::Backend> backend_; // stops before the engine and the console go
    graph::Desk loaded_;
    config::Control admitted_;                              // as the OSC server goes by it
    std::optional<std::vector<config::Name>> listened_;     // control.osc at the start
    config::Engine clock_;                                  // the internal clock's
    std::optional<control::StateLock> state_lock_;
    std::string text_, unsaved_text_;           // of the config's file, and as it was edited: until the editor has them
    std::unique_ptr<FileWatch> watch_;
    bool reload_waits_ = false;                 // for the change of the graph that is under way
    std::unique_ptr<control::StateWriter> state_; // null where settings can't be kept
    struct Save {
        std::uint64_t state; // the state's text that goes with the file: StateWriter::handed()
        std::chrono::steady_clock::time_point latest;
        std::function<void(const control::osc::Message&)> answer;
        std::string file;
    };
    std::deque<Save> saves_; // to be answered
    std::vector<backend::PortSpec> ports_;      // registered now
    std::map<std::string, bool> linked_;        // inserts, by instance
    backend::Status status_;
    service::Notifier notifier_ = service::Notifier::from_environment();
    std::optional<std::chrono::steady_clock::time_point> silent_since_; // sound is held back until all is in place
    int ticks_ = 0;
    bool stopping_ = false;
    boost::asio::steady_timer stop_timer_{io_};
    std::chrono::steady_clock::time_point stop_at_;
    std::int64_t faded_at_ = -1; // sample; negative: the fade waits for room in the queue
    bool on_internal_clock_ = false;
};

} // namespace ton::app
