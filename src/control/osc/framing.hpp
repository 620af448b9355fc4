// SPDX-License-Identifier: GPL-3.0-or-later
// Stream framing for OSC over TCP as pure state machines: OSC 1.0 int32 length prefix, and the double-END
// SLIP (RFC 1055 bytes) of OSC 1.1. Which of the two is said by the configured URL, never guessed. Any
// thread.
#pragma once

#include "control/osc/message.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace ton::control::osc {

enum class Framing : std::uint8_t { length_prefix, slip };

enum class FramingError : std::uint8_t {
    none,
    length_zero,      ///< prefix 0
    length_negative,  ///< prefix with the sign bit, also what SLIP bytes look like to a length reader
    length_too_large, ///< prefix above max_packet_bytes
    slip_too_large,   ///< more than max_packet_bytes without END
};

std::string_view text(FramingError error) noexcept;

/// Bytes in, packets out. Memory: at most max_packet_bytes. After an error the stream cannot be trusted any
/// more: the connection has to be closed, and feed() does nothing but repeat the error.
class FrameDecoder {
  public:
    using OnPacket = std::function<void(ByteView)>; ///< the view is valid only during the call

    explicit FrameDecoder(Framing framing) : framing_(framing) {}

    /// Calls on_packet for each packet completed by `bytes`, in order. Splits and joins of any kind are fine.
    /// on_packet must not destroy the decoder.
    [[nodiscard]] FramingError feed(ByteView bytes, const OnPacket& on_packet);

    /// True while a packet has begun and is not complete: the server times this out.
    bool partial() const noexcept;
    /// SLIP packets dropped for an ESC followed by neither ESC_END nor ESC_ESC (dropped up to the next END).
    std::uint64_t bad_escapes() const noexcept { return bad_escapes_; }

  private:
    void feed_length(ByteView bytes, const OnPacket& on_packet);
    void feed_slip(ByteView bytes, const OnPacket& on_packet);
    void slip_data(std::byte value);

    Framing framing_;
    FramingError error_ = FramingError::none;
    Bytes buffer_;
    std::size_t want_ = 0; ///< length prefix: body size, 0 while the prefix itself is read
    bool escaped_ = false;
    bool skipping_ = false;
    std::uint64_t bad_escapes_ = 0;
};

/// Appends `packet` with its frame to `out`. SLIP frames have an END on both sides.
void append_frame(Framing framing, ByteView packet, Bytes& out);

} // namespace ton::control::osc
