// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/scene_file.hpp"

#include <sys/stat.h>

#include <string_view>

namespace ton::control {

std::string scenes_path(const std::string& state_file) {
    constexpr std::string_view tail = ".state.json";
    const bool usual = state_file.ends_with(tail);
    return (usual ? state_file.substr(0, state_file.size() - tail.size()) : state_file) + ".scenes.json";
}

SceneFile::SceneFile(Scenes& scenes, std::string path) : scenes_(scenes), path_(path), writer_(std::move(path)) {}

SceneFile::Stamp SceneFile::stamp_of(const std::string& path) {
    struct stat s{};
    if (::stat(path.c_str(), &s) != 0) return {};
    return {s.st_mtim.tv_sec, s.st_mtim.tv_nsec, s.st_size, s.st_ino};
}

std::string SceneFile::refresh() {
    if (writer_.busy()) return {}; // our own is on its way: what is there is older than what is here
    const auto stamp = stamp_of(path_);
    if (stamp == seen_ || stamp == Stamp{}) return broken_;
    const auto text = read_whole(path_);
    if (!text) return text.error();
    seen_ = stamp;
    if (*text == text_) return broken_;
    auto book = read_scenes(*text, path_);
    text_ = *text;
    broken_ = book ? std::string{} : config::format(book.error());
    if (book) scenes_.book() = std::move(*book);
    return broken_;
}

void SceneFile::save() {
    text_ = scenes_text(scenes_.book());
    writer_.write(text_);
}

void SceneFile::poll() {
    if (writer_.due()) writer_.write(text_);
}

std::string SceneFile::finish() {
    if (!error().empty()) writer_.write(text_);
    return writer_.finish();
}

} // namespace ton::control
