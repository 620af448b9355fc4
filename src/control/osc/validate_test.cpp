// SPDX-License-Identifier: GPL-3.0-or-later
// The malformed packets M1 to M40 of the acceptance list, as far as they are about bytes (M19 to M24:
// bundles).
#include "control/osc/validate.hpp"

#include "control/osc/test_support.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace ton::control::osc;

namespace {
const Bytes message_a = raw("/a\0\0,i\0\0\0\0\0\1");

Bytes nested(int depth) {
    Bytes packet = bundle(1);
    for (int i = 1; i < depth; ++i) packet = bundle(1) + element(packet);
    return packet;
}
} // namespace

TEST_CASE("well-formed packets pass") {
    CHECK_FALSE(validate(message_a));
    CHECK_FALSE(validate(raw("/a\0\0,\0\0\0")));
    CHECK_FALSE(validate(raw("/abc\0\0\0\0,TFNI\0\0\0")));
    CHECK_FALSE(validate(raw("/a\0\0,s\0\0\0\0\0\0")));               // empty string
    CHECK_FALSE(validate(raw("/a\0\0,b\0\0\0\0\0\0")));               // empty blob
    CHECK_FALSE(validate(raw("/a\0\0,b\0\0\0\0\0\3xyz\0")));          // padded blob
    CHECK_FALSE(validate(raw("/a\0\0,[i[f]]\0\0\0\0\1\0\0\0\0")));    // nested arrays
    CHECK_FALSE(validate(raw("/a\0\0,s\0\0gr\xc3\xbc\xc3\x9f\0\0"))); // UTF-8 text argument
    CHECK_FALSE(validate(bundle(1)));                                 // empty bundle
    CHECK_FALSE(validate(bundle(1) + element(message_a) + element(bundle(5) + element(message_a))));
}

TEST_CASE("a message without type tag string is a message without arguments") {
    CHECK_FALSE(validate(raw("/a\0\0")));
    CHECK_FALSE(validate(raw("/tonmeister/ping\0\0\0\0")));
}

TEST_CASE("M1 to M3: sizes") {
    CHECK(validate({}) == Refusal::empty);
    for (std::size_t n = 1; n <= 3; ++n) CHECK(validate(ByteView{message_a}.first(n)) == Refusal::too_short);
    CHECK(validate(raw("/a\0\0,\0\0")) == Refusal::size_not_multiple_of_4);
    CHECK(validate(Bytes(max_packet_bytes + 4)) == Refusal::too_large);
}

