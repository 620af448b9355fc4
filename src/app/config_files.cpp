// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/config_files.hpp"

#include "control/state.hpp"

#include <filesystem>

namespace ton::app {

namespace fs = std::filesystem;

tl::expected<std::string, std::string> config_beside(const std::string& config, std::string_view name) {
    const bool plain = !name.empty() && name.size() <= 200 && name.find('/') == std::string_view::npos && !name.starts_with('.') &&
                       name.find('\0') == std::string_view::npos;
    if (!plain)
        return tl::make_unexpected(config::quote(name) + " can't be a config's name, expected a file name in the config's own folder, without slashes");
    auto path = fs::path(config).parent_path() / name;
    if (path.extension() != ".json") path += ".json";
    return path.string();
}

tl::expected<std::string, std::string> save_config(control::Editor& editor, const std::string& config, const control::osc::Message& message, bool may_replace) {
    auto path = config;
    if (!message.args.empty()) {
        const auto name = control::osc::string(message.args.front());
        if (!name) return tl::make_unexpected(std::string("expected a file name, or nothing for the loaded config"));
        const auto beside = config_beside(config, *name);
        if (!beside) return beside;
        path = *beside;
    }
    std::error_code ignored; // a file that isn't there is nobody's equal
    const bool itself = path == config || fs::equivalent(path, config, ignored);
    if (itself && !may_replace) return tl::make_unexpected(std::string("expected another name than that of the config itself"));
    const auto text = editor.text_to_save();
    const auto old = fs::exists(path) ? control::read_whole(path) : tl::expected<std::string, std::string>(std::string());
    if (!old) return tl::make_unexpected(old.error());
    if (itself && fs::exists(path) && *old != editor.file_text())
        return tl::make_unexpected(std::string("the file was changed by hand since it was read; take that over with /tonmeister/reload first, or save under another NAME"));
    if (fs::exists(path) && *old != text) {
        if (const auto kept = control::replace_file(path + ".bak", *old); !kept) return tl::make_unexpected(kept.error());
    }
    if (const auto saved = control::replace_file(path, text); !saved) return tl::make_unexpected(saved.error());
    if (itself) editor.saved(text);
    return path;
}

} // namespace ton::app
