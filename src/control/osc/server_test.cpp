// SPDX-License-Identifier: GPL-3.0-or-later
// The server over real loopback sockets, on ports that the kernel gives: UDP, admission, answers, timers.
#include "control/osc/server_test_rig.hpp"
#include "control/osc/subscriptions.hpp"

#include <atomic>
#include <thread>

using namespace ton::control::osc;

TEST_CASE("a bundle arrives as one packet, and answers go to its source") {
    Rig rig;
    UdpClient client(rig, rig.listen("udp://127.0.0.1:0"));
    rig.on_packet = [&](const Peer& from, Packet& packet) {
        rig.server.send(from, packet.messages[0].message);
    };
    client.send(bundle(1) + element(message_a) + element(message_a));
    CHECK(client.receive(1) == std::vector<Message>{{"/a", {1}}});
    REQUIRE(rig.packets.size() == 1);
    CHECK(rig.packets[0].bundle);
    CHECK(rig.packets[0].messages.size() == 2);
    CHECK(rig.last.port == client.port());
    CHECK(rig.last.to_string() == "udp://127.0.0.1:" + std::to_string(client.port()));
    CHECK(rig.server.counters().messages_received == 2);
    CHECK(rig.server.counters().packets_sent == 1);
}

TEST_CASE("the bound port is told; a taken port and a bad URL are errors for people") {
    Rig rig;
    const Url url = rig.listen("udp://127.0.0.1:0");
    CHECK(url.port != 0);
    CHECK(rig.server.urls() == std::vector<Url>{url});
    const auto taken = rig.server.listen(url);
    REQUIRE_FALSE(taken);
    CHECK(taken.error() == url.to_string() + ": Address already in use");
    CHECK(rig.server.listen(std::string_view("udp://127.0.0.1")).error().find("no port") !=
          std::string::npos);
    CHECK(rig.server.urls().size() == 1);
}

TEST_CASE("malformed packets are counted and answered, at most 20 a second; others are not disturbed") {
    Rig rig;
    const Url url = rig.listen("udp://127.0.0.1:0");
    UdpClient bad(rig, url);
    UdpClient good(rig, url);
    for (int i = 0; i < 100; ++i) bad.send(raw("/a\0\0,Z\0\0\0\0\0\1"));
    bad.send({});
    good.send(message_a);
    CHECK(rig.run_until([&] { return rig.server.counters().packets_received == 102; }));
    CHECK(rig.packets.size() == 1);
    CHECK(refused(rig, Refusal::type_tag_unknown) == 100);
    CHECK(refused(rig, Refusal::empty) == 1);
    CHECK(rig.server.counters().refused_in_all() == 101);
    const auto answers = bad.receive(30, 200ms);
    CHECK(answers.size() >= 20);
    CHECK(answers.size() <= 25); // the burst, and what 200 ms refill
    CHECK(answers[0] == Message{"/tonmeister/error", {std::string(), std::string("unknown type tag")}});
    CHECK(rig.server.counters().errors_suppressed >= 76);
}

