// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "config/document.hpp"
#include "graph/desk.hpp"

#include <string>

namespace ton::control {

/// The config's text with the values as they stand written into it: only what differs from `loaded`, which is what the
/// text says, is touched. Of a linked pair the right side is written as it stands, too, whatever the text said of it. A module that a template brings and that was moved is written out in its strip's own chain.
/// What the strips' own meters were set to has no place in a config. `loaded` and `live` are the same strips and
/// chains. Control thread.
std::string with_values(const config::Document& document, const graph::Desk& loaded, const graph::Desk& live);

} // namespace ton::control
