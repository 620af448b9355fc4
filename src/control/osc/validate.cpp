// SPDX-License-Identifier: GPL-3.0-or-later
// Grammar: OSC 1.0 specification, "OSC Syntax".
#include "control/osc/validate.hpp"

#include "control/osc/timetag.hpp"
#include "control/osc/wire.hpp"

#include <algorithm>

namespace ton::control::osc {

namespace {

using Verdict = std::optional<Refusal>;
constexpr Verdict fine = std::nullopt;

struct Reason {
    std::string_view name;
    std::string_view text;
};

constexpr std::array<Reason, refusal_count> reasons{{
    {"empty", "packet is empty"},
    {"too_short", "packet is shorter than 4 bytes"},
    {"size_not_multiple_of_4", "packet size is not a multiple of 4"},
    {"too_large", "packet is larger than 65536 bytes"},
    {"not_osc", "packet starts neither with '/' nor with \"#bundle\""},
    {"address_unterminated", "address has no terminating NUL"},
    {"address_too_long", "address is longer than 1023 bytes"},
    {"address_character", "address has a character that is not printable ASCII, or a space or '#'"},
    {"padding_not_zero", "padding bytes are not zero"},
    {"type_tags_without_comma", "type tags do not begin with ','"},
    {"type_tags_unterminated", "type tags have no terminating NUL"},
    {"type_tag_unknown", "unknown type tag"},
    {"too_many_arguments", "more than 1024 arguments"},
    {"array_unbalanced", "'[' and ']' in the type tags do not pair up"},
    {"argument_truncated", "packet ends inside an argument"},
    {"string_unterminated", "string argument has no terminating NUL"},
    {"string_not_utf8", "string argument is not UTF-8"},
    {"char_not_ascii", "character argument is not ASCII"},
    {"blob_size", "blob size is negative or larger than what is left"},
    {"trailing_bytes", "bytes follow the last argument"},
    {"bundle_without_time_tag", "bundle ends before its time tag"},
    {"element_size_truncated", "bundle ends inside an element size"},
    {"element_size_zero", "bundle element of size 0"},
    {"element_size_negative", "bundle element of negative size"},
    {"element_size_not_multiple_of_4", "bundle element size is not a multiple of 4"},
    {"element_too_large", "bundle element is larger than what is left"},
    {"bundle_too_deep", "bundles are nested deeper than 8"},
    {"nested_tag_earlier", "nested bundle has an earlier time tag than its parent"},
    {"liblo_refused", "liblo could not decode the message"},
    {"embedded_nul", "text has a NUL inside"},
}};

/// Walks one message from front to back; every read is bounds-checked here and nowhere else.
class Cursor {
  public:
    explicit Cursor(ByteView bytes) : rest_(bytes) {}

    std::size_t left() const noexcept { return rest_.size(); }
    ByteView rest() const noexcept { return rest_; }

    /// Takes an OSC string; `unterminated` is the reason when no NUL is left.
    Verdict take_string(Refusal unterminated, std::string_view& out) noexcept {
        const std::string_view all = wire::chars(rest_);
        const std::size_t length = all.find('\0');
        if (length == std::string_view::npos) return unterminated;
        out = all.substr(0, length);
        return skip_padded(length, wire::padded(length + 1));
    }
    Verdict take_blob() noexcept {
        if (left() < 4) return Refusal::argument_truncated;
        const std::uint32_t size = wire::get_u32(rest_);
        rest_ = rest_.subspan(4);
        if (size > left() || wire::padded(size) > left()) return Refusal::blob_size;
        return skip_padded(size, wire::padded(size));
    }
    Verdict take_fixed(std::size_t bytes) noexcept {
        if (left() < bytes) return Refusal::argument_truncated;
        rest_ = rest_.subspan(bytes);
        return fine;
    }

  private:
    /// Skips `content` bytes and the zero padding up to `whole`.
    Verdict skip_padded(std::size_t content, std::size_t whole) noexcept {
        const std::size_t end = std::min(whole, left());
        const ByteView padding = rest_.subspan(content, end - content);
        if (std::ranges::any_of(padding, [](std::byte b) { return b != std::byte{0}; }))
            return Refusal::padding_not_zero;
        rest_ = rest_.subspan(end);
        return fine;
    }

