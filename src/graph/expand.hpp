// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "graph/desk.hpp"

#include <optional>

namespace ton::graph {

/// The desk as it is laid out, where that differs from what its people see: a module that shares (automix) becomes two
/// halves in its chain, and each of its groups a strip behind all others, which sums what the first halves tell and is
/// heard by the second ones; and where a module hears what is soloed, each solo bus becomes a strip. Nullopt where there is
/// nothing of that. Control thread.
std::optional<Desk> expand(const Desk& desk);

/// The hidden strip of a group or of a solo bus, and the key under which a second half is known: neither is a name that a config can use.
std::string group_strip(const Module& module);
std::string solo_strip(int bus);
std::string second_half(const std::string& module);
/// A strip of a group: nobody's to name.
bool is_hidden(std::string_view strip);

} // namespace ton::graph
