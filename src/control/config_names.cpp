// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/config_names.hpp"

#include "config/diagnostic.hpp"
#include "config/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace ton::control {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLongestName = 200, kLongestPath = 1000; // bytes: a file system takes 255 and more, with what is put behind it

/// With all links followed, also where the end of it isn't there; empty where that can't be found out.
fs::path followed(const fs::path& path) {
    std::error_code error;
    auto place = fs::weakly_canonical(fs::absolute(path.empty() ? "." : path, error), error);
    return error ? fs::path() : place;
}

bool is_within(const fs::path& path, const fs::path& folder) {
    return std::ranges::mismatch(folder, path).in1 == folder.end();
}

bool is_hidden(const fs::path& part) { return part.native().starts_with('.') && part != "."; }

/// What is wrong with the name as it is written, or empty.
std::string fault_of(const fs::path& given) {
    const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
    if (given.empty() || std::ranges::any_of(given.native(), is_control)) return "it is no file name"; // nor a line of the log
    if (given.native().size() > kLongestPath || given.filename().native().size() > kLongestName) return "it is too long";
    if (std::ranges::find(given, "..") != given.end()) return "\"..\" leads out of its folder";
    if (!given.has_filename() || given.filename() == ".") return "it is the name of a folder";
    return {};
}

/// What is wrong with where it leads, or empty. Links in its folder's name are followed.
std::string fault_of(const fs::path& path, const fs::path& root) {
    const auto folder = followed(path.parent_path());
    if (root.empty() || !is_within(folder, root)) return "it leads elsewhere";
    const auto below = folder.lexically_relative(root);
    if (is_hidden(path.filename()) || std::ranges::any_of(below, is_hidden)) return "it has a name with a dot in front";
    std::error_code error;
    if (!fs::is_directory(folder, error)) return fmt::format("there is no folder {}; make it first", folder.string());
    const auto file = fs::status(path, error);
    return !fs::exists(file) || fs::is_regular_file(file) ? std::string() : fmt::format("{} is no file", path.string());
}

std::string fault_of_target(const fs::path& target, const fs::path& root) {
    if (target.empty() || !is_within(target, root)) return "it is a link that leads elsewhere";
    if (target.extension() != ".json") return "it is a link to a file without .json";
    return fault_of(target, root);
}

fs::path parent_of(const std::string& file) { return fs::path(file).parent_path(); }

/// From the root on; links stay, but for those that a ".." stands behind.
fs::path whole(const fs::path& folder) {
    std::error_code error;
    const auto given = fs::absolute(folder.empty() ? "." : folder, error), normal = given.lexically_normal();
    if (fs::equivalent(normal, given, error)) return normal;
    const auto place = followed(given);
    return place.empty() ? normal : place;
}

/// What is named from one folder, named from another; empty where they can't be seen from each other.
std::string seen_from(const fs::path& now, const fs::path& old, const fs::path& file) {
    auto place = (followed(old) / file).lexically_normal();
    if (!place.has_filename()) place = place.parent_path(); // "takes/.." is a folder, and so is "takes/"
    return place.lexically_relative(followed(now)).generic_string();
}

std::string text_at(const config::Document& document, const config::Path& path) {
    config::Diagnostics errors("");
    const auto node = config::read_json(document.value(path), errors);
    const auto* text = node ? node->as<std::string>() : nullptr;
    return text ? *text : std::string();
}

} // namespace

std::string whole_name(const std::string& file) { return (whole(parent_of(file)) / fs::path(file).filename()).string(); }

tl::expected<std::string, std::string> named_config(const std::string& home, std::string_view name) {
    const auto folder = whole(parent_of(home)), root = followed(folder);
    const fs::path given(name);
    auto fault = fault_of(given);
    if (fault.empty()) {
        std::error_code error; // what isn't there is nobody's equal, and no link
        const auto is_home = [&](const fs::path& path) { return path == whole_name(home) || fs::equivalent(path, home, error); };
        auto path = (folder / given).lexically_normal();
        if (is_home(path)) return whole_name(home);
        if (path.extension() != ".json") path += ".json";
        if (is_home(path)) return whole_name(home);
        fault = fault_of(path, root);
        if (fault.empty() && fs::is_symlink(fs::symlink_status(path, error))) fault = fault_of_target(path = fs::canonical(path, error), root);
        if (fault.empty()) return path.string();
    }
    return tl::make_unexpected(fmt::format("{} can't be a config's name: {}; expected a file below {}, such as \"monday\", or \"shows/monday\" where there is a folder shows",
                                           config::quote(name), fault, root.string()));
}

tl::expected<std::string, std::string> text_elsewhere(std::string text, const std::string& from, const std::string& to) {
    const auto old = parent_of(from), now = parent_of(to);
    if (followed(old) == followed(now)) return text;
    if (seen_from(now, old, {}).empty())
        return tl::make_unexpected(fmt::format("{} can't be seen from {}, and a config there would not find its files; expected another folder", whole(old).string(), whole(now).string()));
    config::Document document(std::move(text));
    const config::Path control{"control"}, media{"control", "media"}, schema{"$schema"};
    const bool said = document.has(media);
    const auto folder = fs::path(said ? text_at(document, media) : std::string());
    if (!folder.is_absolute()) {
        const config::Node seen{.value = seen_from(now, old, folder)};
        if (said) document.set(media, seen);
        else if (document.has(control)) document.insert(control, "media", seen);
        else document.insert({}, "control", {.value = config::Node::Object{{.key = "media", .key_at = {}, .value = seen}}});
    }
    if (document.has(schema))
        if (const auto file = text_at(document, schema); file.find(':') == std::string::npos && !file.starts_with('/'))
            document.set(schema, {.value = seen_from(now, old, file)});
    return document.text();
}

} // namespace ton::control
