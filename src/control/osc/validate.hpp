// SPDX-License-Identifier: GPL-3.0-or-later
// The strict validator that sees every packet before liblo does. liblo 0.31 recurses once per nested bundle
// and trusts some sizes, so nothing reaches it that this has not walked. Any thread; no allocation, no
// recursion deeper than max_bundle_depth, linear time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ton::control::osc {

using ByteView = std::span<const std::byte>;

inline constexpr std::size_t max_packet_bytes = 65'536;   ///< framing cap; UDP itself ends at 65,507
inline constexpr std::size_t max_datagram_bytes = 65'507; ///< largest IPv4 UDP payload
inline constexpr std::size_t max_address_bytes = 1'023;   ///< without the NUL
inline constexpr std::size_t max_arguments = 1'024;       ///< type tags of one message
inline constexpr int max_bundle_depth = 8;                ///< the outermost bundle is depth 1

/// Why a packet is refused, before anything of it is obeyed. Used to index counters.
enum class Refusal : std::uint8_t {
    empty,                   ///< no bytes at all
    too_short,               ///< 1 to 3 bytes
    size_not_multiple_of_4,  ///< a packet is a multiple of 4 bytes
    too_large,               ///< more than max_packet_bytes
    not_osc,                 ///< starts neither with '/' nor with "#bundle\0"
    address_unterminated,    ///< no NUL before the end
    address_too_long,        ///< more than max_address_bytes
    address_character,       ///< not printable ASCII, or one of space and '#'
    padding_not_zero,        ///< bytes after a string's NUL or a blob's end
    type_tags_without_comma, ///< bytes follow the address, but no ','
    type_tags_unterminated,  ///< no NUL before the end
    type_tag_unknown,        ///< a tag outside  i f s b h t d S c r m T F N I [ ]
    too_many_arguments,      ///< more than max_arguments
    array_unbalanced,        ///< '[' and ']' do not pair up
    argument_truncated,      ///< a number reaches past the end
    string_unterminated,     ///< s or S without NUL before the end
    string_not_utf8,         ///< s or S that is not UTF-8 (ASCII is)
    char_not_ascii,          ///< c above 0x7f
    blob_size,               ///< negative, or size plus padding reaches past the end
    trailing_bytes,          ///< bytes after the last argument
    bundle_without_time_tag, ///< "#bundle\0" and fewer than 8 bytes
    element_size_truncated,  ///< fewer than 4 bytes where an element size belongs
    element_size_zero,
    element_size_negative,
    element_size_not_multiple_of_4,
    element_too_large,  ///< reaches past the enclosing bundle or packet
    bundle_too_deep,    ///< nested deeper than max_bundle_depth
    nested_tag_earlier, ///< a nested bundle's time tag is before its parent's
    liblo_refused,      ///< passed here, but liblo did not decode it
    embedded_nul,       ///< sending only: a string with a NUL inside
    count_              ///< number of reasons; not a reason
};

inline constexpr std::size_t refusal_count = static_cast<std::size_t>(Refusal::count_);

/// Text for people, e.g. "blob size is negative or larger than what is left". Never empty.
std::string_view text(Refusal why) noexcept;

/// Stable snake_case id for metrics labels and tests, e.g. "blob_size".
std::string_view name(Refusal why) noexcept;

/// Checks one whole packet (message or bundle, nested bundles included). nullopt means well formed.
/// A message that ends after its address, with no type tag string (old senders), is well formed: no
/// arguments.
[[nodiscard]] std::optional<Refusal> validate(ByteView packet) noexcept;

} // namespace ton::control::osc
