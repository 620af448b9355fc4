// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/framing.hpp"

#include "control/osc/test_support.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using namespace ton::control::osc;

namespace {
struct Collected {
    std::vector<std::string> packets;
    FramingError error = FramingError::none;
};

Collected feed_in_pieces(FrameDecoder& decoder, ByteView bytes, std::size_t piece) {
    Collected got;
    while (!bytes.empty() && got.error == FramingError::none) {
        const std::size_t n = std::min(piece, bytes.size());
        got.error =
            decoder.feed(bytes.first(n), [&](ByteView packet) { got.packets.push_back(to_hex(packet)); });
        bytes = bytes.subspan(n);
    }
    return got;
}

Bytes framed(Framing framing, const std::vector<Bytes>& packets) {
    Bytes out;
    for (const Bytes& packet : packets) append_frame(framing, packet, out);
    return out;
}
} // namespace

TEST_CASE("vector: SLIP of /a ,i 0xC0A80001") {
    const Bytes packet = encode({"/a", {static_cast<std::int32_t>(0xC0A80001)}}).value();
    CHECK(to_hex(framed(Framing::slip, {packet})) == "c02f6100002c690000dbdca80001c0");
}

TEST_CASE("vector: length prefix of /oscillator/4/frequency is 00000020") {
    const Bytes packet = encode({"/oscillator/4/frequency", {440.0F}}).value();
    CHECK(to_hex(framed(Framing::length_prefix, {packet})) == "00000020" + to_hex(packet));
}

TEST_CASE("any packets, cut anywhere, come out whole and in order") {
    std::mt19937 random(7);
    for (const Framing framing : {Framing::length_prefix, Framing::slip}) {
        std::vector<Bytes> packets;
        std::vector<std::string> expected;
        for (int i = 0; i < 50; ++i) {
            Bytes packet(1 + random() % 300);
            static constexpr std::byte special[] = {std::byte{0xc0}, std::byte{0xdb}, std::byte{0xdc},
                                                    std::byte{0xdd}, std::byte{0}};
            for (auto& b : packet) b = special[random() % 5];
            expected.push_back(to_hex(packet));
            packets.push_back(std::move(packet));
        }
        const Bytes stream = framed(framing, packets);
        for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7},
                                        std::size_t{64}, stream.size()}) {
            FrameDecoder decoder(framing);
            const Collected got = feed_in_pieces(decoder, stream, piece);
            CHECK(got.packets == expected);
            CHECK_FALSE(decoder.partial());
            CHECK(decoder.bad_escapes() == 0);
        }
    }
}

TEST_CASE("the largest packet passes") {
    for (const Framing framing : {Framing::length_prefix, Framing::slip}) {
        FrameDecoder decoder(framing);
        const Collected got =
            feed_in_pieces(decoder, framed(framing, {Bytes(max_packet_bytes, std::byte{0xc0})}), 1'000);
        CHECK(got.error == FramingError::none);
        REQUIRE(got.packets.size() == 1);
        CHECK(got.packets[0].size() == 2 * max_packet_bytes);
    }
}

TEST_CASE("M31, M34: bad length prefixes") {
    const auto error_of = [](const char* digits) {
        FrameDecoder decoder(Framing::length_prefix);
        const FramingError first = feed_in_pieces(decoder, hex(digits), 1).error;
        CHECK(decoder.feed(hex("00000004"), [](ByteView) { FAIL("a packet after the error"); }) == first);
        return first;
    };
    CHECK(error_of("00000000") == FramingError::length_zero);
    CHECK(error_of("ffffffff") == FramingError::length_negative);
    CHECK(error_of("80000000") == FramingError::length_negative);
    CHECK(error_of("7fffffff") == FramingError::length_too_large);
    CHECK(error_of("00010001") == FramingError::length_too_large);
    CHECK(error_of("c02f6100") == FramingError::length_negative); // a SLIP client
}

TEST_CASE("M33: SLIP escapes and packets without end") {
    FrameDecoder decoder(Framing::slip);
    CHECK(feed_in_pieces(decoder, hex("c0 2f61 db01 0000 c0"), 1).packets.empty()); // ESC + other
    CHECK(decoder.bad_escapes() == 1);
    CHECK(feed_in_pieces(decoder, hex("c0 2f61 db c0"), 1).packets.empty()); // ESC at the end
    CHECK(decoder.bad_escapes() == 2);
    CHECK(feed_in_pieces(decoder, hex("c0 2f61 c0"), 1).packets ==
          std::vector<std::string>{"2f61"}); // sound again
    CHECK(feed_in_pieces(decoder, hex("c0c0c0c0"), 1).packets.empty());
    CHECK_FALSE(decoder.partial());
    CHECK(feed_in_pieces(decoder, Bytes(max_packet_bytes, std::byte{1}), 500).error == FramingError::none);
    CHECK(decoder.partial());
    CHECK(feed_in_pieces(decoder, Bytes(1, std::byte{1}), 1).error == FramingError::slip_too_large);
}

TEST_CASE("partial says that a packet has begun") {
    FrameDecoder length(Framing::length_prefix);
    const auto nothing = [](ByteView) {};
    CHECK_FALSE(length.partial());
    CHECK(length.feed(hex("00"), nothing) == FramingError::none);
    CHECK(length.partial());
    CHECK(length.feed(hex("000004"), nothing) == FramingError::none);
    CHECK(length.partial());
    CHECK(length.feed(hex("2f610000"), nothing) == FramingError::none);
    CHECK_FALSE(length.partial());
}
