// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/parameter.hpp"
#include "engine/travel.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace ton::control {

/// Where parameters are that were sent on a fade: the ways of engine::Ramps and of modules that move rows themselves once more, on the control side, which is told
/// nothing while a value travels. Values in kernel units, times in absolute samples. Control thread.
class Fades {
  public:
    /// A module instance's slot and a row of its table.
    struct Key {
        std::uint32_t slot;
        int row;
        bool operator==(const Key&) const = default;
    };

    /// The parameter sets out from `before` (where no fade is known of it) to `target` at sample `begin`, in `frames`. Where
    /// it only takes its own smoothing (`frames` <= 0) that ends what is known of it.
    void aim(Key key, const engine::Parameter& row, float before, float target, std::int64_t begin, std::int64_t frames, engine::Way way);
    /// Nothing where it stands still, or only takes its smoothing.
    std::optional<float> at(Key key, std::int64_t now) const;
    /// Takes out what has arrived.
    void settle(std::int64_t now);
    /// Takes out what is in none of these slots.
    void keep(const std::unordered_set<std::uint32_t>& slots);
    void clear() { moves_.clear(); }
    bool empty() const { return moves_.empty(); }

  private:
    struct Hash {
        std::size_t operator()(const Key& key) const { return std::hash<std::uint64_t>{}(std::uint64_t{key.slot} << 32 | static_cast<std::uint32_t>(key.row)); }
    };
    struct Move {
        std::int64_t begin, frames;
        engine::Travel<double> travel; ///< in log2 where logarithmic
        bool logarithmic;
        double part(std::int64_t now) const; ///< of the way, 0…1
        double value(std::int64_t now) const;
    };
    static const Move* under_way(const std::vector<Move>& moves, std::int64_t now);

    std::unordered_map<Key, std::vector<Move>, Hash> moves_; ///< by begin: what is under way, and what is to come
};

} // namespace ton::control
