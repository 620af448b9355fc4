// SPDX-License-Identifier: GPL-3.0-or-later
// Against real servers: jackd with the dummy driver, under names of their own.
#include "backend/backend.hpp"
#include "backend/testing.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <doctest/doctest.h>
#include <filesystem>
#include <fmt/format.h>
#include <iterator>
#include <malloc.h>

using namespace ton;
using namespace ton::backend;
using testing::JackServer;
using testing::Peer;
using testing::wait_until;
using Clock = std::chrono::steady_clock;

namespace {

/// An engine on a server, polled as the daemon does.
struct Desk {
    explicit Desk(const std::string& server, std::vector<PortSpec> wanted = testing::plain_ports(2, 2))
        : ports(std::move(wanted)), jack(make_jack(engine, {.client_name = "desk", .server = server})) {
        jack->on_ready = [this](double rate, int block) {
            ++ready;
            ready_rate = rate;
            ready_block = block;
            jack->set_ports(ports);
        };
        jack->on_lost = [this](const std::string&) { ++lost; };
    }
    bool poll_until(double seconds, const std::function<bool()>& what) {
        return wait_until(seconds, [&] {
            const auto begin = Clock::now();
            jack->poll();
            longest_poll =
                std::max(longest_poll, std::chrono::duration<double>(Clock::now() - begin).count());
            return what();
        });
    }
    bool running() { return jack->status().state == State::running; }
    bool cycles_advance() {
        const auto before = engine.counters().cycles.load();
        return poll_until(5, [&] { return engine.counters().cycles.load() > before + 3; });
    }

    engine::Engine engine;
    std::vector<PortSpec> ports;
    std::unique_ptr<Backend> jack;
    int ready = 0, lost = 0, ready_block = 0;
    double ready_rate = 0, longest_poll = 0;
};

} // namespace

TEST_CASE("without a server it waits, at little cost, and starts when one comes") {
    JackServer server;
    Desk desk(server.name());
    const auto begin = Clock::now();
    CHECK_FALSE(desk.jack->start());
    CHECK(std::chrono::duration<double>(Clock::now() - begin).count() < 0.5);
    CHECK(desk.jack->status().state == State::waiting);
    CHECK_FALSE(desk.jack->status().detail.empty());
    CHECK(desk.ready == 0);
    CHECK(find_server(server.name()) == Found::none);
    REQUIRE(server.start());
    CHECK(find_server(server.name()) == Found::jack);
    REQUIRE(desk.poll_until(5, [&] { return desk.running(); }));
    CHECK(desk.ready == 1);
    CHECK(desk.ready_rate == 48000);
    CHECK(desk.ready_block == 128);
    CHECK(desk.cycles_advance());
}

TEST_CASE("to look for a server that isn't there again and again leaks neither memory nor files") {
    const auto files = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); };
    const auto look = [] {
        for (int i = 0; i < 100; ++i)
            if (find_server("tm-nowhere") != Found::none) return false;
        return true;
    };
    REQUIRE(look()); // what is allocated once
    const auto files_before = files();
    const auto bytes_before = mallinfo2().uordblks + mallinfo2().hblkhd;
    CHECK(look());
    CHECK(files() == files_before);
    CHECK(mallinfo2().uordblks + mallinfo2().hblkhd < bytes_before + 64 * 1024); // 0.6 KiB a look
}