TEST_CASE("M4 to M6, M27, M36, M37: addresses and padding") {
    CHECK(validate(raw("abc\0,i\0\0\0\0\0\1")) == Refusal::not_osc);
    CHECK(validate(raw("/abc")) == Refusal::address_unterminated);
    CHECK(validate(raw("/a\0x,i\0\0\0\0\0\1")) == Refusal::padding_not_zero);
    CHECK(validate(raw("/a\0\0,i\0x\0\0\0\1")) == Refusal::padding_not_zero);
    CHECK(validate(raw("/a\0\0,s\0\0a\0\0x")) == Refusal::padding_not_zero);
    CHECK(validate(raw("/a\0\0,b\0\0\0\0\0\1axx\0")) == Refusal::padding_not_zero);
    CHECK(validate(raw("/a b\0\0\0\0,\0\0\0")) == Refusal::address_character);
    CHECK(validate(raw("/a#b\0\0\0\0,\0\0\0")) == Refusal::address_character);
    CHECK(validate(raw("/\xc3\xbc\0,\0\0\0")) == Refusal::address_character);
    CHECK(validate(raw("/a\x7f\0,\0\0\0")) == Refusal::address_character);
    Bytes longest(1'024, std::byte{'x'});
    longest.front() = std::byte{'/'};
    longest.back() = std::byte{0};
    CHECK_FALSE(validate(longest));
    Bytes huge(60'000, std::byte{'x'});
    huge.front() = std::byte{'/'};
    huge.back() = std::byte{0};
    CHECK(validate(huge) == Refusal::address_too_long);
}

TEST_CASE("M7, M8, M14 to M16: type tags") {
    CHECK(validate(raw("/a\0\0i\0\0\0\0\0\0\1")) == Refusal::type_tags_without_comma);
    CHECK(validate(raw("/a\0\0,iii")) == Refusal::type_tags_unterminated);
    CHECK(validate(raw("/a\0\0,Z\0\0\0\0\0\1")) == Refusal::type_tag_unknown);
    const Bytes many = raw("/a\0\0,") + Bytes(1'000, std::byte{'i'}) + raw("\0\0\0");
    CHECK(validate(many) == Refusal::argument_truncated);
    const Bytes too_many = raw("/a\0\0,") + Bytes(1'027, std::byte{'T'}) + raw("\0\0\0\0");
    CHECK(validate(too_many) == Refusal::too_many_arguments);
    CHECK(validate(raw("/a\0\0,[i\0\0\0\0\1")) == Refusal::array_unbalanced);
    CHECK(validate(raw("/a\0\0,i]\0\0\0\0\1")) == Refusal::array_unbalanced);
    CHECK(validate(raw("/a\0\0,][\0")) == Refusal::array_unbalanced);
}

TEST_CASE("M9 to M13: arguments cut short") {
    CHECK(validate(raw("/a\0\0,i\0\0")) == Refusal::argument_truncated);
    CHECK(validate(raw("/a\0\0,h\0\0\0\0\0\1")) == Refusal::argument_truncated);
    CHECK(validate(raw("/a\0\0,d\0\0\0\0\0\1")) == Refusal::argument_truncated);
    CHECK(validate(raw("/a\0\0,s\0\0abcd")) == Refusal::string_unterminated);
    CHECK(validate(raw("/a\0\0,S\0\0")) == Refusal::string_unterminated);
    CHECK(validate(raw("/a\0\0,b\0\0")) == Refusal::argument_truncated);
    for (const std::uint32_t size : {5u, 0x7fff'ffffu, 0x8000'0000u, 0xffff'ffffu, 0xffff'fffdu}) {
        CHECK(validate(raw("/a\0\0,b\0\0") + be32(size) + be32(0)) == Refusal::blob_size);
    }
    CHECK(validate(message_a + be32(0)) == Refusal::trailing_bytes);
    CHECK(validate(raw("/a\0\0,c\0\0\0\0\1\0")) == Refusal::char_not_ascii);
}

TEST_CASE("strings are UTF-8 (RFC 3629)") {
    CHECK(validate(raw("/a\0\0,s\0\0\xff\0\0\0")) == Refusal::string_not_utf8);
    CHECK(validate(raw("/a\0\0,s\0\0\xc0\x80\0\0")) == Refusal::string_not_utf8);   // overlong
    CHECK(validate(raw("/a\0\0,s\0\0\xed\xa0\x80\0")) == Refusal::string_not_utf8); // surrogate
    CHECK(validate(raw("/a\0\0,s\0\0\xe2\x82\0\0")) == Refusal::string_not_utf8);   // cut short
    CHECK(validate(raw("/a\0\0,s\0\0\xf4\x90\x80\x80\0\0\0\0")) == Refusal::string_not_utf8);
    CHECK_FALSE(validate(raw("/a\0\0,s\0\0\xf0\x9f\x8e\x9a\0\0\0\0"))); // U+1F39A, a level slider
}

TEST_CASE("M17 to M22: bundles") {
    CHECK(validate(raw("#bundle\0")) == Refusal::bundle_without_time_tag);
    CHECK(validate(raw("#bundle\0\0\0\0\0")) == Refusal::bundle_without_time_tag);
    CHECK(validate(raw("#bundlX\0\0\0\0\0\0\0\0\1")) == Refusal::not_osc);
    CHECK(validate(bundle(1) + be32(0)) == Refusal::element_size_zero);
    CHECK(validate(bundle(1) + be32(16) + message_a) == Refusal::element_too_large);
    CHECK(validate(bundle(1) + be32(0xffff'fffc) + message_a) == Refusal::element_size_negative);
    CHECK(validate(bundle(1) + be32(0x7fff'fffc) + message_a) == Refusal::element_too_large);
    CHECK(validate(bundle(1) + be32(6) + message_a) == Refusal::element_size_not_multiple_of_4);
    CHECK(validate(bundle(1) + element(raw("xyz\0"))) == Refusal::not_osc);
    CHECK(validate(bundle(1) + element(raw("/a\0\0,Z\0\0\0\0\0\0"))) == Refusal::type_tag_unknown);
}

TEST_CASE("M23: nesting ends at depth 8") {
    CHECK_FALSE(validate(nested(8)));
    CHECK(validate(nested(9)) == Refusal::bundle_too_deep);
    Bytes deep; // 20 bytes a level, as many as a datagram holds, written from the outside in
    constexpr std::uint32_t levels = 3'275;
    for (std::uint32_t i = 0; i < levels; ++i) {
        deep = deep + bundle(1);
        const std::uint32_t inside = (levels - 1 - i) * 20;
        if (inside > 0) deep = deep + be32(inside - 4);
    }
    CHECK(deep.size() <= max_datagram_bytes);
    CHECK(validate(deep) == Refusal::bundle_too_deep);
}

TEST_CASE("M24, M25: nested time tags") {
    const std::uint64_t t = 0xee00'0000'0000'0000;
    CHECK_FALSE(validate(bundle(t) + element(bundle(t))));
    CHECK_FALSE(validate(bundle(t) + element(bundle(t + 1))));
    CHECK_FALSE(validate(bundle(1) + element(bundle(t))));
    CHECK(validate(bundle(t) + element(bundle(t - 1))) == Refusal::nested_tag_earlier);
    CHECK(validate(bundle(t) + element(bundle(1))) == Refusal::nested_tag_earlier);
    // 2036-02-07: the tags wrap, the later one is the smaller number.
    CHECK_FALSE(validate(bundle(0xffff'ffff'0000'0000) + element(bundle(0x0000'0001'0000'0000))));
    for (const std::uint64_t tag : {std::uint64_t{0}, ~std::uint64_t{0}}) CHECK_FALSE(validate(bundle(tag)));
}

TEST_CASE("M30: the largest datagram is looked through") {
    Bytes packet = bundle(1);
    while (packet.size() + 16 <= max_datagram_bytes) packet = packet + element(message_a);
    CHECK_FALSE(validate(packet));
    packet.back() = std::byte{2};
    CHECK_FALSE(validate(packet));
}

TEST_CASE("every prefix of a packet is refused, none is read past its end") {
    const Bytes packet =
        bundle(1) + element(raw("/a\0\0,sbd\0\0\0\0hello\0\0\0\0\0\0\3xyz\0\0\0\0\0\0\0\0\0"));
    REQUIRE_FALSE(validate(packet));
    for (std::size_t n = 0; n < packet.size(); ++n) {
        const Bytes cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(n)); // ASan sees its end
        if (n == 16)
            CHECK_FALSE(validate(cut)); // an empty bundle
        else
            CHECK(validate(cut).has_value());
    }
}

TEST_CASE("every refusal has its own name and text") {
    std::set<std::string_view> names;
    std::set<std::string_view> texts;
    for (std::size_t i = 0; i < refusal_count; ++i) {
        names.insert(name(static_cast<Refusal>(i)));
        texts.insert(text(static_cast<Refusal>(i)));
        CHECK_FALSE(name(static_cast<Refusal>(i)).empty());
    }
    CHECK(names.size() == refusal_count);
    CHECK(texts.size() == refusal_count);
    CHECK(name(Refusal::embedded_nul) == "embedded_nul");
    CHECK(name(Refusal::blob_size) == "blob_size");
}
