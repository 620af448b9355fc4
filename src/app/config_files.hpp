// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "control/dispatch.hpp"
#include "control/editor.hpp"

#include <tl/expected.hpp>

#include <string>
#include <string_view>

namespace ton::app {

/// What a client may call a config: a file in the config's own folder, and no way out of it. The whole path, with
/// `.json` behind it, or what is wrong with the name.
tl::expected<std::string, std::string> config_beside(const std::string& config, std::string_view name);

/// /tonmeister/save [NAME]: the desk as it stands becomes a config, with the text's comments, order and layout kept where
/// nothing changed. A file that is replaced is kept beside it as NAME.bak. Without a name (only where `may_replace`) it is
/// the config itself. Returns the path; the error is for the client. Blocks on the disk.
tl::expected<std::string, std::string> save_config(control::Editor& editor, const std::string& config, const control::osc::Message& message, bool may_replace);

} // namespace ton::app
