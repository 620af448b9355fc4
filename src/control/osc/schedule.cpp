// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/schedule.hpp"

#include <utility>

namespace ton::control::osc {

namespace {

/// What the batch keeps in memory, roughly: enough for a bound.
std::size_t footprint(const Batch& batch) {
    std::size_t bytes = 0;
    for (const Message& message : batch.messages) {
        bytes += sizeof(Message) + message.address.size() + message.args.size() * sizeof(Argument);
        for (const Argument& argument : message.args) {
            if (const auto text = string(argument)) bytes += text->size();
            if (const auto* blob = std::get_if<Bytes>(&argument)) bytes += blob->size();
        }
    }
    return bytes;
}

} // namespace

Schedule::Verdict Schedule::add(const Peer& from, Batch&& batch, SystemTime now, std::uint64_t arrival) {
    if (batch.tag.immediate()) return Verdict::now;
    const SystemTime due = to_system_time(batch.tag, now);
    if (due < now) {
        late_ += batch.messages.size();
        return Verdict::late;
    }
    const bool too_far = due - now > limits_.ahead;
    const std::size_t bytes = footprint(batch);
    const bool full = batch.messages.size() > limits_.messages - messages_ || bytes > limits_.bytes - bytes_;
    if (too_far || full) {
        refused_ += batch.messages.size();
        return too_far ? Verdict::too_far : Verdict::full;
    }
    messages_ += batch.messages.size();
    bytes_ += bytes;
    batches_.emplace(due, ScheduledBatch{due, from, std::move(batch), arrival});
    return Verdict::stored;
}

void Schedule::revise(std::uint64_t arrival, const std::function<void(Message&)>& change) {
    for (auto& [due, scheduled] : batches_) {
        if (scheduled.arrival >= arrival) continue;
        bytes_ -= footprint(scheduled.batch);
        for (auto& message : scheduled.batch.messages) change(message);
        bytes_ += footprint(scheduled.batch);
    }
}

std::optional<ScheduledBatch> Schedule::pop(SystemTime until) {
    const auto first = batches_.begin();
    if (first == batches_.end() || first->first > until) return std::nullopt;
    ScheduledBatch due = std::move(first->second);
    batches_.erase(first);
    messages_ -= due.batch.messages.size();
    bytes_ -= footprint(due.batch);
    return due;
}

std::optional<SystemTime> Schedule::next_due() const {
    if (batches_.empty()) return std::nullopt;
    return batches_.begin()->first;
}

std::size_t Schedule::cancel(const Peer& from) {
    std::size_t dropped = 0;
    std::erase_if(batches_, [&](const auto& entry) {
        if (entry.second.from != from) return false;
        dropped += entry.second.batch.messages.size();
        bytes_ -= footprint(entry.second.batch);
        return true;
    });
    messages_ -= dropped;
    return dropped;
}

void Schedule::clear() {
    batches_.clear();
    messages_ = 0;
    bytes_ = 0;
}

} // namespace ton::control::osc
