// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/message.hpp"
#include "control/osc/wire.hpp"

#include <lo/lo.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <memory>

namespace ton::control::osc {

namespace {

struct FreeMessage {
    void operator()(void* message) const { lo_message_free(static_cast<lo_message>(message)); }
};
struct FreeBlob {
    void operator()(void* blob) const { lo_blob_free(static_cast<lo_blob>(blob)); }
};
struct FreeMemory {
    void operator()(void* memory) const { std::free(memory); }
};

bool has_nul(std::string_view text) {
    return text.find('\0') != std::string_view::npos;
}

template <typename... F> struct Overloaded : F... { using F::operator()...; };
template <typename... F> Overloaded(F...) -> Overloaded<F...>;

int add_blob(lo_message to, const Bytes& bytes) {
    if (bytes.empty()) { // lo_blob_new makes none; a blob is its size and its bytes
        std::uint32_t size = 0;
        return lo_message_add_blob(to, reinterpret_cast<lo_blob>(&size));
    }
    const std::unique_ptr<void, FreeBlob> blob{
        lo_blob_new(static_cast<std::int32_t>(bytes.size()), bytes.data())};
    return blob ? lo_message_add_blob(to, static_cast<lo_blob>(blob.get())) : -1;
}

/// 0 when liblo took it. r goes as i, see restore_rgba.
int add(lo_message to, const Argument& argument) {
    const Overloaded add_value{
        [to](std::int32_t v) { return lo_message_add_int32(to, v); },
        [to](std::int64_t v) { return lo_message_add_int64(to, v); },
        [to](float v) { return lo_message_add_float(to, v); },
        [to](double v) { return lo_message_add_double(to, v); },
        [to](bool v) { return v ? lo_message_add_true(to) : lo_message_add_false(to); },
        [to](const std::string& v) { return lo_message_add_string(to, v.c_str()); },
        [to](const Symbol& v) { return lo_message_add_symbol(to, v.text.c_str()); },
        [to](const Bytes& v) { return add_blob(to, v); },
        [to](TimeTag v) {
            return lo_message_add_timetag(
                to, lo_timetag{static_cast<std::uint32_t>(v.ntp >> 32), static_cast<std::uint32_t>(v.ntp)});
        },
        [to](char v) { return lo_message_add_char(to, v); },
        [to](Rgba v) { return lo_message_add_int32(to, static_cast<std::int32_t>(v.value)); },
        [to](Midi v) { return lo_message_add_midi(to, v.bytes.data()); },
        [to](Nil) { return lo_message_add_nil(to); },
        [to](Impulse) { return lo_message_add_infinitum(to); },
    };
    return std::visit(add_value, argument);
}

std::optional<Refusal> unsendable(const Message& message) {
    if (message.args.size() >= max_arguments) return Refusal::too_many_arguments;
    if (has_nul(message.address)) return Refusal::embedded_nul;
    std::size_t size = message.address.size();
    for (const Argument& argument : message.args) {
        const auto text = string(argument);
        if (text && has_nul(*text)) return Refusal::embedded_nul;
        if (text) size += text->size();
        if (const auto* blob = std::get_if<Bytes>(&argument)) size += blob->size();
    }
    return size > max_packet_bytes ? std::optional{Refusal::too_large} : std::nullopt;
}

void restore_rgba(const Message& message, Bytes& bytes) {
    const std::size_t tags_at = wire::padded(message.address.size() + 1) + 1;
    for (std::size_t i = 0; i < message.args.size(); ++i) {
        if (std::holds_alternative<Rgba>(message.args[i])) bytes[tags_at + i] = std::byte{'r'};
    }
}

} // namespace

tl::expected<Bytes, Refusal> encode(const Message& message) {
    if (const auto bad = unsendable(message)) return tl::unexpected(*bad);
    const std::unique_ptr<void, FreeMessage> lo{lo_message_new()};
    if (!lo) return tl::unexpected(Refusal::liblo_refused);
    for (const Argument& argument : message.args) {
        if (add(static_cast<lo_message>(lo.get()), argument) != 0)
            return tl::unexpected(Refusal::liblo_refused);
    }
    std::size_t size = 0;
    const std::unique_ptr<void, FreeMemory> memory{
        lo_message_serialise(static_cast<lo_message>(lo.get()), message.address.c_str(), nullptr, &size)};
    if (!memory) return tl::unexpected(Refusal::liblo_refused);
    const auto* data = static_cast<const std::byte*>(memory.get());
    Bytes bytes(data, data + size);
    restore_rgba(message, bytes);
    // What our own server would refuse is not sent either.
    if (bytes.front() == std::byte{'#'}) return tl::unexpected(Refusal::not_osc);
    if (const auto bad = validate(bytes)) return tl::unexpected(*bad);
    return bytes;
}

tl::expected<Bytes, Refusal> encode_bundle(TimeTag tag, std::span<const Message> messages) {
    Bytes bytes;
    const BundleBuilder header(max_packet_bytes, tag);
    const ByteView empty = header.packet();
    bytes.assign(empty.begin(), empty.end());
    for (const Message& message : messages) {
        const auto encoded = encode(message);
        if (!encoded) return tl::unexpected(encoded.error());
        if (bytes.size() + 4 + encoded->size() > max_packet_bytes) return tl::unexpected(Refusal::too_large);
        const std::size_t at = bytes.size();
        bytes.resize(at + 4);
        wire::put_u32(bytes.data() + at, static_cast<std::uint32_t>(encoded->size()));
        bytes.insert(bytes.end(), encoded->begin(), encoded->end());
    }
    return bytes;
}

BundleBuilder::BundleBuilder(std::size_t limit_bytes, TimeTag tag)
    : limit_(std::clamp<std::size_t>(limit_bytes, wire::bundle_header + 4, max_packet_bytes)) {
    static constexpr std::string_view head{"#bundle\0", 8};
    bytes_.resize(wire::bundle_header);
    std::memcpy(bytes_.data(), head.data(), head.size());
    wire::put_u32(bytes_.data() + 8, static_cast<std::uint32_t>(tag.ntp >> 32));
    wire::put_u32(bytes_.data() + 12, static_cast<std::uint32_t>(tag.ntp));
}

bool BundleBuilder::add(ByteView encoded_message) {
    const std::size_t at = bytes_.size();
    // A lone message goes bare, so it may use what the bundle's header and size would take.
    const std::size_t overhead = count_ == 0 ? 0 : at + 4;
    if (overhead + encoded_message.size() > limit_) return false;
    bytes_.resize(at + 4);
    wire::put_u32(bytes_.data() + at, static_cast<std::uint32_t>(encoded_message.size()));
    bytes_.insert(bytes_.end(), encoded_message.begin(), encoded_message.end());
    ++count_;
    return true;
}

ByteView BundleBuilder::packet() const noexcept {
    const ByteView whole{bytes_};
    return count_ == 1 ? whole.subspan(wire::bundle_header + 4) : whole;
}

void BundleBuilder::clear() {
    bytes_.resize(wire::bundle_header);
    count_ = 0;
}

} // namespace ton::control::osc
