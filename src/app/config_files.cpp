// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/config_files.hpp"

#include "config/config.hpp"
#include "control/config_names.hpp"
#include "control/state.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

namespace ton::app {

namespace fs = std::filesystem;

namespace {

/// Other programs' files are JSON with a version, too: it is read as `run` would.
bool is_config(const std::string& text) { return config::read_text(text, "").errors.empty(); }

/// FILE.bak. A link of that name is replaced, not followed: it may lead anywhere.
tl::expected<void, std::string> keep(const std::string& path, const std::string& text) {
    std::error_code ignored; // told by what comes then
    if (fs::is_symlink(fs::symlink_status(path, ignored))) fs::remove(path, ignored);
    return control::replace_file(path, text);
}

} // namespace

tl::expected<std::string, std::string> save_config(control::Editor& editor, const std::string& home, const std::string& config, const control::osc::Message& message,
                                                   const std::function<void(const std::string& text)>& before_replacing) {
    const auto loaded = control::whole_name(config);
    auto path = loaded;
    if (!message.args.empty()) {
        const auto name = control::osc::string(message.args.front());
        if (!name) return tl::make_unexpected(std::string("expected a PATH below the folder of the config, or nothing for the loaded config"));
        auto named = control::named_config(home, *name);
        if (!named) return named;
        path = std::move(*named);
    }
    std::error_code ignored; // a file that isn't there is nobody's equal
    const bool itself = path == loaded || fs::equivalent(path, loaded, ignored);
    if (itself && !before_replacing) return tl::make_unexpected(std::string("expected another name than that of the config itself"));
    const bool replaces = fs::exists(path, ignored);
    const auto old = replaces ? control::read_whole(path) : tl::expected<std::string, std::string>(std::string());
    if (!old) return tl::make_unexpected(old.error());
    if (!itself && replaces && !is_config(*old))
        return tl::make_unexpected(fmt::format("{} is there and can't be read as a config; expected another name", path));
    if (itself && replaces && *old != editor.file_text())
        return tl::make_unexpected(std::string("the file was changed by hand since it was read; take that over with /tonmeister/reload first, or save under another PATH"));
    const auto text = itself ? editor.text_to_save() : control::text_elsewhere(editor.text_to_save(), loaded, path);
    if (!text) return text;
    if (replaces && *old != *text) {
        if (const auto kept = keep(path + ".bak", *old); !kept) return tl::make_unexpected(kept.error());
    }
    if (itself) before_replacing(*text);
    if (const auto saved = control::replace_file(path, *text); !saved) return tl::make_unexpected(saved.error());
    if (itself) editor.saved(*text);
    return path;
}

} // namespace ton::app
