// SPDX-License-Identifier: GPL-3.0-or-later
// Byte vectors: OSC 1.0 specification examples, verified with two other implementations (acceptance 6.1).
#include "control/osc/message.hpp"

#include "control/osc/test_support.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace ton::control::osc;

namespace {
constexpr auto oscillator_hex = "2f6f7363696c6c61746f722f342f6672657175656e6379002c66000043dc0000";
constexpr auto foo_hex = "2f666f6f000000002c69697366660000000003e8ffffffff68656c6c6f0000003f9df3b640b5b22d";

Message only(const Bytes& bytes) {
    auto packet = decode(bytes);
    REQUIRE(packet);
    REQUIRE(packet->messages.size() == 1);
    return packet->messages.front().message;
}

Message round_trip(const Message& message) {
    const auto bytes = encode(message);
    REQUIRE(bytes);
    return only(*bytes);
}
} // namespace

TEST_CASE("vector: /oscillator/4/frequency ,f 440") {
    const Message message{"/oscillator/4/frequency", {440.0F}};
    CHECK(only(hex(oscillator_hex)) == message);
    CHECK(to_hex(encode(message).value()) == oscillator_hex);
}

TEST_CASE("vector: /foo ,iisff") {
    const Message message{"/foo", {1000, -1, std::string("hello"), 1.234F, 5.678F}};
    CHECK(only(hex(foo_hex)) == message);
    CHECK(to_hex(encode(message).value()) == foo_hex);
}

TEST_CASE("vector: immediate bundle") {
    const std::string expected =
        std::string("2362756e646c65000000000000000001") + "00000020" + oscillator_hex;
    const Message message{"/oscillator/4/frequency", {440.0F}};
    const auto packet = decode(hex(expected));
    REQUIRE(packet);
    CHECK(packet->bundle);
    CHECK(packet->messages == std::vector<TimedMessage>{{immediately, message}});
    const auto encoded = encode_bundle(immediately, {&message, 1});
    REQUIRE(encoded);
    CHECK(encoded->size() == 52);
    CHECK(to_hex(*encoded) == expected);
}

