// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/message.hpp"
#include "control/osc/wire.hpp"

#include <lo/lo.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace ton::control::osc {

namespace {

struct FreeMessage {
    void operator()(void* message) const { lo_message_free(static_cast<lo_message>(message)); }
};
using LoMessage = std::unique_ptr<void, FreeMessage>;

/// liblo keeps its arguments on 4-byte boundaries, a lo_arg would need 8: so untyped, and copied out.
template <typename T> T load(const void* arg) {
    T value;
    std::memcpy(&value, arg, sizeof value);
    return value;
}

Argument load_time_tag(const void* arg) {
    const auto tag = load<lo_timetag>(arg);
    return TimeTag{static_cast<std::uint64_t>(tag.sec) << 32 | tag.frac};
}

Argument load_blob(void* arg) {
    const auto blob = static_cast<lo_blob>(arg);
    const auto* data = static_cast<const std::byte*>(lo_blob_dataptr(blob));
    return Bytes(data, data + lo_blob_datasize(blob));
}

Argument load_argument(char tag, void* arg) {
    switch (tag) {
    case 'i':
        return load<std::int32_t>(arg);
    case 'h':
        return load<std::int64_t>(arg);
    case 'f':
        return load<float>(arg);
    case 'd':
        return load<double>(arg);
    case 's':
        return std::string(static_cast<const char*>(arg));
    case 'S':
        return Symbol{static_cast<const char*>(arg)};
    case 'b':
        return load_blob(arg);
    case 't':
        return load_time_tag(arg);
    case 'c':
        return load<char>(arg);
    case 'r':
        return Rgba{load<std::uint32_t>(arg)};
    case 'm':
        return Midi{load<std::array<std::uint8_t, 4>>(arg)};
    case 'T':
    case 'F':
        return tag == 'T';
    case 'I':
        return Impulse{};
    default: // 'N': the validator admits no other tag
        return Nil{};
    }
}

/// liblo 0.31 knows neither arrays nor r. For it, brackets are left out and r becomes i, which has the same
/// bytes. `tags` gets the true tags without the brackets.
Bytes rewrite_for_liblo(ByteView message, std::size_t tags_at, std::string_view written, std::string& tags) {
    std::ranges::copy_if(written, std::back_inserter(tags), [](char c) { return c != '[' && c != ']'; });
    const ByteView data = message.subspan(tags_at + wire::padded(written.size() + 1));
    Bytes out(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(tags_at));
    for (const char c : tags) out.push_back(static_cast<std::byte>(c == 'r' ? 'i' : c));
    out.resize(tags_at + wire::padded(tags.size() + 1));
    out.insert(out.end(), data.begin(), data.end());
    return out;
}

bool needs_rewrite(std::string_view tags) {
    return tags.find_first_of("[]r") != std::string_view::npos;
}

/// `bytes` is a validated message.
tl::expected<Message, Refusal> decode_message(ByteView bytes) {
    const std::string_view all = wire::chars(bytes);
    Message message{std::string(all.data()), {}};
    const std::size_t tags_at = wire::padded(message.address.size() + 1);
    if (tags_at == bytes.size()) return message;

    std::string_view tags(all.data() + tags_at);
    std::string true_tags;
    Bytes rewritten;
    if (needs_rewrite(tags)) {
        rewritten = rewrite_for_liblo(bytes, tags_at, tags, true_tags);
        bytes = rewritten;
        tags = true_tags;
    }
    int status = 0;
    // liblo copies what it reads, its parameter only lacks the const.
    const LoMessage decoded{
        lo_message_deserialise(const_cast<std::byte*>(bytes.data()), bytes.size(), &status)};
    if (!decoded || static_cast<std::size_t>(lo_message_get_argc(decoded.get())) + 1 != tags.size()) {
        return tl::unexpected(Refusal::liblo_refused);
    }
    lo_arg** args = lo_message_get_argv(decoded.get());
    message.args.reserve(tags.size() - 1);
    for (std::size_t i = 1; i < tags.size(); ++i) message.args.push_back(load_argument(tags[i], args[i - 1]));
    return message;
}

/// Validated, so depth and sizes are safe.
std::optional<Refusal> decode_into(ByteView bytes, TimeTag tag, Packet& packet) {
    if (!wire::is_bundle(bytes)) {
        auto message = decode_message(bytes);
        if (!message) return message.error();
        packet.messages.push_back({tag, std::move(*message)});
        return std::nullopt;
    }
    packet.bundle = true;
    const TimeTag inner{wire::get_u64(bytes.subspan(8))};
    ByteView rest = bytes.subspan(wire::bundle_header);
    while (!rest.empty()) {
        const std::size_t size = wire::get_u32(rest);
        if (const auto bad = decode_into(rest.subspan(4, size), inner, packet)) return bad;
        rest = rest.subspan(4 + size);
    }
    return std::nullopt;
}

} // namespace

tl::expected<Packet, Refusal> decode(ByteView bytes) {
    if (const auto bad = validate(bytes)) return tl::unexpected(*bad);
    Packet packet;
    if (const auto bad = decode_into(bytes, immediately, packet)) return tl::unexpected(*bad);
    return packet;
}

std::vector<Batch> split(Packet&& packet) {
    std::vector<Batch> batches;
    for (TimedMessage& timed : packet.messages) {
        const TimeTag tag = timed.tag.immediate() ? immediately : timed.tag;
        auto batch = std::ranges::find(batches, tag, &Batch::tag);
        if (batch == batches.end()) batch = batches.insert(batches.end(), Batch{tag, {}});
        batch->messages.push_back(std::move(timed.message));
    }
    return batches;
}

} // namespace ton::control::osc
