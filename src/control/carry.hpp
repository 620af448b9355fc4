// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "graph/desk.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ton::control {

/// Where a new desk's strips come from: a strip's name in the desk before, empty where it is new. A strip that is not
/// named here had the same name.
using Origins = std::map<std::string, std::string, std::less<>>;

/// The strip, or "groups/NAME", that an address (which begins with a slash) is of.
std::string_view strip_of(std::string_view address);

/// An address under its strip's new name; `names` leads from old to new names ("" where a strip goes).
std::string renamed_address(const std::string& address, const Origins& names);

/// Its strip goes, another having its name maybe; `names` as above.
bool is_gone(std::string_view address, const Origins& names);

/// The strip that became `name`; null if there is none.
const graph::Strip* strip_before(const graph::Desk& before, std::string_view name, const Origins& origins);

/// The same for the way back, from `next` to `before`.
Origins inverse(const Origins& origins, const graph::Desk& before, const graph::Desk& next);

/// What its author did not touch keeps the value it has now: settings of `next` that are as `loaded` had them become
/// those of `live`. `loaded` and `live` are the same strips and chains.
void carry_settings(graph::Desk& next, const graph::Desk& loaded, const graph::Desk& live, const Origins& origins = {});

/// They differ, if at all, in values that a running module takes as events: the plan of the one plays the other.
bool same_graph(const graph::Desk& one, const graph::Desk& other);

/// Names of the strips that are another's right side, see Strip::link.
std::set<std::string> right_sides(const graph::Desk& desk);

/// Strips that got another name: from, to ("" where a strip is gone), in order.
using Renames = std::vector<std::pair<std::string, std::string>>;

/// Strips that live on keep the key by which the running desk knows them; new ones get one that nobody has.
void carry_keys(graph::Desk& next, const graph::Desk& live, const Origins& origins = {});

} // namespace ton::control
