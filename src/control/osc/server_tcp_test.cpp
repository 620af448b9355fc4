// SPDX-License-Identifier: GPL-3.0-or-later
// The server's TCP side over real loopback sockets.
#include "control/osc/server_test_rig.hpp"

using namespace ton::control::osc;

TEST_CASE("TCP, both framings: one byte at a time, all at once, and back") {
    for (const char* scheme : {"tcp://127.0.0.1:0", "tcp+slip://127.0.0.1:0"}) {
        Rig rig;
        const Url url = rig.listen(scheme);
        const Framing framing = url.transport == Transport::tcp_slip ? Framing::slip : Framing::length_prefix;
        Bytes stream;
        for (int i = 0; i < 40; ++i) {
            append_frame(framing, encode({"/n", {i, static_cast<std::int32_t>(0xC0DBDCDD)}}).value(), stream);
        }
        tcp::socket client = connect(rig, url);
        for (const std::byte& b : stream) {
            asio::write(client, asio::buffer(&b, 1));
            rig.io.poll(), rig.io.restart();
        }
        CHECK(rig.run_until_packets(40));
        asio::write(client, asio::buffer(stream));
        CHECK(rig.run_until_packets(80));
        for (int i = 0; i < 80; ++i) {
            CHECK(rig.packets[static_cast<std::size_t>(i)].messages[0].message.args[0] == Argument{i % 40});
        }
        CHECK(rig.server.send(rig.last, {"/a", {1}}));
        Bytes answer(framing == Framing::slip ? 14 : 16);
        asio::read(client, asio::buffer(answer));
        Bytes expected;
        append_frame(framing, message_a, expected);
        CHECK(to_hex(answer) == to_hex(expected));
        client.close();
        CHECK(rig.run_until([&] { return rig.gone.size() == 1; }));
        CHECK(rig.gone[0] == rig.last);
        CHECK_FALSE(rig.server.send(rig.last, {"/a", {1}}));
        CHECK(rig.server.connections() == 0);
    }
}

TEST_CASE("M31, M34: a stream that cannot be framed is closed, with a reason") {
    Rig rig;
    const Url url = rig.listen("tcp://127.0.0.1:0");
    for (const char* bad : {"00000000", "ffffffff", "80000000", "7fffffff", "c02f6100"}) {
        tcp::socket client = connect(rig, url);
        asio::write(client, asio::buffer(hex(bad)));
        CHECK(is_closed(rig, client));
    }
    CHECK(rig.server.counters().refused_framing == 5);
    CHECK(rig.server.connections() == 0);
}

TEST_CASE("malformed packets over TCP are refused, the connection stays") {
    Rig rig;
    tcp::socket client = connect(rig, rig.listen("tcp://127.0.0.1:0"));
    Bytes stream;
    append_frame(Framing::length_prefix, raw("junk"), stream);
    append_frame(Framing::length_prefix, message_a, stream);
    asio::write(client, asio::buffer(stream));
    CHECK(rig.run_until_packets(1));
    CHECK(refused(rig, Refusal::not_osc) == 1);
    CHECK(rig.server.connections() == 1);
}

TEST_CASE("M32: a packet that trickles in is timed out, an idle client is not") {
    ServerLimits limits;
    limits.partial_packet = 100ms;
    Rig rig(limits);
    const Url url = rig.listen("tcp://127.0.0.1:0");
    tcp::socket idle = connect(rig, url);
    tcp::socket slow = connect(rig, url);
    const Bytes begun = hex("00000020 2f");
    for (int i = 0; i < 5; ++i) {
        asio::write(slow, asio::buffer(&begun[static_cast<std::size_t>(i)], 1));
        rig.io.run_for(20ms), rig.io.restart();
    }
    CHECK(is_closed(rig, slow));
    CHECK(rig.server.counters().closed_timeout == 1);
    CHECK(rig.server.connections() == 1);
}

TEST_CASE("a TCP client that does not read is closed at its queue's limit") {
    ServerLimits limits;
    limits.output_queue_bytes = 100'000;
    Rig rig(limits);
    tcp::socket client = connect(rig, rig.listen("tcp://127.0.0.1:0"));
    Bytes stream;
    append_frame(Framing::length_prefix, message_a, stream);
    asio::write(client, asio::buffer(stream));
    REQUIRE(rig.run_until_packets(1));
    const Message big{"/big", {Bytes(50'000)}};
    int sent = 0;
    while (sent < 1'000 && rig.server.send(rig.last, big)) ++sent;
    CHECK(sent < 1'000);
    CHECK(rig.server.counters().closed_slow == 1);
    CHECK(rig.run_until([&] { return rig.gone.size() == 1; }));
}

TEST_CASE("a queue that is read later is delivered whole") {
    Rig rig;
    tcp::socket client = connect(rig, rig.listen("tcp://127.0.0.1:0"));
    boost::system::error_code failed;
    client.set_option(asio::socket_base::receive_buffer_size(65'536), failed);
    Bytes stream;
    append_frame(Framing::length_prefix, message_a, stream);
    asio::write(client, asio::buffer(stream));
    REQUIRE(rig.run_until_packets(1));
    Bytes blob(60'000);
    for (std::size_t i = 0; i < blob.size(); ++i) blob[i] = static_cast<std::byte>(i * 31);
    std::size_t expected = 0;
    for (int i = 0; i < 16; ++i) {
        REQUIRE(rig.server.send(rig.last, {"/big", {i, blob}}));
        expected += encode({"/big", {i, blob}})->size();
    }
    CHECK(rig.server.counters().bytes_sent == expected);
    client.non_blocking(true);
    FrameDecoder decoder(Framing::length_prefix);
    std::vector<Message> got;
    Bytes buffer(10'000);
    rig.run_until([&] {
        const std::size_t n = client.read_some(asio::buffer(buffer), failed);
        const auto error = decoder.feed(ByteView{buffer}.first(n), [&](ByteView packet) {
            got.push_back(decode(packet)->messages.at(0).message);
        });
        CHECK(error == FramingError::none);
        return got.size() == 16;
    });
    REQUIRE(got.size() == 16);
    for (int i = 0; i < 16; ++i) CHECK(got[static_cast<std::size_t>(i)] == Message{"/big", {i, blob}});
}

TEST_CASE("connections beyond the limit are refused") {
    ServerLimits limits;
    limits.tcp_connections = 2;
    Rig rig(limits);
    const Url url = rig.listen("tcp://127.0.0.1:0");
    tcp::socket first = connect(rig, url);
    tcp::socket second = connect(rig, url);
    tcp::socket third = connect(rig, url);
    CHECK(is_closed(rig, third));
    CHECK(rig.server.connections() == 2);
    CHECK(rig.server.counters().connections_refused == 1);
}

TEST_CASE("the handler may close the connection it is called from") {
    Rig rig;
    tcp::socket client = connect(rig, rig.listen("tcp://127.0.0.1:0"));
    rig.on_packet = [&](const Peer& from, Packet&) { rig.server.close(from); };
    Bytes stream;
    for (int i = 0; i < 5; ++i) append_frame(Framing::length_prefix, message_a, stream);
    asio::write(client, asio::buffer(stream));
    CHECK(is_closed(rig, client));
    CHECK(rig.packets.size() == 1);
    CHECK(rig.run_until([&] { return rig.gone.size() == 1; }));
}