TEST_CASE("ports come and go with the plan, and equal names stay registered") {
    JackServer server;
    REQUIRE(server.start());
    Desk desk(server.name());
    REQUIRE(desk.jack->start());
    Peer peer(server.name(), "peer");
    REQUIRE(peer.good());
    CHECK(peer.exists("desk:in_1"));
    CHECK(peer.exists("desk:out_2"));
    CHECK(desk.jack->status().ports == 4);
    // A cable that was made by hand stays on a port that stays.
    REQUIRE(peer.api().connect(peer.handle(), "peer:source", "desk:in_1") == 0);
    desk.jack->set_ports(testing::plain_ports(1, 3));
    CHECK(peer.exists("desk:out_3"));
    CHECK(desk.poll_until(2, [&] { return !peer.exists("desk:in_2"); }));
    CHECK(wait_until(2, [&] { return peer.connected("peer:source", "desk:in_1"); })); // jackd shows a new cable a cycle later
    desk.jack->set_ports(testing::plain_ports(1, 1));
    desk.jack->set_ports(testing::plain_ports(1, 3)); // back before the audio thread has moved on
    CHECK(desk.poll_until(2, [&] { return peer.exists("desk:out_3"); }));
    CHECK(desk.cycles_advance());
    desk.jack->stop();
    CHECK(wait_until(2, [&] { return !peer.exists("desk:in_1"); }));
    CHECK(desk.jack->status().state == State::stopped);
}

TEST_CASE("a port whose slot gets another name is renamed, and its cables stay") {
    JackServer server;
    REQUIRE(server.start());
    auto ports = testing::plain_ports(1, 1);
    Desk desk(server.name(), ports);
    REQUIRE(desk.jack->start());
    Peer peer(server.name(), "peer");
    REQUIRE(peer.api().connect(peer.handle(), "peer:source", "desk:in_1") == 0);
    REQUIRE(peer.api().connect(peer.handle(), "desk:out_1", "peer:sink") == 0);
    ports[0].name = "anna/in_1";
    ports[1].name = "anna/out_1";
    desk.jack->set_ports(ports);
    CHECK(wait_until(2, [&] { return peer.exists("desk:anna/in_1") && !peer.exists("desk:in_1"); }));
    CHECK(wait_until(2, [&] { return peer.connected("peer:source", "desk:anna/in_1") && peer.connected("desk:anna/out_1", "peer:sink"); }));
    CHECK(desk.jack->status().ports == 2);
    CHECK(desk.cycles_advance());
}

TEST_CASE("sound goes through by slot, sample by sample, and unserved outputs are silent") {
    JackServer server(256);
    REQUIRE(server.start());
    auto ports = testing::plain_ports(2, 3);
    ports[1].connect = {"peer:source"}; // in_2
    Desk desk(server.name(), ports);
    testing::post_wires(desk.engine, 2);
    REQUIRE(desk.jack->start());
    Peer peer(server.name(), "peer"), quiet(server.name(), "quiet");
    REQUIRE(desk.poll_until(5, [&] { return peer.connected("peer:source", "desk:in_2"); }));
    peer.api().connect(peer.handle(), "desk:out_2", "peer:sink");
    quiet.api().connect(quiet.handle(), "desk:out_1", "quiet:sink");
    quiet.api().connect(quiet.handle(), "desk:out_3", "quiet:sink");
    REQUIRE(desk.poll_until(10, [&] { return peer.heard_count >= 24000; }));
    // Each xrun of a busy machine may tear the count once; without any, every sample is the next.
    CHECK(peer.wrong_samples() <= static_cast<int>(desk.jack->status().xruns) * 2);
    CHECK(quiet.heard_count == 0);
}

TEST_CASE("wishes by name and regex are fulfilled when the ports come, and again when they come back") {
    JackServer server;
    REQUIRE(server.start());
    auto ports = testing::plain_ports(2, 1);
    ports[0].connect = {"system:capture_1"};
    ports[1].connect = {"/pe+r:so.*/", "peer:nothing"};
    ports[2].connect = {"/peer:sink/"};
    Desk desk(server.name(), ports);
    REQUIRE(desk.jack->start());
    Peer watch(server.name(), "watch");
    REQUIRE(desk.poll_until(2, [&] { return watch.connected("system:capture_1", "desk:in_1"); }));
    CHECK(desk.jack->status().missing_connections == 3);
    for (int round = 0; round < 3; ++round) {
        Peer peer(server.name(), "peer");
        REQUIRE(desk.poll_until(3, [&] {
            return watch.connected("peer:source", "desk:in_2") && watch.connected("desk:out_1", "peer:sink");
        }));
        CHECK(desk.jack->status().missing_connections == 1);
        desk.poll_until(0.3, [] { return false; }); // JACK2 announces ports again when their client activates
        // Taken out by hand: it stays out, whatever else happens, until the other client comes back.
        watch.api().disconnect(watch.handle(), "peer:source", "desk:in_2");
        { Peer other(server.name(), "other"); }
        desk.poll_until(0.3, [] { return false; });
        CHECK_FALSE(watch.connected("peer:source", "desk:in_2"));
        CHECK(watch.connected("desk:out_1", "peer:sink"));
    }
    REQUIRE(desk.poll_until(2, [&] { return desk.jack->status().missing_connections == 3; }));
}

