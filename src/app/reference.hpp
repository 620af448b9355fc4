// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

/// What derives from the parameter tables for people and editors. Any thread; nothing here waits.
namespace ton::app {

enum class Form { text, json, markdown };

/// `tonmeister modules [NAME]`: the parameter tables of every module, or of one. Returns the exit code: 2 for an
/// unknown name, with the nearest right one on stderr.
int print_modules(const std::string& name, Form form);

/// The JSON Schema (draft 2020-12) of a config of version 1. Each row of each table appears once, under
/// `$defs/module.NAME/properties`, and is referred to where it can be written in another way.
nlohmann::ordered_json config_schema();

/// `tonmeister schema`: config_schema() on stdout.
int print_schema();

} // namespace ton::app
