// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "graph/desk.hpp"

#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace ton::control {

/// A setting that was moved by hand and can't stay.
struct Unfit {
    std::string address;
    std::variant<double, std::string> value; ///< in the table's unit
    std::string why;

    std::string text() const; ///< for people
};

/// What is wrong with a desk, or empty.
using Complaint = std::function<std::string(const graph::Desk&)>;

/// A setting that was moved by hand may name a strip that a new config no longer has, or close a circle with its routes. As few such
/// settings of `live` as need to go back to what `loaded`, a desk of the same strips and chains, says. Where `loaded` itself is
/// wrong all do, and none is told: then it is not the settings that are to blame. Asks some 2 k log2 n times for k of n that go.
std::vector<Unfit> fit(const graph::Desk& loaded, graph::Desk& live, const Complaint& complaint);

} // namespace ton::control
