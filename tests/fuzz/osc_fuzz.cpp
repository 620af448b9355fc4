// SPDX-License-Identifier: GPL-3.0-or-later
// libFuzzer target for everything that reads bytes from the network: validator, liblo decoding, re-encoding,
// patterns, framing. The first byte chooses the target. Beyond crashes it checks what must always hold.
#include "control/osc/framing.hpp"
#include "control/osc/message.hpp"
#include "control/osc/pattern.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

using namespace ton::control::osc;

namespace {

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "violated: %s\n", what);
    std::abort();
}

void use_arguments(const Message& message) {
    for (const Argument& argument : message.args) {
        if (const auto value = number(argument)) require(std::isfinite(*value), "a number is finite");
        if (truth(argument)) require(!to_text(argument).empty(), "what has a truth has a text");
    }
    if (const auto pattern = Pattern::parse(message.address)) {
        const bool hit = pattern->matches("/host/compressor/threshold");
        if (pattern->literal())
            require(hit == (message.address == "/host/compressor/threshold"), "literal is exact");
        require(pattern->literal() == !is_pattern(message.address), "literal and is_pattern agree");
    }
}

/// What liblo writes of a decoded message must decode to the same again, bit for bit.
void packet(ByteView bytes) {
    const auto refusal = validate(bytes);
    const auto decoded = decode(bytes);
    if (refusal) return require(!decoded && decoded.error() == *refusal, "decode refuses what validate does");
    require(decoded.has_value(), "liblo decodes whatever the validator passes");
    for (const auto& [tag, message] : decoded->messages) {
        use_arguments(message);
        const auto first = encode(message);
        require(first.has_value() || message.args.size() >= max_arguments, "what was decoded can be encoded");
        if (!first) continue;
        const auto again = decode(*first);
        require(again && again->messages.size() == 1, "what was encoded can be decoded");
        require(encode(again->messages[0].message) == first, "the second encoding is the first");
    }
    std::size_t count = 0;
    for (const Batch& batch : split(Packet{*decoded})) count += batch.messages.size();
    require(count == decoded->messages.size(), "split loses nothing");
}

void pattern(std::string_view text) {
    const std::size_t cut = text.find('\0');
    const std::string_view left = text.substr(0, cut);
    const std::string_view name = cut == std::string_view::npos ? left : text.substr(cut + 1);
    if (match_segment(left, name)) require(well_formed_segment(left), "a malformed segment matches nothing");
    if (!match(left, name)) return;
    require(Pattern::parse(left).has_value(), "a malformed pattern matches nothing");
}

/// The same packets and the same error whether the stream comes whole or cut up.
void stream(Framing framing, ByteView bytes) {
    std::vector<Bytes> whole;
    std::vector<Bytes> pieces;
    const auto keep_in = [](std::vector<Bytes>& list) {
        return [&list](ByteView p) { list.emplace_back(p.begin(), p.end()); };
    };
    FrameDecoder at_once(framing);
    const FramingError error = at_once.feed(bytes, keep_in(whole));
    FrameDecoder cut(framing);
    FramingError last = FramingError::none;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        last = cut.feed(bytes.subspan(at, std::min<std::size_t>(3, bytes.size() - at)), keep_in(pieces));
    }
    require(whole == pieces && error == last, "framing does not depend on how the stream is cut");
    require(at_once.partial() == cut.partial() || error != FramingError::none, "nor does what is left");
    Bytes framed;
    for (const Bytes& p : whole) append_frame(framing, p, framed);
    std::vector<Bytes> again;
    FrameDecoder fresh(framing);
    require(fresh.feed(framed, keep_in(again)) == FramingError::none && again == whole, "frames go round");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const ByteView bytes{reinterpret_cast<const std::byte*>(data + 1), size - 1};
    switch (data[0] % 8) {
    case 0:
        pattern({reinterpret_cast<const char*>(data + 1), size - 1});
        break;
    case 1:
        stream(Framing::length_prefix, bytes);
        break;
    case 2:
        stream(Framing::slip, bytes);
        break;
    default:
        packet(bytes);
    }
    return 0;
}
