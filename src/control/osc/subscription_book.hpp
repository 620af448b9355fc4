// SPDX-License-Identifier: GPL-3.0-or-later
// The inside of the subscription book. Private to this folder. Control thread.
//
// Each address that was ever changed has an Entry, which knows the subscriptions it goes to (its targets, at
// most one a peer), so that a change costs no pattern matching: patterns are matched when a subscription
// comes or goes, and when an address is new. Of one peer's subscriptions that match only the fastest is the
// target: nothing is sent twice.
#pragma once

#include "control/osc/pattern.hpp"
#include "control/osc/subscriptions.hpp"

#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace ton::control::osc {

struct Subscriptions::Impl {
    struct Subscription {
        Id id = 0;
        std::uint32_t peer = 0; ///< key in peers
        Pattern pattern;
        double rate_hz = 0;
        bool echo = false;
        Time expires;
        Time next_frame = Time::min();    ///< not before this
        std::vector<std::uint32_t> dirty; ///< entries in the order of their first change; may hold stale ones
    };
    struct PeerRecord {
        Peer peer;
        std::vector<Id> subscriptions;
    };
    struct Target {
        std::uint32_t peer = 0;
        bool echo = false;
        bool dirty = false;
        Id id = 0;
        Subscription* subscription = nullptr; ///< the map's nodes do not move
    };
    struct Entry {
        std::string address;
        std::uint32_t self = 0;      ///< its own index
        std::vector<Target> targets; ///< sorted by peer
        bool meter = false;
        Hold hold = Hold::peak;
        std::size_t width = 0;    ///< meter: values
        std::vector<float> peaks; ///< meter: width values per target
        Arguments value;          ///< parameter: the newest
        Bytes encoded; ///< parameter: the message; meter: the message with any values; empty: to be made
    };
    struct TextHash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    // subscriptions.cpp
    Subscription* find(std::uint32_t peer, std::string_view pattern);
    std::optional<std::uint32_t> peer_key(const Peer& peer) const;
    std::uint32_t intern(const Peer& peer);
    void remove(Id id);
    Entry* entry_of(std::string_view address);
    void add_address(std::uint32_t index, std::string_view address);
    void reconsider_all(const Pattern& pattern, std::uint32_t peer);
    void reconsider(Entry& entry, std::uint32_t peer);
    std::optional<Target> choose_target(std::string_view address, std::uint32_t peer);
    static std::vector<Target>::iterator target_of(Entry& entry, std::uint32_t peer);
    void mark(Entry& entry, std::size_t target);
    void set_value(Entry& entry, std::span<const Argument> values);
    void set_meter(Entry& entry, std::size_t width, Hold hold);
    void hold_meter(Entry& entry, std::size_t target, std::span<const float> values);

    // subscription_frames.cpp
    struct Frame {
        const Sink& sink;
        const Peer& peer;
        BundleBuilder bundle;
        std::size_t packets = 0;
        bool gone = false;
    };
    Time due(const Subscription& subscription) const;
    bool send_frame(Subscription& subscription, Time now, const Sink& sink, std::size_t& packets);
    void add_entry(Entry& entry, Target& target, Frame& frame);
    void add_message(ByteView message, Frame& frame);
    void put(Frame& frame);
    ByteView message_for(Entry& entry, const Target& target);

    SubscriptionLimits limits;
    SubscriptionCounters counters;
    std::map<Id, Subscription> subscriptions;
    std::map<std::uint32_t, PeerRecord> peers; ///< in order, as targets are
    std::unordered_map<Peer, std::uint32_t> peer_keys;
    Id last_id = 0;
    std::uint32_t last_peer = 0;
    std::deque<Entry> entries; ///< addresses of entries are stable
    std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> by_address;
    std::vector<std::uint32_t> free_entries;
    Bytes scratch; ///< a meter message with its values
};

} // namespace ton::control::osc
