// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/engine.hpp"

#include "engine/interleave.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <utility>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace ton::engine {

Engine::Engine() : pending_(std::make_unique<Pending[]>(kPending)) {}

Engine::~Engine() {
    take_plan();
    Notice notice;
    while (notices_.pop(notice)) {
        delete notice.transaction;
        delete notice.batch;
    }
}

// ------------------------------------------------------------------------------------------- control side

bool Engine::poll(Notice& notice) {
    do {
        if (!notices_.pop(notice)) return false;
        if (notice.what == Notice::What::applied) --large_;
        delete std::exchange(notice.batch, nullptr);
    } while (notice.what == Notice::What::applied);
    if (notice.transaction && meters_full_.load(std::memory_order_acquire) &&
        meter_plan_ == notice.transaction->plan)
        meters_full_.store(false, std::memory_order_release); // the plan they belong to is about to be freed
    return true;
}

bool Engine::read_meters(std::vector<float>& values, const Plan*& plan) {
    if (!meters_full_.load(std::memory_order_acquire)) return false;
    plan = meter_plan_;
    values.assign(plan->meter_values.begin(), plan->meter_values.end());
    meters_full_.store(false, std::memory_order_release);
    return true;
}

bool Engine::clock(ClockReading& reading) const {
    for (int attempt = 0; attempt < 100; ++attempt) {
        const auto before = clock_sequence_.load(std::memory_order_acquire);
        reading = {clock_frame_.load(std::memory_order_relaxed), clock_nanoseconds_.load(std::memory_order_relaxed),
                   clock_frames_.load(std::memory_order_relaxed)};
        std::atomic_thread_fence(std::memory_order_acquire);
        if (before % 2 == 0 && clock_sequence_.load(std::memory_order_relaxed) == before) return before > 0;
    }
    return false;
}

// --------------------------------------------------------------------------------------------- audio side

void Engine::notify(const Notice& notice) TM_NONBLOCKING {
    // One swap at a time and a queue of thousands: it can't be full (the control side waits for each swap).
    notices_.push(notice);
}

