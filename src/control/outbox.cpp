// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/outbox.hpp"

#include <algorithm>
#include <utility>

namespace ton::control {

using engine::Command;
using engine::Engine;

bool Outbox::alone(const Batch& batch) {
    return batch.size() == 1 && batch.front().what == Command::What::set && batch.front().time == Command::kNow;
}

bool Outbox::large(const Batch& batch) {
    return batch.size() > Engine::kMostAtOnce &&
           std::ranges::all_of(batch, [&](const Command& c) {
               return (c.what == Command::What::set || c.what == Command::What::solo) && c.time == batch.front().time;
           });
}

bool Outbox::send(const Batch& batch) { return large(batch) ? engine_.post_large(batch, batch.front().time) : engine_.post(batch); }

void Outbox::add(Batch batch) {
    if (waiting_.empty() && send(batch)) return;
    if (large(batch)) {
        keep(std::move(batch));
        return flush();
    }
    if (alone(batch))
        if (const auto it = newest_.find(key(batch.front())); it != newest_.end()) {
            waiting_[it->second - sent_] = std::move(batch);
            return flush();
        }
    // More than the audio side takes in one go is cut: such a batch is no longer one sample's, but it arrives.
    for (std::size_t first = 0; first < batch.size(); first += Engine::kMostAtOnce)
        keep({batch.begin() + static_cast<std::ptrdiff_t>(first),
              batch.begin() + static_cast<std::ptrdiff_t>(std::min(batch.size(), first + Engine::kMostAtOnce))});
    flush();
}

void Outbox::keep(Batch batch) {
    // A value may only take an older one's place if nothing between them touches the same parameter, and no new plan lies
    // between them.
    if (alone(batch)) newest_[key(batch.front())] = sent_ + waiting_.size();
    else
        for (const auto& command : batch) {
            if (command.what == Command::What::set) newest_.erase(key(command));
            if (command.what == Command::What::transact) newest_.clear();
        }
    waiting_.push_back(std::move(batch));
}

void Outbox::flush() {
    for (; !waiting_.empty() && send(waiting_.front()); ++sent_) {
        if (const auto& front = waiting_.front(); alone(front))
            if (const auto it = newest_.find(key(front.front())); it != newest_.end() && it->second == sent_) newest_.erase(it);
        waiting_.pop_front();
    }
}

void Outbox::clear() {
    for (auto& batch : waiting_)
        for (auto& command : batch) delete command.transaction;
    sent_ += waiting_.size();
    waiting_.clear();
    newest_.clear();
}

} // namespace ton::control
