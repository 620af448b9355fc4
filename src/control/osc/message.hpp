// SPDX-License-Identifier: GPL-3.0-or-later
// OSC messages and packets as plain values, decoded and encoded by liblo after our own validation. Any
// thread.
#pragma once

#include "control/osc/timetag.hpp"
#include "control/osc/validate.hpp"

#include <tl/expected.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ton::control::osc {

using Bytes = std::vector<std::byte>;

struct Nil { ///< N
    friend bool operator==(const Nil&, const Nil&) = default;
};
struct Impulse { ///< I ("bang", "infinitum")
    friend bool operator==(const Impulse&, const Impulse&) = default;
};
struct Symbol { ///< S
    std::string text;
    friend bool operator==(const Symbol&, const Symbol&) = default;
};
struct Rgba { ///< r, 0xRRGGBBAA
    std::uint32_t value = 0;
    friend bool operator==(const Rgba&, const Rgba&) = default;
};
struct Midi { ///< m: port id, status, data 1, data 2
    std::array<std::uint8_t, 4> bytes{};
    friend bool operator==(const Midi&, const Midi&) = default;
};

/// One argument: i h f d, T/F as bool, s S b t c r m N I. Array brackets are dropped: their elements follow
/// flat.
using AnyArgument = std::variant<std::int32_t, std::int64_t, float, double, bool, std::string, Symbol, Bytes,
                                 TimeTag, char, Rgba, Midi, Nil, Impulse>;

/// The same as a type of its own, so that what copies, compares and destroys fourteen types is compiled once and
/// not in every file that holds a message.
struct Argument : AnyArgument {
    using AnyArgument::AnyArgument;
    using AnyArgument::operator=;
    Argument() noexcept;
    Argument(const Argument& other);
    Argument(Argument&& other) noexcept;
    Argument& operator=(const Argument& other);
    Argument& operator=(Argument&& other) noexcept;
    ~Argument();
    friend bool operator==(const Argument& a, const Argument& b);
};
using Arguments = std::vector<Argument>;

struct Message {
    std::string address; ///< address or address pattern, begins with '/'
    Arguments args;
    friend bool operator==(const Message&, const Message&) = default;
};

struct TimedMessage {
    TimeTag tag; ///< of the innermost bundle around it; immediate outside any bundle
    Message message;
    friend bool operator==(const TimedMessage&, const TimedMessage&) = default;
};

/// What one datagram or frame held, in the order it was written, nested bundles flattened. It is one unit:
/// all messages with the same tag are to take effect together.
struct Packet {
    bool bundle = false; ///< false: exactly one bare message
    std::vector<TimedMessage> messages;
    friend bool operator==(const Packet&, const Packet&) = default;
};

/// Messages to be obeyed together, at one time.
struct Batch {
    TimeTag tag;
    std::vector<Message> messages;
    friend bool operator==(const Batch&, const Batch&) = default;
};

/// Cuts a packet into batches: one per distinct tag, in the order in which the tags first appear.
std::vector<Batch> split(Packet&& packet);

/// Validates (see validate.hpp), then decodes through liblo.
[[nodiscard]] tl::expected<Packet, Refusal> decode(ByteView packet);

/// Encode through liblo. The error says what of the message cannot be sent: a bad address, a NUL in a string,
/// text that is not UTF-8, more than max_packet_bytes. NaN and infinity are sent as they are.
[[nodiscard]] tl::expected<Bytes, Refusal> encode(const Message& message);
[[nodiscard]] tl::expected<Bytes, Refusal> encode_bundle(TimeTag tag, std::span<const Message> messages);

/// Builds a bundle from messages that are encoded already, up to a size. Not for nested bundles.
class BundleBuilder {
  public:
    /// limit_bytes: size that the bundle never exceeds, 20 .. max_packet_bytes.
    explicit BundleBuilder(std::size_t limit_bytes, TimeTag tag = immediately);
    /// False when it does not fit any more (the bundle is unchanged).
    [[nodiscard]] bool add(ByteView encoded_message);
    std::size_t count() const noexcept { return count_; }
    /// The packet so far: a lone message goes bare, without a bundle around it, since simple clients know no
    /// bundles.
    ByteView packet() const noexcept;
    void clear(); ///< empty again, capacity kept

  private:
    Bytes bytes_;
    std::size_t limit_;
    std::size_t count_ = 0;
};

/// The number in i h f d T F (true = 1) and in a numeric s or S ("-6.5", "1e3", surrounding spaces allowed).
/// nullopt for anything else and for NaN and infinity: a desk never obeys those.
std::optional<double> number(const Argument& argument);

/// number() >= 0.5, and the words true/false, on/off, yes/no.
std::optional<bool> truth(const Argument& argument);

/// The text of s or S.
std::optional<std::string_view> string(const Argument& argument);

/// The OSC type tag of the argument: 'i' 'h' 'f' 'd' 'T' 'F' 's' 'S' 'b' 't' 'c' 'r' 'm' 'N' 'I'.
char type_tag(const Argument& argument) noexcept;

/// For people: 440, -6.5, "text", true, nil, [4 bytes]. Numbers round-trip.
std::string to_text(const Argument& argument);
std::string to_text(const Message& message); ///< ADDRESS ARG ARG ...

/// Same value on the wire of a fader: numbers compare as floats whatever their types, the rest exactly.
bool same_value(std::span<const Argument> a, std::span<const Argument> b);

} // namespace ton::control::osc
