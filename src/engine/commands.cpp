// SPDX-License-Identifier: GPL-3.0-or-later
// The engine's way in: commands, their times, and the change of plans.
#include "engine/engine.hpp"

#include <algorithm>
#include <utility>

namespace ton::engine {

// ------------------------------------------------------------------------------------------- control side

bool Engine::post(std::span<const Command> commands) {
    if (commands.empty()) return true;
    if (commands.size() > kMostAtOnce || commands_.capacity() - commands_.size() < commands.size()) return false;
    batch_.assign(commands.begin(), commands.end());
    auto following = static_cast<std::uint32_t>(batch_.size());
    for (auto& command : batch_) command.following = --following;
    commands_.write(batch_.data(), batch_.size());
    return true;
}

bool Engine::post_large(const std::vector<Command>& sets, std::int64_t time) {
    if (large_ >= kMostLarge || commands_.capacity() == commands_.size()) return false;
    ++large_;
    return post(Command{.what = Command::What::batch, .time = time, .batch = new std::vector<Command>(sets)});
}

std::unique_ptr<Plan> Engine::take_plan() {
    meters_full_.store(false, std::memory_order_release);
    Command command;
    const auto drop = [this](const Command& lost) {
        delete lost.transaction;
        delete lost.batch;
        if (lost.batch) --large_;
    };
    while (commands_.pop(command)) drop(command);
    if (std::exchange(holding_, false)) drop(held_);
    while (pending_count_ > 0) drop(pending_[--pending_count_].command); // an announced transaction is transaction_ alone
    delete std::exchange(transaction_, nullptr);
    swap_time_ = kNever;
    return std::unique_ptr<Plan>(std::exchange(plan_, nullptr));
}

// --------------------------------------------------------------------------------------------- audio side

namespace {
struct Later {
    template <class P> bool operator()(const P& a, const P& b) const TM_NONBLOCKING {
        return a.command.time != b.command.time ? a.command.time > b.command.time : a.order > b.order;
    }
};
} // namespace

void Engine::schedule(const Command& command) TM_NONBLOCKING {
    Pending* heap = pending_.get();
    heap[pending_count_++] = {command, order_++};
    std::push_heap(heap, heap + pending_count_, Later{});
}

Command Engine::take_due() TM_NONBLOCKING {
    Pending* heap = pending_.get();
    std::pop_heap(heap, heap + pending_count_, Later{});
    return heap[--pending_count_].command;
}

/// Room for what comes next: a batch goes into the heap whole or not yet, and a plan waits until the one before is in.
bool Engine::fits(const Command& command) const TM_NONBLOCKING {
    if (command.what == Command::What::transact && transaction_) return false;
    return command.time <= position_ || command.following < kPending - pending_count_;
}

/// A flood must not make a callback long: it is taken a piece a callback. A batch is one piece, however large.
void Engine::accept() TM_NONBLOCKING {
    bool whole = true; // the last batch was taken to its end
    for (int taken = 0; taken < kMostPerCallback || !whole; ++taken) {
        if (!holding_ && !commands_.pop(held_)) return;
        holding_ = !fits(held_);
        if (holding_) return;
        whole = held_.following == 0;
        if (held_.what == Command::What::transact) {
            transaction_ = std::exchange(held_.transaction, nullptr); // announced: from now on its stages hear commands, too
            swap_time_ = kNever;
        }
        if (held_.time > position_) {
            schedule(held_);
            continue;
        }
        if (held_.time >= 0 && held_.time < position_) counters_.late.fetch_add(1, std::memory_order_relaxed);
        apply(held_);
        run_due(); // a swap comes before what was sent after it
    }
}

bool Engine::aim(Stage* stage, int lane, const Command& command) TM_NONBLOCKING {
    if (!stage || !stage->takes(command.row)) return false;
    stage->aim(command.row, lane, command.value, command.fade, position_, command.way);
    return true;
}

/// The stages that took the value, or none; not those of `but`, which have it already.
Place Engine::aim(Plan* plan, const Command& command, const Place& but) TM_NONBLOCKING {
    if (!plan || command.slot >= plan->places.size()) return {};
    Place place = plan->places.data()[command.slot];
    if (place.stage == but.stage || !aim(place.stage, place.lane, command)) place.stage = nullptr;
    if (place.second == but.second || !aim(place.second, place.second_lane, command)) place.second = nullptr;
    return place;
}

void Engine::fade_edges(const std::vector<Edge*>& edges, float to) TM_NONBLOCKING {
    Edge* const* edge = edges.data();
    for (std::size_t i = 0; i < edges.size(); ++i) edge[i]->fade(to, transaction_->fade_frames);
}

bool Engine::solo(Plan* plan, const Command& command) TM_NONBLOCKING {
    if (!plan || command.slot >= plan->places.size()) return false;
    const int tap = plan->places.data()[command.slot].tap;
    if (tap < 0) return false;
    plan->solo[command.row].aim(tap, command.value != 0.0F, static_cast<int>(command.fade));
    return true;
}

void Engine::apply(const Command& command) TM_NONBLOCKING {
    switch (command.what) {
    case Command::What::set: {
        // While a new plan waits for the old one's fades, both get the value: which of the two stages lives on is decided
        // at the swap (a column that moves is copied then, a new one is not).
        const Place now = aim(plan_, command, {});
        const Place next = transaction_ ? aim(transaction_->plan, command, now) : Place{};
        if (!now.stage && !next.stage) counters_.dropped.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    case Command::What::batch: {
        const Command* sets = command.batch->data();
        for (std::size_t i = 0; i < command.batch->size(); ++i) apply(sets[i]);
        notify({.what = Notice::What::applied, .slot = 0, .time = position_, .transaction = nullptr, .batch = command.batch});
        return;
    }
    case Command::What::solo: {
        // The plan to come takes over what the present one plays.
        if (!solo(plan_, command) && !(transaction_ && solo(transaction_->plan, command))) counters_.dropped.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    case Command::What::fade:
        fade_.aim(command.value, static_cast<int>(command.fade));
        return;
    case Command::What::transact:
        swap_time_ = position_;
        if (plan_ && !(transaction_->leaving.empty() && transaction_->dipping.empty())) {
            plan_->unsettle();
            Edge* const* leaving = transaction_->leaving.data();
            for (std::size_t i = 0; i < transaction_->leaving.size(); ++i) leaving[i]->leave(transaction_->fade_frames);
            fade_edges(transaction_->dipping, 0.0F);
            swap_time_ += transaction_->fade_frames;
        }
        return;
    }
}

void Engine::swap() TM_NONBLOCKING {
    const LaneMove* moves = transaction_->moves.data();
    for (std::size_t i = 0; i < transaction_->moves.size(); ++i)
        moves[i].to->copy_lane(moves[i].lane, *moves[i].from, moves[i].from_lane);
    const Birth* births = transaction_->births.data();
    for (std::size_t i = 0; i < transaction_->births.size(); ++i)
        births[i].stage->bear(births[i].row, births[i].value, position_);
    const Housing* housing = transaction_->housing.data();
    for (std::size_t i = 0; i < transaction_->housing.size(); ++i) {
        const auto& h = housing[i];
        for (int c = 0; c < h.signal->channels(); ++c) h.signal->view(c, h.memory + c * kSegment);
        h.section->write_to(h.lane, h.memory);
        h.section->read_from(h.lane, h.input->planes()); // a lone wire redirects it, from the next segment on
    }
    if (plan_) {
        fade_edges(transaction_->dipping, 1.0F);
        for (int bus = 0; bus < kSoloBuses; ++bus) transaction_->plan->take_over_solo(bus, *plan_, transaction_->fade_frames);
    }
    Plan* const old = plan_;
    plan_ = transaction_->plan;
    transaction_->plan = old;
    notify({.what = Notice::What::swapped, .slot = 0, .time = position_, .transaction = transaction_});
    transaction_ = nullptr;
}

/// Everything due now; a swap first, so that events find the new instances.
void Engine::run_due() TM_NONBLOCKING {
    while (true) {
        if (transaction_ && swap_time_ <= position_) swap();
        else if (pending_count_ == 0 || pending_[0].command.time > position_) return;
        else apply(take_due());
    }
}

} // namespace ton::engine
