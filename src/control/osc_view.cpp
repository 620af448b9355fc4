// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc_view.hpp"

#include "control/editor.hpp"
#include "control/osc/pattern.hpp"
#include "control/verb_kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>

namespace ton::control {

namespace {
constexpr auto kLookAhead = std::chrono::milliseconds(100); // time tags reach the audio side this much early
constexpr auto kFadeFrame = std::chrono::milliseconds(50);   // between looks at what fades: the usual rate of a subscription

/// An OSC integer has 32 bits; a count that has come further stays there.
std::int32_t count(std::uint64_t number) { return static_cast<std::int32_t>(std::min<std::uint64_t>(number, INT32_MAX)); }
} // namespace

/// Answers to the client whose message is being obeyed.
class OscView::PeerAnswers : public Answers {
  public:
    PeerAnswers(OscView& view, const osc::Peer& peer) : view_(view), peer_(peer) {}
    void reply(const osc::Message& message) override { view_.server_.send(peer_, message); }
    void reply_all(std::vector<osc::Message> messages) override { view_.answer_all(peer_, std::move(messages)); }
    void error(std::string_view address, std::string_view reason) override {
        ++view_.refused_;
        if (address != "/tonmeister/error") view_.server_.send_error(peer_, address, reason);
    }

  private:
    OscView& view_;
    const osc::Peer& peer_;
};

OscView::OscView(boost::asio::io_context& io, Console& console, Dispatcher& dispatcher, std::function<DeskStatus()> status)
    : console_(console), dispatcher_(dispatcher), status_(std::move(status)),
      server_(io, {.on_packet = [this](const osc::Peer& from, osc::Packet&& packet) { receive(from, std::move(packet)); },
                   .on_gone = [this](const osc::Peer& peer) { subscriptions_.unsubscribe_all(peer); }}) {
    add_verbs();
    server_.drive(&subscriptions_);
    tree_changed();
}

OscView::~OscView() { server_.drive(nullptr); }

void OscView::receive(const osc::Peer& from, osc::Packet&& packet) {
    for (auto& batch : osc::split(std::move(packet))) {
        using Verdict = osc::Schedule::Verdict;
        switch (schedule_.add(from, std::move(batch), osc::system_now(), ++arrivals_)) {
        case Verdict::now:
        case Verdict::late:
            take(from, std::move(batch.messages), engine::Command::kNow, arrivals_);
            break;
        case Verdict::too_far:
            ++refused_;
            server_.send_error(from, batch.messages.empty() ? "" : batch.messages.front().address, "the time tag is more than a minute ahead");
            break;
        case Verdict::full:
            ++refused_;
            server_.send_error(from, "", "too many messages wait for their time");
            break;
        case Verdict::stored:
            break;
        }
    }
}

/// One change of the graph at a time: the next waits, and what its sender sends behind it, so that a script need not. All
/// others' hands stay free, and their changes take turns with it.
void OscView::take(const osc::Peer& from, Messages messages, std::int64_t time, std::uint64_t arrival) {
    for (auto& piece : in_pieces(std::move(messages), std::mem_fn(&osc::Message::address))) {
        if (piece.empty()) continue;
        if (!held_.any_of(from) && !must_wait(piece)) {
            obey(from, piece, time, arrival);
            continue;
        }
        const auto address = piece.front().address;
        const auto why = held_.add({from, std::move(piece), time, arrival});
        if (why.empty()) continue;
        ++refused_;
        server_.send_error(from, address, why);
    }
}

bool OscView::must_wait(const Messages& messages) const {
    return !console_.ready() && std::ranges::any_of(messages, &changes_graph, &osc::Message::address);
}

/// What has a sample is sent ahead of it; from the first verb on that has none the rest of a batch waits for its moment.
void OscView::take_due() {
    while (auto due = schedule_.pop(osc::system_now() + kLookAhead)) {
        auto tail = take_tail(due->batch.messages, std::mem_fn(&osc::Message::address));
        if (!due->batch.messages.empty())
            take(due->from, std::move(due->batch.messages), clock_.sample_at(std::chrono::time_point_cast<std::chrono::system_clock::duration>(due->due)), due->arrival);
        if (!tail.empty()) tails_.push_back({std::move(due->from), std::move(tail), due->due, due->arrival});
    }
    while (!tails_.empty() && tails_.front().due <= osc::system_now()) {
        const auto tail = std::move(tails_.front());
        tails_.pop_front();
        take(tail.peer, tail.messages, engine::Command::kNow, tail.arrival);
    }
}

void OscView::obey_held() {
    while (const auto next = held_.next([this](const Messages& messages) { return must_wait(messages); }))
        obey(next->peer, next->messages, next->time, next->arrival);
}

void OscView::obey(const osc::Peer& from, const Messages& messages, std::int64_t time, std::uint64_t arrival) {
    PeerAnswers answers(*this, from);
    arrival_ = arrival;
    origin_ = &from;
    const bool together = messages.size() > 1; // one alone is answered with its own outcome
    dispatcher_.begin(together, time, std::ranges::any_of(messages, &is_edit, &osc::Message::address));
    for (const auto& message : messages) dispatcher_.obey(message, time, answers);
    dispatcher_.commit(together, answers);
    origin_ = nullptr;
}

std::function<void(const osc::Message&)> OscView::reply_later() {
    if (!origin_) return [](const osc::Message&) {};
    ++owed_;
    return [this, peer = *origin_](const osc::Message& answer) {
        --owed_;
        server_.send(peer, answer);
    };
}

void OscView::changed(const Control& control, const Value& value) {
    const std::array applied{to_argument(control, console_.fading(control) ? console_.present(control) : value)};
    std::span<const osc::Argument> sent;
    // Only a plain set can be compared with what came of it; any other form is told to its sender, too.
    const auto* obeyed = dispatcher_.under_way();
    if (obeyed && !obeyed->args.empty() && (obeyed->address == control.address || osc::is_pattern(obeyed->address)))
        sent = std::span(obeyed->args).first(1);
    subscriptions_.on_change(control.address, applied, origin_, sent, osc::Subscriptions::Clock::now());
    server_.rearm();
}

void OscView::tree_changed() {
    meters_.clear();
    for (const auto& control : console_.controls())
        if (control.meter()) meters_.push_back(&control);
    tell_new_addresses();
}

/// Who subscribed to a pattern hears of a strip or module that comes later as it would have at first. Meters come by
/// themselves.
void OscView::tell_new_addresses() {
    const auto& desk = console_.desk();
    const auto difference = known_.update(desk);
    if (subscriptions_.size() == 0) return;
    for (const auto& address : difference.gone) subscriptions_.forget(address);
    const auto now = osc::Subscriptions::Clock::now();
    for (const auto& control : console_.controls()) {
        const auto& fresh = difference.fresh[static_cast<std::size_t>(control.strip)];
        // A strip's solo is as new as its mute, which every strip has.
        const auto& chain = desk.strips[static_cast<std::size_t>(control.strip)].chain;
        const auto module = control.module >= 0 ? control.module : static_cast<int>(std::ranges::find(chain, graph::kMute, &graph::Module::name) - chain.begin());
        if (!control.meter() && fresh[static_cast<std::size_t>(module)] != 0)
            subscriptions_.on_change(control.address, to_argument(control, console_.present(control)), now);
    }
    server_.rearm();
}

/// Messages that wait, and came before the one that gives the new name: who sent them did not know it.
void OscView::renamed(const Origins& names) {
    const auto follow = [&](osc::Message& message) { rename_in_message(message, names); };
    schedule_.revise(arrival_, follow);
    const auto revise = [&](auto& waiting) {
        if (waiting.arrival < arrival_) std::ranges::for_each(waiting.messages, follow);
    };
    held_.for_each(revise);
    std::ranges::for_each(tails_, revise);
    const auto peers = subscriptions_.peers();
    for (const auto& [from, to] : names)
        for (const auto& peer : peers)
            if (!to.empty()) server_.send(peer, {"/tonmeister/renamed", {from, to}});
}

void OscView::event(const std::string& address, const std::string& sentence) {
    for (const auto& peer : subscriptions_.peers()) server_.send(peer, {"/tonmeister/event", {address, sentence}});
}

void OscView::meters() {
    const auto now = osc::Subscriptions::Clock::now();
    if (subscriptions_.size() == 0) return;
    for (const auto* control : meters_) {
        if (!subscriptions_.wanted(control->address)) continue;
        const std::array value{static_cast<float>(console_.get(*control).number())};
        const bool peak = control->parameter->hold && control->parameter->initial <= control->parameter->minimum;
        subscriptions_.on_meter(control->address, value, now, peak ? osc::Subscriptions::Hold::peak : osc::Subscriptions::Hold::newest);
    }
    server_.rearm();
}

/// Subscribers see faders move while they fade, and then where they stay.
void OscView::tell_fades() {
    const auto now = osc::Subscriptions::Clock::now();
    if ((!console_.any_fading() && fading_.empty()) || now < next_fades_) return;
    next_fades_ = now + kFadeFrame;
    const auto before = std::exchange(fading_, {});
    if (subscriptions_.size() == 0) return;
    for (const auto& control : console_.controls())
        if (console_.fading(control) && subscriptions_.wanted(control.address)) fading_.insert(control.address);
    auto tell = before; // what has arrived, too
    tell.insert(fading_.begin(), fading_.end());
    for (const auto& address : tell)
        if (const auto* control = console_.find(address)) subscriptions_.on_change(address, to_argument(*control, console_.present(*control)), now);
    server_.rearm();
}

void OscView::poll() {
    clock_.update(console_.engine(), console_.sample_rate());
    answer_syncs(); // before the next change of the graph keeps them waiting for its own end
    obey_held();
    pings_.poll();
    take_due();
    if (!listings_.empty()) {
        send_list(listings_.front());
        if (listings_.front().next >= listings_.front().addresses.size()) listings_.pop_front();
    }
    if (!long_answers_.empty()) {
        send_more(long_answers_.front());
        if (long_answers_.front().next >= long_answers_.front().messages.size()) long_answers_.pop_front();
    }
    tell_fades();
    answer_syncs();
}

void OscView::answer_syncs() {
    if (syncs_.empty() || !listings_.empty() || !long_answers_.empty() || owed_ > 0) return; // what was asked for before comes first
    const bool audio = status_().audio;
    while (!syncs_.empty()) {
        const auto& first = syncs_.front();
        const bool done = !audio || (console_.ready() && console_.sent() && console_.engine().counters().cycles.load(std::memory_order_acquire) >= first.cycle);
        if (!done) return;
        server_.send(first.peer, {"/tonmeister/synced", {first.id}});
        syncs_.pop_front();
    }
}

// ------------------------------------------------------------------------------------------------------ verbs

void OscView::add_verbs() {
    dispatcher_.add_verb("ping", [](const osc::Message& m, Answers& a) { a.reply({"/tonmeister/pong", m.args}); });
    dispatcher_.add_verb("info", [this](const osc::Message&, Answers& a) {
        a.reply({"/tonmeister/info", {std::string("tonmeister"), std::string(TONMEISTER_VERSION), console_.desk().name,
                                      static_cast<float>(console_.sample_rate()), static_cast<std::int32_t>(std::ranges::count_if(console_.desk().strips, [](const auto& s) { return !s.members; }))}});
    });
    dispatcher_.add_verb("status", [this](const osc::Message&, Answers& a) {
        const auto s = status_();
        const auto& counters = console_.engine().counters();
        const auto late = schedule_.late() + counters.late.load(std::memory_order_relaxed);
        a.reply({"/tonmeister/status", {s.state, static_cast<float>(s.load), count(s.xruns), count(late), count(refused()),
                                        count(counters.healed.load(std::memory_order_relaxed)),
                                        count(counters.dropped.load(std::memory_order_relaxed)), s.saving}});
    });
    dispatcher_.add_verb("subscribe", [this](const osc::Message& m, Answers& a) { subscribe(m, a); });
    dispatcher_.add_verb("unsubscribe", [this](const osc::Message& m, Answers& a) { unsubscribe(m, a); });
    dispatcher_.add_verb("reply", [this](const osc::Message& m, Answers& a) {
        const auto port = m.args.empty() ? std::nullopt : osc::number(m.args.front());
        if (!origin_ || !port) return a.error(m.address, "expected a port number");
        if (const auto set = server_.set_reply_port(*origin_, static_cast<int>(*port)); !set) a.error(m.address, set.error());
    });
    dispatcher_.add_verb("insert/ping", [this](const osc::Message& m, Answers& a) {
        if (!origin_) return;
        const auto why = pings_.start(m, [this, peer = *origin_](const osc::Message& answer) {
            server_.send(peer, answer);
            if (const auto what = InsertPing::told(answer); on_pinged && !what.empty()) on_pinged(peer.to_string(), what);
        });
        if (!why.empty()) a.error(m.address, why);
    });
    dispatcher_.add_verb("sync", [this](const osc::Message& m, Answers& a) {
        if (!origin_ || m.args.empty()) return a.error(m.address, "expected an id, which comes back in /tonmeister/synced");
        // A callback may be under way that began before this: the one after it has seen everything sent so far.
        const auto cycle = console_.engine().counters().cycles.load(std::memory_order_acquire) + 2;
        if (syncs_.size() < 4096) syncs_.push_back({*origin_, m.args.front(), cycle});
        else a.error(m.address, "too many syncs wait");
    });
    dispatcher_.add_verb("list", [this](const osc::Message& m, Answers& a) {
        const auto text = m.args.empty() ? std::optional<std::string_view>("/") : osc::string(m.args.front());
        if (!origin_ || !text) return a.error(m.address, "expected a prefix such as /host, or nothing");
        if (listings_.size() >= 64) return a.error(m.address, "too many lists are under way");
        Listing listing{*origin_, std::string(*text), {}};
        for (const auto* c : console_.list(*text)) listing.addresses.push_back(c->address);
        listings_.push_back(std::move(listing));
    });
}

} // namespace ton::control
