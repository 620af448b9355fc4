// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "graph/desk.hpp"

#include <string>

namespace ton::control {

/// What makes `after` of `before`, for people: "2 strips new, 1 gone, 1 changed, 3 parameters". A strip has changed where its
/// routes, ports, modules or the like have; a parameter where its value has, in modules that both have. Control thread.
std::string changes_between(const graph::Desk& before, const graph::Desk& after);

} // namespace ton::control
