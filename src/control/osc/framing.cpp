// SPDX-License-Identifier: GPL-3.0-or-later
// Length prefix: OSC 1.0 "OSC Packets". SLIP: RFC 1055, with END on both sides (A. Freed, A. Schmeder,
// "Features and Future of Open Sound Control version 1.1", NIME 2009).
#include "control/osc/framing.hpp"

#include "control/osc/wire.hpp"

#include <algorithm>

namespace ton::control::osc {

namespace {
constexpr std::byte end{0xc0};
constexpr std::byte esc{0xdb};
constexpr std::byte esc_end{0xdc};
constexpr std::byte esc_esc{0xdd};
constexpr std::size_t prefix_bytes = 4;
} // namespace

std::string_view text(FramingError error) noexcept {
    switch (error) {
    case FramingError::none:
        return "no error";
    case FramingError::length_zero:
        return "length prefix is 0";
    case FramingError::length_negative:
        return "length prefix is negative (a SLIP client on a length-prefix port?)";
    case FramingError::length_too_large:
        return "length prefix is above 65536";
    case FramingError::slip_too_large:
        return "SLIP packet is longer than 65536 bytes";
    }
    return "unknown framing error";
}

FramingError FrameDecoder::feed(ByteView bytes, const OnPacket& on_packet) {
    if (error_ != FramingError::none) return error_;
    if (framing_ == Framing::slip) {
        feed_slip(bytes, on_packet);
    } else {
        feed_length(bytes, on_packet);
    }
    return error_;
}

bool FrameDecoder::partial() const noexcept {
    return !buffer_.empty() || want_ != 0 || escaped_ || skipping_;
}

void FrameDecoder::feed_length(ByteView bytes, const OnPacket& on_packet) {
    while (!bytes.empty()) {
        const std::size_t target = want_ == 0 ? prefix_bytes : want_;
        const std::size_t take = std::min(target - buffer_.size(), bytes.size());
        const bool whole = take == target; // nothing buffered and all here: no copy
        const ByteView piece = bytes.first(take);
        bytes = bytes.subspan(take);
        if (!whole) buffer_.insert(buffer_.end(), piece.begin(), piece.end());
        if (!whole && buffer_.size() < target) return;
        const ByteView item = whole ? piece : ByteView{buffer_};
        if (want_ == 0) {
            const std::uint32_t size = wire::get_u32(item);
            if (size == 0)
                error_ = FramingError::length_zero;
            else if (size > 0x7fff'ffffu)
                error_ = FramingError::length_negative;
            else if (size > max_packet_bytes)
                error_ = FramingError::length_too_large;
            if (error_ != FramingError::none) return;
            want_ = size;
        } else {
            want_ = 0;
            on_packet(item);
        }
        buffer_.clear();
    }
}

void FrameDecoder::slip_data(std::byte value) {
    if (skipping_) return;
    if (buffer_.size() == max_packet_bytes) {
        error_ = FramingError::slip_too_large;
        return;
    }
    buffer_.push_back(value);
}

void FrameDecoder::feed_slip(ByteView bytes, const OnPacket& on_packet) {
    for (const std::byte b : bytes) {
        if (error_ != FramingError::none) return;
        if (escaped_) {
            escaped_ = false;
            if (b == esc_end)
                slip_data(end);
            else if (b == esc_esc)
                slip_data(esc);
            else {
                if (!skipping_) ++bad_escapes_;
                skipping_ = true;
            }
            if (b != end) continue; // ESC END: the packet is bad, and it ends here
        }
        if (b == esc) {
            escaped_ = true;
        } else if (b == end) {
            if (!skipping_ && !buffer_.empty()) on_packet(buffer_);
            buffer_.clear();
            skipping_ = false;
        } else {
            slip_data(b);
        }
    }
}

void append_frame(Framing framing, ByteView packet, Bytes& out) {
    if (framing == Framing::length_prefix) {
        const std::size_t at = out.size();
        out.resize(at + prefix_bytes);
        wire::put_u32(out.data() + at, static_cast<std::uint32_t>(packet.size()));
        out.insert(out.end(), packet.begin(), packet.end());
        return;
    }
    out.push_back(end);
    for (const std::byte b : packet) {
        if (b == end || b == esc) {
            out.push_back(esc);
            out.push_back(b == end ? esc_end : esc_esc);
        } else {
            out.push_back(b);
        }
    }
    out.push_back(end);
}

} // namespace ton::control::osc
