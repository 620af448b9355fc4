// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/subscription_book.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ton::control::osc {

using Book = Subscriptions::Impl;

Book::Subscription* Book::find(std::uint32_t peer, std::string_view pattern) {
    for (const Id id : peers.at(peer).subscriptions) {
        Subscription& subscription = subscriptions.at(id);
        if (subscription.pattern.text() == pattern) return &subscription;
    }
    return nullptr;
}

std::optional<std::uint32_t> Book::peer_key(const Peer& peer) const {
    const auto found = peer_keys.find(peer);
    return found == peer_keys.end() ? std::nullopt : std::optional{found->second};
}

std::uint32_t Book::intern(const Peer& peer) {
    const auto [found, is_new] = peer_keys.try_emplace(peer, last_peer + 1);
    if (is_new) peers.emplace(++last_peer, PeerRecord{peer, {}});
    return found->second;
}

void Book::remove(Id id) {
    const auto found = subscriptions.find(id);
    if (found == subscriptions.end()) return;
    const auto record = peers.find(found->second.peer);
    std::erase(record->second.subscriptions, id);
    reconsider_all(found->second.pattern, found->second.peer);
    if (record->second.subscriptions.empty()) {
        peer_keys.erase(record->second.peer);
        peers.erase(record);
    }
    subscriptions.erase(found);
    if (!subscriptions.empty()) return;
    entries.clear(); // nobody listens: give the memory back
    by_address.clear();
    free_entries.clear();
}

void Book::add_address(std::uint32_t index, std::string_view address) {
    Entry& entry = entries[index];
    entry.address = address;
    entry.self = index;
    by_address.emplace(address, index);
    for (const auto& [key, record] : peers) {
        if (const auto target = choose_target(address, key)) entry.targets.push_back(*target);
    }
}

Book::Entry* Book::entry_of(std::string_view address) {
    const auto found = by_address.find(address);
    std::uint32_t index = 0;
    if (found != by_address.end()) {
        index = found->second;
    } else if (by_address.size() >= limits.addresses) {
        ++counters.lost;
        return nullptr;
    } else {
        index = static_cast<std::uint32_t>(entries.size());
        if (free_entries.empty()) {
            entries.emplace_back();
        } else {
            index = free_entries.back();
            free_entries.pop_back();
        }
        add_address(index, address);
    }
    return &entries[index];
}

/// The place of the peer's target, or where it would be inserted.
std::vector<Book::Target>::iterator Book::target_of(Entry& entry, std::uint32_t peer) {
    return std::ranges::lower_bound(entry.targets, peer, {}, &Target::peer);
}

std::optional<Book::Target> Book::choose_target(std::string_view address, std::uint32_t peer) {
    const auto record = peers.find(peer);
    if (record == peers.end()) return std::nullopt;
    Subscription* fastest = nullptr;
    bool echo = false;
    for (const Id id : record->second.subscriptions) {
        Subscription& candidate = subscriptions.at(id);
        if (!candidate.pattern.matches(address)) continue;
        echo = echo || candidate.echo;
        if (fastest == nullptr || candidate.rate_hz > fastest->rate_hz) fastest = &candidate;
    }
    if (fastest == nullptr) return std::nullopt;
    return Target{peer, echo, false, fastest->id, fastest};
}

/// After a subscription of `peer` with this pattern came, went or changed.
void Book::reconsider_all(const Pattern& pattern, std::uint32_t peer) {
    if (pattern.literal()) {
        const auto found = by_address.find(pattern.text());
        if (found != by_address.end()) reconsider(entries[found->second], peer);
        return;
    }
    for (Entry& entry : entries) {
        if (pattern.matches(entry.address)) reconsider(entry, peer);
    }
}

/// What waits to be sent to the peer is carried over to its new target.
void Book::reconsider(Entry& entry, std::uint32_t peer) {
    const auto chosen = choose_target(entry.address, peer);
    const auto at = target_of(entry, peer);
    const auto index = at - entry.targets.begin();
    const auto width = static_cast<std::ptrdiff_t>(entry.width);
    const bool present = at != entry.targets.end() && at->peer == peer;
    if (!chosen) {
        if (!present) return;
        entry.targets.erase(at);
        entry.peaks.erase(entry.peaks.begin() + index * width, entry.peaks.begin() + (index + 1) * width);
    } else if (!present) {
        entry.targets.insert(at, *chosen);
        entry.peaks.insert(entry.peaks.begin() + index * width, entry.width, std::nanf(""));
    } else {
        const Target old = std::exchange(*at, *chosen);
        at->dirty = old.dirty && old.id == at->id; // then it is in that one's list already
        if (old.dirty && !at->dirty) mark(entry, static_cast<std::size_t>(index));
    }
}

void Book::mark(Entry& entry, std::size_t index) {
    Target& target = entry.targets[index];
    if (target.dirty) {
        ++counters.coalesced;
        return;
    }
    target.dirty = true;
    target.subscription->dirty.push_back(entry.self);
}

void Book::set_value(Entry& entry, std::span<const Argument> values) {
    entry.meter = false;
    entry.width = 0;
    entry.peaks.clear();
    entry.value.assign(values.begin(), values.end());
    entry.encoded.clear();
}

void Book::set_meter(Entry& entry, std::size_t width, Hold hold) {
    entry.hold = hold;
    if (entry.meter && entry.width == width) return;
    entry.meter = true;
    entry.width = width;
    entry.value.clear();
    entry.encoded.clear();
    entry.peaks.assign(entry.targets.size() * width, std::nanf(""));
}

void Book::hold_meter(Entry& entry, std::size_t index, std::span<const float> values) {
    float* held = entry.peaks.data() + index * entry.width;
    const bool keep_largest = entry.hold == Hold::peak && entry.targets[index].dirty;
    bool any = false;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (std::isnan(values[i])) continue;
        any = true;
        held[i] = keep_largest && held[i] > values[i] ? held[i] : values[i];
    }
    if (any) mark(entry, index);
}

} // namespace ton::control::osc