void Engine::stamp_clock(int frames) TM_NONBLOCKING {
    timespec now{};
    TM_TRUST_BEGIN // read from the vDSO's page: no system call
    clock_gettime(CLOCK_MONOTONIC, &now);
    TM_TRUST_END
    const auto sequence = clock_sequence_.load(std::memory_order_relaxed);
    clock_sequence_.store(sequence + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    clock_frame_.store(position_, std::memory_order_relaxed);
    clock_nanoseconds_.store(static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec, std::memory_order_relaxed);
    clock_frames_.store(frames, std::memory_order_relaxed);
    clock_sequence_.store(sequence + 2, std::memory_order_release);
}

/// What the plan feeds is written segment by segment, after the inputs were read: JACK may hand out the same buffer for
/// both where a desk's output is cabled to its own input. So is what nobody feeds, while the plan may change; and before the
/// rest, since a strip that leaves and one that takes its name have one port (PortSpec::leaving).
void Engine::silence_unfed(const AudioIo& io, int offset, int frames) TM_NONBLOCKING {
    const char* const fed = plan_ ? plan_->fed.data() : nullptr;
    const std::size_t known = plan_ ? plan_->fed.size() : 0;
    for (std::size_t slot = 0; slot < io.outputs.size(); ++slot)
        if (io.outputs[slot] && !(slot < known && fed[slot] != 0)) std::memset(io.outputs[slot] + offset, 0, static_cast<std::size_t>(frames) * sizeof(float));
}

void Engine::process(const AudioIo& io) TM_NONBLOCKING {
    stamp_clock(io.frames);
    run_due();
    accept();
    const bool changing = transaction_ != nullptr;
    if (!changing) silence_unfed(io, 0, io.frames);
    for (int done = 0; done < io.frames;) {
        run_due();
        int count = std::min(io.frames - done, kSegment);
        if (pending_count_ > 0 && pending_[0].command.time > position_)
            count = static_cast<int>(std::min<std::int64_t>(count, pending_[0].command.time - position_));
        if (transaction_) count = static_cast<int>(std::min<std::int64_t>(count, swap_time_ - position_));
        if (plan_) run_steps(io, done, count);
        if (changing) silence_unfed(io, done, count);
        if (plan_) write_outputs(io, done, count);
        apply_fade(io, done, count);
        position_ += count;
        done += count;
    }
    if (meter_interval_ > 0 && plan_ && position_ >= next_meters_) publish_meters();
    counters_.frames.store(position_, std::memory_order_relaxed);
    counters_.cycles.fetch_add(1, std::memory_order_release);
}

void Engine::look_at_inputs(const AudioIo& io, int offset) TM_NONBLOCKING {
    PortPoint* in = plan_->inputs.data();
    PortView* views = plan_->views.data();
    for (std::size_t i = 0; i < plan_->views.size(); ++i) {
        const auto slot = static_cast<std::size_t>(views[i].slot);
        const float* from = slot < io.inputs.size() ? io.inputs[slot] : nullptr;
        const float* const plane = from ? from + offset : silence_;
        if (views[i].plane == plane) continue;
        views[i].plane = plane;
        if (in[i].direct) *in[i].direct = plane;
        else in[i].signal->view(in[i].channel, plane);
    }
}

void Engine::run_steps(const AudioIo& io, int offset, int frames) TM_NONBLOCKING {
    look_at_inputs(io, offset);
    const Step* steps = plan_->steps.data();
    int healed = 0;
    for (std::size_t i = 0; i < plan_->steps.size(); ++i) {
        if (steps[i].section) {
            look_ahead(steps[i]);
            healed += steps[i].section->run(frames, position_, *plan_->scratch, steps[i].next);
        }
        else run_parts(steps[i].first_part, steps[i].last_part, frames);
    }
    if (healed > 0) counters_.healed.fetch_add(static_cast<std::uint64_t>(healed), std::memory_order_relaxed);
}

void Engine::write_outputs(const AudioIo& io, int offset, int frames) const TM_NONBLOCKING {
    const PortPoint* out = plan_->outputs.data();
    for (std::size_t i = 0; i < plan_->outputs.size(); ++i) {
        const auto slot = static_cast<std::size_t>(out[i].slot);
        float* to = slot < io.outputs.size() ? io.outputs[slot] : nullptr;
        if (to) std::memcpy(to + offset, out[i].signal->plane(out[i].channel), static_cast<std::size_t>(frames) * sizeof(float));
    }
}

/// A big desk is far larger than the cache. The objects of the section after next are asked for here, without a look into
/// them; the next section's moving parameters, which these objects name, by the section that runs (Section::run).
void Engine::look_ahead(const Step& step) const TM_NONBLOCKING {
    constexpr std::size_t kLine = 64;
    const auto fetch = [](const void* object, std::size_t size) {
        for (std::size_t b = 0; b < size; b += kLine) __builtin_prefetch(static_cast<const char*>(object) + b);
    };
    if (!step.far) return;
    fetch(step.far, Section::kHot);
    const Stage* const* stages = plan_->stages.data();
    for (auto s = step.far_first; s < step.far_last; ++s) fetch(stages[s], Stage::kHot);
}

namespace {
/// Mixes the known wires that `edges` begins with, a few at the most; returns how many.
std::size_t mix_wires(Signal& sum, const PlannedEdge* edges, std::size_t count, bool first, int frames) TM_NONBLOCKING {
    constexpr std::size_t kMost = 16;
    const float* from[2][kMost];
    std::size_t wires = 0;
    for (; wires < std::min(count, kMost) && edges[wires].planes[0]; ++wires)
        for (std::size_t c = 0; c < 2; ++c) from[c][wires] = edges[wires].planes[c];
    if (wires > 0)
        for (int c = 0; c < sum.channels(); ++c) interleave().mix(sum.plane(c), from[c], static_cast<int>(wires), first, frames);
    return wires;
}
} // namespace

void Engine::run_parts(std::uint32_t first, std::uint32_t last, int frames) TM_NONBLOCKING {
    const char* const settled = plan_->settled.data();
    for (auto p = first; p < last; ++p)
        if (settled[p] == 0) run_part(p, frames);
}

void Engine::run_part(std::uint32_t index, int frames) TM_NONBLOCKING {
    const MixPart& part = plan_->parts.data()[index];
    if (part.bus) return part.bus->mix(*part.sum, frames, position_);
    PlannedEdge* const edges = plan_->edges.data();
    if (part.reader) {
        Edge& only = *edges[part.first].edge;
        if (only.open()) return read_through(index, only);
        part.reader->read_from(part.lane, part.sum->planes());
    }
    Signal& sum = *part.sum;
    if (part.begins && part.first == part.last)
        for (int c = 0; c < sum.channels(); ++c) std::memset(sum.plane(c), 0, static_cast<std::size_t>(frames) * sizeof(float));
    for (auto e = part.first; e < part.last;) {
        const bool first = part.begins && e == part.first;
        const auto wires = mix_wires(sum, edges + e, part.last - e, first, frames);
        e += wires;
        if (wires > 0) continue;
        auto& [edge, steady, planes] = edges[e++];
        edge->add_to(sum, frames, position_, first);
        if (steady && sum.channels() <= 2 && edge->wire() && edge->open())
            for (int c = 0; c < sum.channels(); ++c) planes[c] = edge->source_planes()[c];
    }
}

/// The reader of a lone open wire looks at its source. Once told is enough, but for a port, whose planes move: that says
/// it itself from now on.
void Engine::read_through(std::uint32_t index, const Edge& only) TM_NONBLOCKING {
    const MixPart& part = plan_->parts.data()[index];
    part.reader->read_from(part.lane, only.source_planes());
    plan_->settled.data()[index] = part.port >= 0 || plan_->edges.data()[part.first].steady ? 1 : 0;
    if (part.port < 0) return;
    PortPoint* const in = plan_->inputs.data() + part.port;
    for (int c = 0; c < part.reader->channels_in(); ++c) in[c].direct = part.reader->input_place(part.lane, c);
}

void Plan::unsettle() TM_NONBLOCKING {
    for (auto& e : edges) e.planes[0] = nullptr;
    for (auto& s : settled) s = 0;
    for (auto& in : inputs) in.direct = nullptr;
    for (auto& view : views) view.plane = nullptr; // a port's signal was not told while its reader was
}

void Plan::add_input(int slot, Signal* signal, int channel) {
    inputs.push_back({slot, signal, channel});
    views.push_back({slot});
}

void Plan::add_part(const MixPart& part) {
    const auto place = static_cast<std::uint32_t>(parts.size());
    parts.push_back(part);
    settled.push_back(0);
    if (steps.empty() || steps.back().section) steps.push_back({.first_part = place});
    steps.back().last_part = place + 1;
}

void Engine::apply_fade(const AudioIo& io, int offset, int frames) TM_NONBLOCKING {
    if (fade_.still() && fade_.value == 1.0F) return;
    for (float* out : io.outputs)
        if (out)
            for (int i = 0; i < frames; ++i) out[offset + i] *= fade_.at(i);
    fade_.advance(frames);
}

void Engine::publish_meters() TM_NONBLOCKING {
    // Not taken yet: go on holding the extremes, so that a slow reader never misses a peak.
    if (meters_full_.load(std::memory_order_acquire)) return;
    float* values = plan_->meter_values.data();
    Stage* const* stages = plan_->metered.data();
    const int* offsets = plan_->readout_offset.data();
    for (std::size_t i = 0; i < plan_->metered.size(); ++i) stages[i]->read(values + offsets[i]);
    meter_plan_ = plan_;
    next_meters_ = position_ + meter_interval_;
    meters_full_.store(true, std::memory_order_release);
}

void prepare_audio_thread() {
#if defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() | 0x8040U); // FTZ and DAZ: a decaying tail must not slow the desk down
#elif defined(__aarch64__)
    std::uint64_t fpcr;
    asm volatile("mrs %0, fpcr" : "=r"(fpcr));
    asm volatile("msr fpcr, %0" : : "r"(fpcr | (1ULL << 24)));
#endif
    volatile char stack[256 * 1024]; // touched now, so that no page of it is faulted in later
    for (std::size_t i = 0; i < sizeof stack; i += 1024) stack[i] = 0;
}

} // namespace ton::engine
