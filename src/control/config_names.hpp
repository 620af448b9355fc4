// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <tl/expected.hpp>

#include <string>
#include <string_view>

/// What a client may call a config, and what a config must say elsewhere. Control thread; looks at the disk.
namespace ton::control {

/// A file's name from the root on, without `.` and `..` on the way.
std::string whole_name(const std::string& file);

/// The whole name of the file that `name` means: a path below the folder of `home`, the config that the process was started with, in a
/// folder that is there, `.json` behind it where it is missing. An absolute one must lead there, too; `..`, names with a
/// dot in front and links that lead out are refused, in a sentence for whoever sent it; `home` itself is named by any name it has. A link
/// that stays within means what it leads to.
tl::expected<std::string, std::string> named_config(const std::string& home, std::string_view name);

/// A config's text for another file than `from`: where that is in another folder, the files that it names are looked for
/// where they were (`control.media`, and `$schema` for editors; links in these stay). `text` must be a config without
/// errors. Fails, with a sentence, where a folder can't be seen from the other.
tl::expected<std::string, std::string> text_elsewhere(std::string text, const std::string& from, const std::string& to);

} // namespace ton::control