TEST_CASE("JLT-1, JLT-2: latencies add up exactly and follow a change") {
    JackServer server(128);
    REQUIRE(server.start());
    auto ports = testing::plain_ports(1, 1);
    ports[0].connect = {"system:capture_1"};
    ports[1].connect = {"system:playback_1"};
    Desk desk(server.name(), ports);
    const auto latencies = [&](int frames) {
        desk.jack->set_latencies(std::vector<PathLatency>{{0, 0, frames, frames}});
    };
    latencies(480);
    REQUIRE(desk.jack->start());
    Peer watch(server.name(), "watch");
    const auto is = [&](const char* port, jack_latency_callback_mode_t mode, jack_nframes_t frames) {
        const auto range = watch.latency(port, mode);
        return range.min == frames && range.max == frames;
    };
    // jackd's dummy driver at 128 frames says capture 128, playback 256 (acceptance.md 5.2, measured there).
    REQUIRE(is("system:capture_1", JackCaptureLatency, 128));
    REQUIRE(is("system:playback_1", JackPlaybackLatency, 256));
    CHECK(desk.poll_until(2, [&] { return is("desk:in_1", JackPlaybackLatency, 256 + 480); }));
    CHECK(desk.poll_until(2, [&] { return is("desk:out_1", JackCaptureLatency, 128 + 480); }));
    latencies(64);
    CHECK(desk.poll_until(2, [&] { return is("desk:in_1", JackPlaybackLatency, 256 + 64); }));
    CHECK(desk.poll_until(2, [&] { return is("desk:out_1", JackCaptureLatency, 128 + 64); }));
}

TEST_CASE("JLT-4: another buffer size goes on, at any size") {
    JackServer server(128);
    REQUIRE(server.start());
    Desk desk(server.name());
    REQUIRE(desk.jack->start());
    Peer watch(server.name(), "watch");
    for (const int size : {64, 1024, 8192, 128}) {
        REQUIRE(watch.api().set_buffer_size(watch.handle(), static_cast<jack_nframes_t>(size)) == 0);
        CHECK(desk.poll_until(3, [&] { return desk.jack->status().block == size; }));
        CHECK(desk.cycles_advance());
    }
    CHECK(desk.lost == 0);
    CHECK(desk.ready == 1);
}

TEST_CASE("freewheel is seen, runs faster than time, and ends") {
    JackServer server(256);
    REQUIRE(server.start());
    Desk desk(server.name());
    REQUIRE(desk.jack->start());
    Peer watch(server.name(), "watch");
    REQUIRE(desk.cycles_advance());
    watch.api().set_freewheel(watch.handle(), 1);
    REQUIRE(desk.poll_until(3, [&] { return desk.jack->status().freewheel; }));
    const auto frames = desk.engine.counters().frames.load();
    desk.poll_until(0.5, [] { return false; });
    CHECK(desk.engine.counters().frames.load() - frames > 2 * 24000); // half a second holds 24000
    watch.api().set_freewheel(watch.handle(), 0);
    CHECK(desk.poll_until(3, [&] { return !desk.jack->status().freewheel; }));
    CHECK(desk.cycles_advance());
}