TEST_CASE("every type, against bytes written by hand") {
    const Bytes bytes = raw("/x\0\0,hdSbtcrmTFNI\0\0\0"
                            "\0\0\0\1\0\0\0\2"         // h 2^32 + 2
                            "\x3f\xf8\0\0\0\0\0\0"     // d 1.5
                            "sym\0"                    // S
                            "\0\0\0\5\1\2\3\4\5\0\0\0" // b
                            "\xe0\0\0\1\x80\0\0\0"     // t
                            "\0\0\0A"                  // c
                            "\x11\x22\x33\x44"         // r
                            "\1\x90\x3c\x7f");         // m
    const Message message{"/x",
                          {std::int64_t{4294967298}, 1.5, Symbol{"sym"}, hex("0102030405"),
                           TimeTag{0xe000'0001'8000'0000}, 'A', Rgba{0x11223344}, Midi{{1, 0x90, 0x3c, 0x7f}},
                           true, false, Nil{}, Impulse{}}};
    CHECK(only(bytes) == message);
    CHECK(to_hex(encode(message).value()) == to_hex(bytes));
    std::string tags;
    for (const Argument& argument : message.args) tags += type_tag(argument);
    CHECK(tags == "hdSbtcrmTFNI");
}

TEST_CASE("edges of the types survive the round trip") {
    const Message message{"/edge",
                          {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int64_t>::max(),
                           -0.0F, std::numeric_limits<float>::denorm_min(),
                           std::numeric_limits<double>::max(), std::string(), Bytes{},
                           std::string(1'001, 'x'), Bytes(999, std::byte{0xdb})}};
    CHECK(round_trip(message) == message);
    CHECK(round_trip({"/none", {}}) == Message{"/none", {}});
    CHECK(std::isnan(std::get<float>(round_trip({"/n", {std::nanf("")}}).args[0])));
}

TEST_CASE("arrays come flat, a missing type tag string is no arguments") {
    CHECK(only(raw("/a\0\0,[i[f]]\0\0\0\0\1\x3f\x80\0\0")) == Message{"/a", {1, 1.0F}});
    CHECK(only(raw("/a\0\0,r[s]\0\0\0\0\0\0\7xy\0\0")) == Message{"/a", {Rgba{7}, std::string("xy")}});
    CHECK(only(raw("/a\0\0")) == Message{"/a", {}});
}

TEST_CASE("nested bundles are flattened in order, each message with its innermost tag") {
    const Bytes a = encode({"/a", {1}}).value();
    const Bytes b = encode({"/b", {2}}).value();
    const Bytes c = encode({"/c", {3}}).value();
    const std::uint64_t t = 0xee00'0000'0000'0000;
    const auto packet = decode(bundle(t) + element(a) + element(bundle(t + 9) + element(b)) + element(c));
    REQUIRE(packet);
    CHECK(packet->messages == std::vector<TimedMessage>{{TimeTag{t}, {"/a", {1}}},
                                                        {TimeTag{t + 9}, {"/b", {2}}},
                                                        {TimeTag{t}, {"/c", {3}}}});
    const auto batches = split(Packet{*packet});
    CHECK(batches ==
          std::vector<Batch>{{TimeTag{t}, {{"/a", {1}}, {"/c", {3}}}}, {TimeTag{t + 9}, {{"/b", {2}}}}});
    CHECK(split(decode(bundle(1)).value()).empty());
    CHECK(decode(a)->bundle == false);
}

TEST_CASE("what cannot be sent is refused with its reason") {
    CHECK(encode({"no/slash", {}}).error() == Refusal::not_osc);
    CHECK(encode({"", {}}).error() == Refusal::not_osc);
    CHECK(encode({"#bundle", {}}).error() == Refusal::not_osc);
    CHECK(encode({"/a b", {}}).error() == Refusal::address_character);
    CHECK(encode({std::string("/a\0b", 4), {}}).error() == Refusal::embedded_nul);
    CHECK(encode({"/a", {std::string("x\0y", 3)}}).error() == Refusal::embedded_nul);
    CHECK(encode({"/a", {std::string("\xff")}}).error() == Refusal::string_not_utf8);
    CHECK(encode({"/a", {Bytes(70'000)}}).error() == Refusal::too_large);
    CHECK(encode({"/a", Arguments(1'024, Argument{1})}).error() == Refusal::too_many_arguments);
    const std::vector<Message> many(3'000, Message{"/abcdefghijklmnop", {1}});
    CHECK(encode_bundle(immediately, many).error() == Refusal::too_large);
}

TEST_CASE("bundle builder: a lone message goes bare, the limit holds") {
    const Bytes message = encode({"/a", {1}}).value(); // 12 bytes
    BundleBuilder builder(16 + 2 * 16);
    CHECK(builder.add(message));
    CHECK(to_hex(builder.packet()) == to_hex(message));
    CHECK(builder.add(message));
    CHECK_FALSE(builder.add(message));
    CHECK(to_hex(builder.packet()) == to_hex(bundle(1) + element(message) + element(message)));
    builder.clear();
    CHECK(builder.count() == 0);
    CHECK(builder.add(message));
    BundleBuilder tight(20);
    CHECK_FALSE(tight.add(Bytes(24)));
}

TEST_CASE("number: i h f d T F and numeric s; NaN, infinity and other text are none (M26, M35)") {
    CHECK(number(3) == 3.0);
    CHECK(number(std::int64_t{-7}) == -7.0);
    CHECK(number(0.5F) == 0.5);
    CHECK(number(1e300) == 1e300);
    CHECK(number(true) == 1.0);
    CHECK(number(false) == 0.0);
    for (const char* text : {"-6.5", " -6.5 ", "-65e-1", "-6.50"}) CHECK(number(std::string(text)) == -6.5);
    CHECK(number(std::string("+3")) == 3.0);
    CHECK(number(Symbol{"12"}) == 12.0);
    for (const char* text :
         {"", " ", "abc", "1,5", "6 dB", "nan", "inf", "-infinity", "0x10", "+-3", "1e999", "--1"}) {
        CHECK_MESSAGE(number(std::string(text)) == std::nullopt, text);
    }
    CHECK(number(std::nanf("")) == std::nullopt);
    CHECK(number(std::numeric_limits<float>::infinity()) == std::nullopt);
    CHECK(number(-std::numeric_limits<double>::infinity()) == std::nullopt);
    for (const Argument& other : Arguments{Bytes{}, TimeTag{5}, 'A', Rgba{}, Midi{}, Nil{}, Impulse{}}) {
        CHECK(number(other) == std::nullopt);
    }
}

TEST_CASE("truth: from 0.5 up, and words") {
    CHECK(truth(0.5F) == true);
    CHECK(truth(0.49) == false);
    CHECK(truth(-1) == false);
    CHECK(truth(std::string("on")) == true);
    CHECK(truth(std::string("T")) == true); // OSC's own letters, where a person types
    CHECK(truth(std::string("F")) == false);
    CHECK(truth(std::string("no")) == false);
    CHECK(truth(std::string("perhaps")) == std::nullopt);
    CHECK(truth(Nil{}) == std::nullopt);
}

TEST_CASE("text for people") {
    CHECK(to_text(Message{"/a", {440.0F, -6.5, 3, true, std::string("he\"l\n"), Nil{}, hex("0102")}}) ==
          "/a 440 -6.5 3 true \"he\\\"l\\u000a\" nil [2 bytes]");
    CHECK(to_text(Argument{0.1F}) == "0.1");
}

TEST_CASE("same value: numbers by their float, whatever the type") {
    const auto same = [](const Argument& a, const Argument& b) { return same_value({&a, 1}, {&b, 1}); };
    CHECK(same(1, 1.0F));
    CHECK(same(0.1F, 0.1));
    CHECK(same(std::string("-6.5"), -6.5F));
    CHECK(same(true, 1));
    CHECK_FALSE(same(1.0F, 1.0001F));
    CHECK(same(std::string("hall"), std::string("hall")));
    CHECK_FALSE(same(std::string("hall"), std::string("room")));
    CHECK_FALSE(same_value({}, Arguments{1}));
}
