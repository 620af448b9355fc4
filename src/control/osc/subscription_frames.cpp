// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/subscription_book.hpp"
#include "control/osc/wire.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ton::control::osc {

using Book = Subscriptions::Impl;

std::optional<Subscriptions::Time> Subscriptions::next_due() const {
    std::optional<Time> next;
    for (const auto& [id, subscription] : impl_->subscriptions) {
        const Time due = impl_->due(subscription);
        if (!next || due < *next) next = due;
    }
    return next;
}

std::size_t Subscriptions::flush(Time now, const Sink& sink) {
    std::size_t packets = 0;
    std::vector<Id> expired;
    std::vector<Peer> gone;
    for (auto& [id, subscription] : impl_->subscriptions) {
        if (subscription.expires <= now) {
            expired.push_back(id);
        } else if (impl_->due(subscription) <= now) {
            const Peer& peer = impl_->peers.at(subscription.peer).peer;
            if (!impl_->send_frame(subscription, now, sink, packets)) gone.push_back(peer);
        }
    }
    for (const Id id : expired) impl_->remove(id);
    for (const Peer& peer : gone) unsubscribe_all(peer);
    impl_->counters.expired += expired.size();
    impl_->counters.packets += packets;
    return packets;
}

Subscriptions::Time Book::due(const Subscription& subscription) const {
    return subscription.dirty.empty() ? subscription.expires
                                      : std::min(subscription.next_frame, subscription.expires);
}

/// False: the sink says that the peer is gone.
bool Book::send_frame(Subscription& subscription, Time now, const Sink& sink, std::size_t& packets) {
    Frame frame{sink, peers.at(subscription.peer).peer, BundleBuilder(limits.datagram_bytes)};
    std::size_t done = 0;
    // The packet being filled is one more.
    const std::size_t full_packets = std::max<std::size_t>(limits.burst_packets, 2) - 1;
    while (done < subscription.dirty.size() && !frame.gone && frame.packets < full_packets) {
        Entry& entry = entries[subscription.dirty[done++]];
        // No target of this id: forgotten, or sent through another of the peer's
        // subscriptions.
        const auto target = target_of(entry, subscription.peer);
        if (target == entry.targets.end() || target->id != subscription.id || !target->dirty) continue;
        add_entry(entry, *target, frame);
    }
    put(frame);
    packets += frame.packets;
    subscription.dirty.erase(subscription.dirty.begin(),
                             subscription.dirty.begin() + static_cast<std::ptrdiff_t>(done));
    const auto period =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / subscription.rate_hz));
    subscription.next_frame = now + (subscription.dirty.empty() ? period : limits.burst_pause);
    return !frame.gone;
}

void Book::add_entry(Entry& entry, Target& target, Frame& frame) {
    target.dirty = false;
    const ByteView message = message_for(entry, target);
    if (message.empty())
        ++counters.lost;
    else
        add_message(message, frame);
}

void Book::add_message(ByteView message, Frame& frame) {
    if (frame.bundle.add(message)) return;
    put(frame);
    if (frame.gone || frame.bundle.add(message)) return;
    // Longer than a datagram should be: alone, as it is.
    ++frame.packets;
    ++counters.messages;
    frame.gone = !frame.sink(frame.peer, message);
}

void Book::put(Frame& frame) {
    if (frame.bundle.count() == 0 || frame.gone) return;
    ++frame.packets;
    counters.messages += frame.bundle.count();
    frame.gone = !frame.sink(frame.peer, frame.bundle.packet());
    frame.bundle.clear();
}

/// Encoded once per value for all subscribers; of a meter once for all, only the floats at its end are each
/// one's own. Empty when it cannot be encoded.
ByteView Book::message_for(Entry& entry, const Target& target) {
    if (entry.encoded.empty()) {
        const Arguments floats(entry.width, Argument{0.0F});
        auto encoded = encode(Message{entry.address, entry.meter ? floats : entry.value});
        if (!encoded) return {};
        entry.encoded = std::move(*encoded);
    }
    if (!entry.meter) return entry.encoded;
    scratch = entry.encoded;
    const float* values =
        entry.peaks.data() + static_cast<std::size_t>(&target - entry.targets.data()) * entry.width;
    std::byte* at = scratch.data() + scratch.size() - 4 * entry.width;
    for (std::size_t i = 0; i < entry.width; ++i)
        wire::put_u32(at + 4 * i, std::bit_cast<std::uint32_t>(values[i]));
    return scratch;
}

} // namespace ton::control::osc