TEST_CASE("/tonmeister/reply: answers go to another port") {
    Rig rig;
    const Url url = rig.listen("udp://127.0.0.1:0");
    UdpClient client(rig, url);
    UdpClient listener(rig, url);
    client.send(message_a);
    REQUIRE(rig.run_until_packets(1));
    CHECK(rig.server.set_reply_port(rig.last, listener.port()));
    CHECK(rig.server.send(rig.last, {"/x", {}}));
    CHECK(listener.receive(1).size() == 1);
    CHECK_FALSE(rig.server.set_reply_port(rig.last, 80));
    CHECK_FALSE(rig.server.set_reply_port(rig.last, 70'000));
    CHECK_FALSE(rig.server.set_reply_port(rig.last, -1));
    CHECK(rig.server.set_reply_port(rig.last, 0));
    CHECK(rig.server.send(rig.last, {"/y", {}}));
    CHECK(client.receive(1) == std::vector<Message>{{"/y", {}}});
}

TEST_CASE("reply_to: a host is answered on its own port, and a client's own word goes before that") {
    Rig rig;
    const Url url = rig.listen("udp://127.0.0.1:0");
    UdpClient client(rig, url), listener(rig, url), other(rig, url);
    client.send(message_a);
    REQUIRE(rig.run_until_packets(1));
    CHECK_FALSE(rig.server.reply_to(std::vector<std::string>{"nonsense"}));
    const std::vector<std::string> hosts{"udp://10.0.0.7:9001", "udp://127.0.0.1:" + std::to_string(listener.port())};
    CHECK(rig.server.reply_to(hosts));
    CHECK(rig.server.send(rig.last, {"/x", {}}));
    CHECK(listener.receive(1).size() == 1);
    CHECK(rig.server.set_reply_port(rig.last, other.port()));
    CHECK(rig.server.send(rig.last, {"/y", {}}));
    CHECK(other.receive(1).size() == 1);
    CHECK(rig.server.set_reply_port(rig.last, 0));
    CHECK(rig.server.reply_to({}));
    CHECK(rig.server.send(rig.last, {"/z", {}}));
    CHECK(client.receive(1) == std::vector<Message>{{"/z", {}}});
}

TEST_CASE("M40: nothing is sent to multicast, broadcast, low ports, or to ourselves") {
    Rig rig;
    const Url url = rig.listen("udp://127.0.0.1:0");
    Peer peer;
    peer.port = 5'000;
    for (const char* ip : {"224.0.0.1", "255.255.255.255", "0.0.0.0", "ff02::1", "::1"}) {
        peer.ip = IpAddress::parse(ip).value();
        CHECK_FALSE(rig.server.send(peer, {"/a", {}}));
    }
    peer.ip = IpAddress::parse("127.0.0.1").value();
    peer.port = 53;
    CHECK_FALSE(rig.server.send(peer, {"/a", {}}));
    peer.port = url.port;
    CHECK_FALSE(rig.server.send(peer, {"/a", {}}));
    CHECK(rig.server.set_reply_port(peer, 0));
    peer.port = 5'001;
    REQUIRE(rig.server.set_reply_port(peer, url.port));
    CHECK_FALSE(rig.server.send(peer, {"/a", {}}));
    CHECK(rig.server.counters().dropped == 8);
    CHECK_FALSE(rig.server.send(peer, {"no address", {}}));
}

TEST_CASE("only loopback and what `allow` names is heard") {
    Rig rig;
    const Url url = rig.listen("udp://0.0.0.0:0");
    // Our own address on another interface, if there is one, stands for a foreign source.
    udp::socket probe(rig.io, udp::v4());
    boost::system::error_code none;
    probe.connect({asio::ip::make_address("192.0.2.1"), 9}, none);
    const auto own = none ? asio::ip::make_address("127.0.0.1") : probe.local_endpoint().address();
    UdpClient client(rig, url);
    client.send(message_a);
    CHECK(rig.run_until_packets(1));
    CHECK_FALSE(rig.server.allow(std::vector<std::string>{"10.0.0.0/8", "nonsense"}));
    if (own.is_loopback())
        return; // a machine without network: CIDR ranges themselves are tested in peer_test
    udp::socket foreign(rig.io, udp::endpoint(own, 0));
    const auto send = [&] { foreign.send_to(asio::buffer(message_a), udp::endpoint(own, url.port)); };
    send();
    CHECK(rig.run_until([&] { return rig.server.counters().refused_by_address == 1; }));
    CHECK(rig.packets.size() == 1);
    CHECK(rig.server.allow(std::vector<std::string>{own.to_string() + "/32"}));
    send();
    CHECK(rig.run_until_packets(2));
}

TEST_CASE("IPv6 loopback, and [::] for both families") {
    Rig rig;
    const Url both = rig.listen("udp://[::]:0");
    const Url six = rig.listen("udp://[::1]:0");
    rig.on_packet = [&](const Peer& from, Packet&) { CHECK(rig.server.send(from, {"/answer", {}})); };
    UdpClient four(rig, both);
    four.send(message_a);
    CHECK(four.receive(1).size() == 1);
    CHECK(rig.last.ip.is_v4());
    udp::socket client(rig.io, udp::endpoint(asio::ip::make_address("::1"), 0));
    client.send_to(asio::buffer(message_a), udp::endpoint(asio::ip::make_address("::1"), six.port));
    CHECK(rig.run_until_packets(2));
    CHECK(rig.last.ip.to_string() == "::1");
    CHECK(rig.run_until([&] { return client.available() > 0; }));
}

TEST_CASE("a driven book is flushed by the server, and ends with its connection") {
    Rig rig;
    Subscriptions book;
    rig.server.drive(&book);
    const Url url = rig.listen("udp://127.0.0.1:0");
    const Url tcp_url = rig.listen("tcp://127.0.0.1:0");
    UdpClient client(rig, url);
    rig.on_packet = [&](const Peer& from, Packet&) {
        const auto now = Subscriptions::Clock::now();
        const auto accepted = book.subscribe(from, {"/*", 100, false}, now);
        REQUIRE(accepted);
        const Arguments value{-6.0F};
        book.snapshot(accepted->id, "/level", value, now);
    };
    client.send(message_a);
    CHECK(client.receive(1) == std::vector<Message>{{"/level", {-6.0F}}});
    book.on_change("/level", Argument{-3.0F}, Subscriptions::Clock::now());
    rig.server.rearm();
    CHECK(client.receive(1) == std::vector<Message>{{"/level", {-3.0F}}});
    {
        tcp::socket stream_client = connect(rig, tcp_url);
        Bytes stream;
        append_frame(Framing::length_prefix, message_a, stream);
        asio::write(stream_client, asio::buffer(stream));
        REQUIRE(rig.run_until_packets(2));
        CHECK(book.size() == 2);
    }
    CHECK(rig.run_until([&] { return rig.gone.size() == 1; }));
    book.on_change("/level", Argument{-1.0F}, Subscriptions::Clock::now());
    rig.server.rearm();
    CHECK(rig.run_until([&] { return book.size() == 1; })); // sending found the TCP peer gone
    rig.server.drive(nullptr);
}

TEST_CASE("M38: timers live through a flood") {
    Rig rig;
    const Url url = rig.listen("udp://127.0.0.1:0");
    std::atomic<bool> stop = false;
    std::thread flood([&] {
        asio::io_context io;
        udp::socket socket(io, udp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
        const udp::endpoint target(asio::ip::make_address("127.0.0.1"), url.port);
        while (!stop) socket.send_to(asio::buffer(message_a), target);
    });
    int ticks = 0;
    asio::steady_timer timer(rig.io);
    std::function<void()> tick = [&] {
        timer.expires_after(10ms);
        timer.async_wait([&](boost::system::error_code failed) {
            if (failed) return;
            ++ticks;
            tick();
        });
    };
    tick();
    rig.on_packet = [&](const Peer&, Packet&) { rig.packets.clear(); };
    const auto both_live = [&] { return ticks >= 20 && rig.server.counters().messages_received >= 5'000; };
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!both_live() && std::chrono::steady_clock::now() < end) rig.io.run_for(200ms), rig.io.restart();
    stop = true;
    flood.join();
    CHECK(ticks >= 20);
    CHECK(rig.server.counters().messages_received >= 5'000);
}

TEST_CASE("a server may end while connections and timers are pending") {
    asio::io_context io;
    Url url;
    tcp::socket client(io);
    {
        Server server(
            io, {.on_packet = [](const Peer&, Packet&&) {}, .on_gone = [](const Peer&) { FAIL("told"); }});
        url = server.listen(std::string_view("tcp://127.0.0.1:0")).value();
        client.connect({asio::ip::make_address("127.0.0.1"), url.port});
        io.run_for(20ms), io.restart();
        CHECK(server.connections() == 1);
    }
    io.run_for(20ms); // what is pending must find nothing to do
    CHECK(io.stopped());
}
