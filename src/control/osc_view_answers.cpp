// SPDX-License-Identifier: GPL-3.0-or-later
// What OSC clients ask for in many messages: subscriptions and lists.
#include "control/osc/pattern.hpp"
#include "control/osc_view.hpp"

#include <array>
#include <span>

namespace ton::control {

namespace {
constexpr int kListPackets = 16;         // of a long list, per turn: what a socket buffer takes
constexpr std::size_t kAtOnce = 16;      // messages, each a packet of its own
constexpr std::size_t kMostLong = 64;    // answers under way
} // namespace

void OscView::subscribe(const osc::Message& message, Answers& answers) {
    const auto pattern = message.args.empty() ? std::nullopt : osc::string(message.args.front());
    if (!origin_ || !pattern) return answers.error(message.address, "expected a pattern such as /*/meter/peak");
    osc::Subscriptions::Request request{std::string(*pattern)};
    for (const auto& arg : std::span(message.args).subspan(1)) {
        if (osc::string(arg) == "echo") request.echo = true;
        else if (const auto rate = osc::number(arg)) request.rate_hz = *rate;
        else return answers.error(message.address, "expected PATTERN [RATE_HZ] [\"echo\"]");
    }
    const auto now = osc::Subscriptions::Clock::now();
    const auto accepted = subscriptions_.subscribe(*origin_, request, now);
    if (!accepted) return answers.error(message.address, osc::text(accepted.error()));
    if (!accepted->renewed) {
        std::int32_t matches = 0;
        const auto parsed = osc::Pattern::parse(request.pattern);
        for (const auto& control : console_.controls())
            if (parsed->matches(control.address)) {
                const std::array value{to_argument(control, console_.present(control))};
                subscriptions_.snapshot(accepted->id, control.address, value, now);
                ++matches;
            }
        // Silence would look like a typo that was taken.
        if (matches == 0) answers.reply({"/tonmeister/subscribed", {request.pattern, matches}});
    }
    server_.rearm();
}

void OscView::unsubscribe(const osc::Message& message, Answers& answers) {
    if (!origin_) return;
    if (message.args.empty()) {
        subscriptions_.unsubscribe_all(*origin_);
        return;
    }
    const auto pattern = osc::string(message.args.front());
    if (!pattern || !subscriptions_.unsubscribe(*origin_, *pattern)) answers.error(message.address, "there is no such subscription");
}

/// One message per address: /tonmeister/list ADDRESS UNIT MINIMUM MAXIMUM DEFAULT HELP; in the end /tonmeister/listed PREFIX COUNT.
void OscView::send_list(Listing& listing) {
    for (int packet = 0; packet < kListPackets && listing.next < listing.addresses.size(); ++packet) {
        osc::BundleBuilder bundle(1400);
        for (; listing.next < listing.addresses.size(); ++listing.next) {
            const auto* control = console_.find(listing.addresses[listing.next]);
            if (!control) continue;
            const auto& p = *control->parameter;
            const auto bytes = osc::encode({"/tonmeister/list", {control->address, std::string(p.unit), p.minimum, p.maximum, p.initial, std::string(p.help)}});
            if (bytes && !bundle.add(*bytes)) break;
        }
        server_.send_packet(listing.peer, bundle.packet());
    }
    if (listing.next >= listing.addresses.size())
        server_.send(listing.peer, {"/tonmeister/listed", {listing.prefix, static_cast<std::int32_t>(listing.addresses.size())}});
}

/// A few at once; more in packets, at a pace that a client's socket buffer follows.
void OscView::answer_all(const osc::Peer& peer, std::vector<osc::Message> messages) {
    if (messages.size() <= kAtOnce && long_answers_.empty()) {
        for (const auto& message : messages) server_.send(peer, message);
        return;
    }
    if (long_answers_.size() < kMostLong) return long_answers_.push_back({peer, std::move(messages)});
    ++refused_;
    server_.send_error(peer, messages.empty() ? "" : messages.front().address, "too many long answers are under way");
}

void OscView::send_more(LongAnswer& answer) {
    for (int packet = 0; packet < kListPackets && answer.next < answer.messages.size(); ++packet) {
        osc::BundleBuilder bundle(1400);
        for (; answer.next < answer.messages.size(); ++answer.next) {
            const auto bytes = osc::encode(answer.messages[answer.next]);
            if (!bytes || bundle.add(*bytes)) continue; // what can't be said is left out
            if (bundle.count() > 0) break;
            server_.send(answer.peer, answer.messages[answer.next]); // longer than a datagram should be
        }
        if (bundle.count() > 0) server_.send_packet(answer.peer, bundle.packet());
    }
}

} // namespace ton::control
