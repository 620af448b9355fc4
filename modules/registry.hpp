// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/module.hpp"

#include <span>
#include <string_view>

namespace ton::modules {

/// Every module type, in the order of modules/meson.build. Any thread.
std::span<const engine::ModuleType* const> all();
/// The type of that name, or null.
const engine::ModuleType* find(std::string_view name);

} // namespace ton::modules
