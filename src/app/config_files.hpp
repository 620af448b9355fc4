// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "control/dispatch.hpp"
#include "control/editor.hpp"

#include <tl/expected.hpp>

#include <functional>
#include <string>

namespace ton::app {

/// /tonmeister/save [PATH]: the desk as it stands becomes a config, with the text's comments, order and layout kept where
/// nothing changed. PATH goes from the folder of `home`, the config that the process was started with (control::named_config);
/// a config that is replaced is kept beside it as FILE.bak, what can't be read as one is not replaced. Without a PATH it is
/// `config`, the loaded one, itself: `before_replacing` is then called with the text to come; a null one means never. Returns
/// the file's whole name; the error is for the client. Blocks on the disk.
tl::expected<std::string, std::string> save_config(control::Editor& editor, const std::string& home, const std::string& config, const control::osc::Message& message,
                                                   const std::function<void(const std::string& text)>& before_replacing);

} // namespace ton::app
