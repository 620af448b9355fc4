// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "control/audio_clock.hpp"
#include "control/dispatch.hpp"
#include "control/held_messages.hpp"
#include "control/insert_ping.hpp"
#include "control/known_modules.hpp"
#include "control/osc/schedule.hpp"
#include "control/osc/server.hpp"
#include "control/osc/subscriptions.hpp"

#include <deque>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace ton::control {

/// What /tonmeister/status tells, from whoever knows it.
struct DeskStatus {
    std::string state; ///< "running", "starting" (audio runs, and sound is held back), "waiting"
    double load = 0;   ///< 0…1 of the period
    std::uint64_t xruns = 0;
    bool audio = false; ///< callbacks come
    std::string saving = {}; ///< of the settings: "saved", "saving", "off", or why they can't be
};

/// The desk as OSC clients see it: sockets, time tags, answers, subscriptions. Control thread.
class OscView {
  public:
    OscView(boost::asio::io_context& io, Console& console, Dispatcher& dispatcher, std::function<DeskStatus()> status);
    ~OscView();

    osc::Server& server() { return server_; }

    /// Whose message is being obeyed, as udp://HOST:PORT; empty where none is.
    std::string sender() const { return origin_ ? origin_->to_string() : std::string{}; }

    /// Sends to whose message is being obeyed, when that is over. To be called once: syncs wait for it.
    std::function<void(const osc::Message&)> reply_later();

    /// From Console::on_change.
    void changed(const Control& control, const Value& value);
    /// From Console::on_tree: addresses may have come or gone.
    void tree_changed();
    /// From Editor::on_renamed: every subscriber is told, for only they can ask by the new name.
    void renamed(const Origins& names);
    /// What people should hear of: every subscriber is told, /tonmeister/event ADDRESS SENTENCE.
    void event(const std::string& address, const std::string& sentence);
    /// Every few milliseconds: time tags that fall due, syncs, long lists.
    void poll();
    /// New meters are there.
    void meters();

    /// An insert's ping has set its latency: whose ping, and what came of it.
    std::function<void(const std::string& who, const std::string& what)> on_pinged;

    std::uint64_t late() const { return schedule_.late(); }
    std::uint64_t refused() const { return refused_ + server_.counters().refused_in_all(); }

  private:
    class PeerAnswers;
    struct Waiting {           // a /tonmeister/sync that is not answered yet
        osc::Peer peer;
        osc::Argument id;
        std::uint64_t cycle;   // in effect when this callback has ended
    };
    struct Listing {           // a /tonmeister/list under way
        osc::Peer peer;
        std::string prefix;
        std::vector<std::string> addresses;
        std::size_t next = 0;
    };
    struct LongAnswer {        // many messages under way
        osc::Peer peer;
        std::vector<osc::Message> messages;
        std::size_t next = 0;
    };
    void receive(const osc::Peer& from, osc::Packet&& packet);
    using Messages = std::vector<osc::Message>; // that came as one
    void take(const osc::Peer& from, Messages messages, std::int64_t time, std::uint64_t arrival);
    void take_due();
    void obey(const osc::Peer& from, const Messages& messages, std::int64_t time, std::uint64_t arrival);
    void obey_held();
    bool must_wait(const Messages& messages) const;
    void add_verbs();
    void subscribe(const osc::Message& message, Answers& answers);
    void unsubscribe(const osc::Message& message, Answers& answers);
    void send_list(Listing& listing);
    void answer_all(const osc::Peer& peer, std::vector<osc::Message> messages);
    void send_more(LongAnswer& answer);
    void answer_syncs();
    void tell_new_addresses();
    void tell_fades();

    Console& console_;
    Dispatcher& dispatcher_;
    std::function<DeskStatus()> status_;
    osc::Server server_;
    osc::Subscriptions subscriptions_;
    osc::Schedule schedule_;
    AudioClock clock_;
    const osc::Peer* origin_ = nullptr;          // whose message is being obeyed
    int owed_ = 0;                               // answers that come later
    std::uint64_t arrivals_ = 0, arrival_ = 0;   // of batches; of the one that is being obeyed
    struct Tail { // verbs that act when they are obeyed, and what is behind them in their bundle
        osc::Peer peer;
        Messages messages;
        osc::SystemTime due;
        std::uint64_t arrival;
    };
    HeldMessages held_;
    std::deque<Tail> tails_; // by due
    std::deque<Waiting> syncs_;
    std::deque<Listing> listings_;
    std::deque<LongAnswer> long_answers_;
    std::vector<const Control*> meters_;         // every read-out of the tree
    KnownModules known_;
    std::unordered_set<std::string> fading_;     // told last time to be on their way
    osc::Subscriptions::Time next_fades_{};
    InsertPing pings_{console_, dispatcher_};
    std::uint64_t refused_ = 0;
};

} // namespace ton::control
