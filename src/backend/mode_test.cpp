// SPDX-License-Identifier: GPL-3.0-or-later
// RT-7: wherever the engine runs, denormals are flushed: FTZ and DAZ (bits 15 and 6 of MXCSR) are set there.
#include "backend/backend.hpp"
#include "backend/testing.hpp"

#include <atomic>
#include <doctest/doctest.h>

#if defined(__x86_64__)
#include <xmmintrin.h>

using namespace ton;
using namespace ton::backend;

namespace {

std::atomic<unsigned> seen{0}; // MXCSR of the thread that runs modules; 0 is none

struct Spy : engine::Processor {
    void run(const engine::Block&) TM_NONBLOCKING override { seen.store(_mm_getcsr(), std::memory_order_relaxed); }
};

constexpr auto kRows = engine::parameter_table(std::array<engine::Parameter, 0>{});
const engine::ModuleType kSpy{.name = "spy", .summary = "Looks.", .parameters = kRows, .channels_out = engine::same_channels,
                              .make = [](const engine::ProcessorContext&) -> std::unique_ptr<engine::Processor> { return std::make_unique<Spy>(); }};

/// A plan of one strip with a spy in it.
void post_spy(engine::Engine& engine) {
    engine::Setup setup;
    setup.channels_in = setup.channels_out = 1;
    const std::array<float, kRows.size()> values{};
    auto stage = std::make_shared<engine::Stage>(kSpy, setup, nullptr, std::make_unique<Spy>());
    stage->set(0, values);
    stage->prime();
    engine::Section::Lane lane;
    lane.input = std::make_shared<engine::Signal>(1);
    lane.output = std::make_shared<engine::Signal>(1);
    auto plan = std::make_unique<engine::Plan>();
    plan->scratch = std::make_unique<engine::SectionScratch>(stage->ramps().sample_rows(), stage->state_floats());
    plan->sections.push_back(std::make_shared<engine::Section>(1, 1, std::vector{stage}, std::vector{lane}));
    plan->steps.push_back({plan->sections.back().get()});
    auto transaction = std::make_unique<engine::Transaction>();
    transaction->plan = plan.release();
    if (engine.post({.what = engine::Command::What::transact, .transaction = transaction.get()})) transaction.release();
}

/// The audio thread's MXCSR, once modules run.
unsigned mode(Backend& backend, engine::Engine& engine) {
    seen = 0;
    post_spy(engine);
    CHECK(backend.start());
    CHECK(testing::wait_until(10, [&] { return backend.poll(), seen != 0; }));
    backend.stop();
    return seen;
}

} // namespace

TEST_CASE("RT-7: the internal clock's thread flushes denormals") {
    engine::Engine engine;
    CHECK((mode(*make_internal(engine, 48000, 256), engine) & 0x8040U) == 0x8040U);
}

TEST_CASE("RT-7: JACK's thread flushes denormals") {
    testing::JackServer server;
    REQUIRE(server.start());
    engine::Engine engine;
    const auto jack = make_jack(engine, {.client_name = "desk", .server = server.name()});
    jack->on_ready = [&](double, int) { jack->set_ports(testing::plain_ports(1, 1)); };
    CHECK((mode(*jack, engine) & 0x8040U) == 0x8040U);
}
#endif