    ByteView rest_;
};

Verdict check_address(std::string_view address) noexcept {
    if (address.size() > max_address_bytes) return Refusal::address_too_long;
    const bool printable =
        std::ranges::all_of(address, [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
    return printable ? fine : Verdict{Refusal::address_character};
}

Verdict check_text(Cursor& cursor) noexcept {
    std::string_view content;
    if (const Verdict bad = cursor.take_string(Refusal::string_unterminated, content)) return bad;
    return wire::is_utf8(content) ? fine : Verdict{Refusal::string_not_utf8};
}

Verdict check_char(Cursor& cursor) noexcept {
    if (cursor.left() < 4) return Refusal::argument_truncated;
    const std::uint32_t value = wire::get_u32(cursor.rest());
    if (value > 0x7f) return Refusal::char_not_ascii;
    return cursor.take_fixed(4);
}

Verdict check_argument(char tag, Cursor& cursor) noexcept {
    switch (tag) {
    case 'i':
    case 'f':
    case 'r':
    case 'm':
        return cursor.take_fixed(4);
    case 'h':
    case 'd':
    case 't':
        return cursor.take_fixed(8);
    case 'c':
        return check_char(cursor);
    case 's':
    case 'S':
        return check_text(cursor);
    case 'b':
        return cursor.take_blob();
    case 'T':
    case 'F':
    case 'N':
    case 'I':
        return fine;
    default:
        return Refusal::type_tag_unknown;
    }
}

Verdict check_arguments(std::string_view tags, Cursor& cursor) noexcept {
    if (tags.size() > max_arguments) return Refusal::too_many_arguments;
    int open = 0;
    for (const char tag : tags) {
        if (tag == '[') {
            ++open;
        } else if (tag == ']') {
            if (--open < 0) return Refusal::array_unbalanced;
        } else if (const Verdict bad = check_argument(tag, cursor)) {
            return bad;
        }
    }
    if (open != 0) return Refusal::array_unbalanced;
    return cursor.left() == 0 ? fine : Verdict{Refusal::trailing_bytes};
}

Verdict check_message(ByteView bytes) noexcept {
    Cursor cursor(bytes);
    std::string_view address;
    if (const Verdict bad = cursor.take_string(Refusal::address_unterminated, address)) return bad;
    if (const Verdict bad = check_address(address)) return bad;
    if (cursor.left() == 0) return fine; // old senders: no type tag string, no arguments
    if (cursor.rest().front() != std::byte{','}) return Refusal::type_tags_without_comma;
    std::string_view tags;
    if (const Verdict bad = cursor.take_string(Refusal::type_tags_unterminated, tags)) return bad;
    return check_arguments(tags.substr(1), cursor);
}

bool nested_too_early(TimeTag nested, TimeTag parent) noexcept {
    if (parent.immediate()) return false;
    return nested.immediate() || earlier(nested, parent);
}

Verdict check_element(ByteView bytes, int depth, TimeTag parent) noexcept;

/// `bytes` begins with "#bundle\0".
Verdict check_bundle(ByteView bytes, int depth, TimeTag parent) noexcept {
    if (depth > max_bundle_depth) return Refusal::bundle_too_deep;
    if (bytes.size() < wire::bundle_header) return Refusal::bundle_without_time_tag;
    const TimeTag tag{wire::get_u64(bytes.subspan(8))};
    if (nested_too_early(tag, parent)) return Refusal::nested_tag_earlier;
    ByteView rest = bytes.subspan(wire::bundle_header);
    while (!rest.empty()) {
        if (rest.size() < 4) return Refusal::element_size_truncated;
        const std::uint32_t size = wire::get_u32(rest);
        rest = rest.subspan(4);
        if (size == 0) return Refusal::element_size_zero;
        if (size > 0x7fff'ffffu) return Refusal::element_size_negative;
        if (size % 4 != 0) return Refusal::element_size_not_multiple_of_4;
        if (size > rest.size()) return Refusal::element_too_large;
        if (const Verdict bad = check_element(rest.first(size), depth + 1, tag)) return bad;
        rest = rest.subspan(size);
    }
    return fine;
}

Verdict check_element(ByteView bytes, int depth, TimeTag parent) noexcept {
    if (bytes.front() == std::byte{'/'}) return check_message(bytes);
    if (wire::is_bundle(bytes)) return check_bundle(bytes, depth, parent);
    return Refusal::not_osc;
}

} // namespace

std::string_view text(Refusal why) noexcept {
    const auto i = static_cast<std::size_t>(why);
    return i < refusal_count ? reasons[i].text : "unknown reason";
}

std::string_view name(Refusal why) noexcept {
    const auto i = static_cast<std::size_t>(why);
    return i < refusal_count ? reasons[i].name : "unknown";
}

std::optional<Refusal> validate(ByteView packet) noexcept {
    if (packet.empty()) return Refusal::empty;
    if (packet.size() < 4) return Refusal::too_short;
    if (packet.size() % 4 != 0) return Refusal::size_not_multiple_of_4;
    if (packet.size() > max_packet_bytes) return Refusal::too_large;
    return check_element(packet, 1, immediately);
}

} // namespace ton::control::osc