TEST_CASE("a taken name is numbered, or waited for where it must be exact") {
    JackServer server;
    REQUIRE(server.start());
    Desk first(server.name());
    REQUIRE(first.jack->start());
    engine::Engine engine;
    auto exact = make_jack(engine, {.client_name = "desk", .server = server.name(), .exact_name = true});
    CHECK_FALSE(exact->start());
    CHECK(exact->status().detail.find("name") != std::string::npos);
    Desk second(server.name());
    REQUIRE(second.jack->start());
    Peer watch(server.name(), "watch");
    CHECK(watch.exists("desk-01:in_1"));
    first.jack->stop();
    CHECK(wait_until(5, [&] { return exact->poll(), exact->status().state == State::running; }));
}

TEST_CASE("pretty names and order are kept as metadata, and taken away with the port") {
    JackServer server;
    REQUIRE(server.start());
    auto ports = testing::plain_ports(1, 1);
    ports[0].pretty = "Host, microphone";
    ports[0].order = 7;
    Desk desk(server.name(), ports);
    REQUIRE(desk.jack->start());
    Peer watch(server.name(), "watch");
    std::string type_of;
    const auto property = [&](jack_uuid_t id, const char* key) {
        char *value = nullptr, *type = nullptr;
        std::string text;
        if (watch.api().get_property(id, key, &value, &type) == 0 && value != nullptr) text = value;
        type_of = type != nullptr ? type : "";
        watch.api().free(value);
        watch.api().free(type);
        return text;
    };
    const auto id = watch.api().port_uuid(watch.api().port_by_name(watch.handle(), "desk:in_1"));
    CHECK(property(id, "http://jackaudio.org/metadata/pretty-name") ==
          "Host, microphone"); // keys and types: jack/metadata.h
    CHECK(type_of == "text/plain");
    CHECK(property(id, "http://jackaudio.org/metadata/order") == "7");
    CHECK(type_of == "http://www.w3.org/2001/XMLSchema#int");
    desk.jack->stop();
    CHECK(property(id, "http://jackaudio.org/metadata/pretty-name").empty());
}

TEST_CASE("JLT-3: the server dies and comes back ten times; ports, cables and sound are there again") {
    JackServer server;
    REQUIRE(server.start());
    auto ports = testing::plain_ports(1, 1);
    ports[0].connect = {"system:capture_1"};
    ports[1].connect = {"/system:playback_[12]/"};
    Desk desk(server.name(), ports);
    REQUIRE(desk.jack->start());
    double slowest = 0;
    for (int round = 1; round <= 10; ++round) {
        CAPTURE(round);
        REQUIRE(desk.cycles_advance());
        server.stop(round % 2 == 0 ? SIGKILL : SIGTERM); // a crash, an orderly end
        REQUIRE(desk.poll_until(5, [&] { return desk.jack->status().state == State::waiting; }));
        CHECK(desk.lost == round);
        if (round % 3 == 0) desk.poll_until(1.0, [] { return false; }); // some tries fail
        server.set_period(round % 2 == 0 ? 128 : 256);
        REQUIRE(server.start());
        const auto up = Clock::now();
        REQUIRE(desk.poll_until(5, [&] { return desk.running(); })); // 5 s: acceptance.md, JLT-3
        slowest = std::max(slowest, std::chrono::duration<double>(Clock::now() - up).count());
        CHECK(desk.ready == round + 1);
        CHECK(desk.ready_block == (round % 2 == 0 ? 128 : 256));
        Peer watch(server.name(), "watch");
        CHECK(desk.poll_until(3, [&] {
            return watch.connected("system:capture_1", "desk:in_1") &&
                   watch.connected("desk:out_1", "system:playback_1") &&
                   watch.connected("desk:out_1", "system:playback_2");
        }));
        CHECK_FALSE(desk.jack->status().stuck);
    }
    MESSAGE("rejoined at the latest " << slowest << " s after the server was up; longest poll "
                                      << desk.longest_poll << " s");
    CHECK(desk.longest_poll < 1.0);
}
