// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/subscriptions.hpp"

#include "control/osc/subscription_book.hpp"

#include <algorithm>
#include <cmath>

namespace ton::control::osc {

std::string_view text(SubscribeError error) noexcept {
    switch (error) {
    case SubscribeError::bad_pattern:
        return "not a valid address pattern";
    case SubscribeError::bad_rate:
        return "the rate is not a positive number of Hz";
    case SubscribeError::too_many_of_peer:
        return "too many subscriptions of this client";
    case SubscribeError::too_many_in_all:
        return "too many subscriptions in all";
    }
    return "unknown error";
}

Subscriptions::Subscriptions(SubscriptionLimits limits) : impl_(std::make_unique<Impl>()) {
    impl_->limits = limits;
}
Subscriptions::~Subscriptions() = default;

tl::expected<Subscriptions::Accepted, SubscribeError>
Subscriptions::subscribe(const Peer& peer, const Request& request, Time now) {
    auto& book = *impl_;
    auto pattern = Pattern::parse(request.pattern);
    if (!pattern) return tl::unexpected(SubscribeError::bad_pattern);
    if (!std::isfinite(request.rate_hz) || request.rate_hz < 0)
        return tl::unexpected(SubscribeError::bad_rate);
    const double asked = request.rate_hz == 0 ? book.limits.default_rate_hz : request.rate_hz;
    const double rate = std::clamp(asked, book.limits.min_rate_hz, book.limits.max_rate_hz);
    const auto known = book.peer_key(peer);
    if (auto* present = known ? book.find(*known, request.pattern) : nullptr) {
        const bool changed = present->rate_hz != rate || present->echo != request.echo;
        present->rate_hz = rate;
        present->echo = request.echo;
        present->expires = now + book.limits.lease;
        if (changed) book.reconsider_all(present->pattern, present->peer);
        return Accepted{present->id, true, rate};
    }
    if (book.subscriptions.size() >= book.limits.in_all)
        return tl::unexpected(SubscribeError::too_many_in_all);
    if (known && book.peers.at(*known).subscriptions.size() >= book.limits.per_peer) {
        return tl::unexpected(SubscribeError::too_many_of_peer);
    }
    const Id id = ++book.last_id;
    const std::uint32_t key = book.intern(peer);
    book.peers.at(key).subscriptions.push_back(id);
    const auto added = book.subscriptions
                           .emplace(id, Impl::Subscription{id,
                                                           key,
                                                           std::move(*pattern),
                                                           rate,
                                                           request.echo,
                                                           now + book.limits.lease,
                                                           Time::min(),
                                                           {}})
                           .first;
    book.reconsider_all(added->second.pattern, key);
    return Accepted{id, false, rate};
}

bool Subscriptions::unsubscribe(const Peer& peer, std::string_view pattern) {
    const auto key = impl_->peer_key(peer);
    const auto* present = key ? impl_->find(*key, pattern) : nullptr;
    if (present == nullptr) return false;
    impl_->remove(present->id);
    return true;
}

std::size_t Subscriptions::unsubscribe_all(const Peer& peer) {
    const auto key = impl_->peer_key(peer);
    if (!key) return 0;
    const std::vector<Id> ids = impl_->peers.at(*key).subscriptions;
    for (const Id id : ids) impl_->remove(id);
    return ids.size();
}

std::vector<Peer> Subscriptions::peers() const {
    std::vector<Peer> all;
    for (const auto& [_, record] : impl_->peers)
        if (!record.subscriptions.empty()) all.push_back(record.peer);
    return all;
}

void Subscriptions::snapshot(Id id, std::string_view address, std::span<const Argument> values, Time) {
    auto& book = *impl_;
    const auto subscription = book.subscriptions.find(id);
    if (subscription == book.subscriptions.end()) return;
    Impl::Entry* entry = book.entry_of(address);
    if (entry == nullptr) return;
    const auto target = std::ranges::find(entry->targets, subscription->second.peer, &Impl::Target::peer);
    if (target == entry->targets.end()) return;
    const auto index = static_cast<std::size_t>(target - entry->targets.begin());
    if (entry->meter) {
        std::vector<float> floats;
        for (const Argument& value : values) {
            floats.push_back(static_cast<float>(number(value).value_or(std::nan(""))));
        }
        if (floats.size() == entry->width) book.hold_meter(*entry, index, floats);
        return;
    }
    book.set_value(*entry, values);
    book.mark(*entry, index);
}

void Subscriptions::on_change(std::string_view address, std::span<const Argument> applied, const Peer* origin,
                              std::span<const Argument> sent, Time) {
    auto& book = *impl_;
    if (book.subscriptions.empty()) return;
    ++book.counters.changes;
    Impl::Entry* entry = book.entry_of(address);
    if (entry == nullptr) return;
    book.set_value(*entry, applied);
    const bool as_sent = origin != nullptr && same_value(applied, sent);
    const auto quiet_peer = as_sent ? book.peer_key(*origin) : std::nullopt;
    for (std::size_t i = 0; i < entry->targets.size(); ++i) {
        Impl::Target& target = entry->targets[i];
        // The origin has this value already, so a change by somebody else that still waits for it is
        // outdated.
        if (quiet_peer && target.peer == *quiet_peer && !target.echo)
            target.dirty = false;
        else
            book.mark(*entry, i);
    }
}

void Subscriptions::on_change(std::string_view address, const Argument& applied, Time now) {
    on_change(address, {&applied, 1}, nullptr, {}, now);
}

void Subscriptions::on_meter(std::string_view address, std::span<const float> values, Time, Hold hold) {
    auto& book = *impl_;
    if (book.subscriptions.empty() || values.empty()) return;
    ++book.counters.changes;
    Impl::Entry* entry = book.entry_of(address);
    if (entry == nullptr || entry->targets.empty()) return;
    book.set_meter(*entry, values.size(), hold);
    for (std::size_t i = 0; i < entry->targets.size(); ++i) book.hold_meter(*entry, i, values);
}

bool Subscriptions::wanted(std::string_view address) {
    if (impl_->subscriptions.empty()) return false;
    const Impl::Entry* entry = impl_->entry_of(address);
    return entry != nullptr && !entry->targets.empty();
}

void Subscriptions::forget(std::string_view address) {
    const auto found = impl_->by_address.find(address);
    if (found == impl_->by_address.end()) return;
    impl_->entries[found->second] = Impl::Entry{};
    impl_->free_entries.push_back(found->second);
    impl_->by_address.erase(found);
}

std::size_t Subscriptions::size() const noexcept {
    return impl_->subscriptions.size();
}

const SubscriptionCounters& Subscriptions::counters() const noexcept {
    return impl_->counters;
}

} // namespace ton::control::osc
