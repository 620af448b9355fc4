// SPDX-License-Identifier: GPL-3.0-or-later
#include "backend/jack_api.hpp"

#include <atomic>
#include <dlfcn.h>
#include <fmt/format.h>
#include <glob.h>
#include <spdlog/spdlog.h>
#include <string_view>

namespace ton::backend {
namespace {

using Loaded = tl::expected<JackApi, std::string>;

std::atomic<int> hushes_{0};

// libjack 2 calls these from its own message thread, PipeWire's from whichever thread fails; spdlog takes
// any.
void on_jack_error(const char* text) {
    spdlog::log(hushes_ > 0 ? spdlog::level::debug : spdlog::level::warn, fmt::format("libjack: {}", text));
}
void on_jack_info(const char* text) {
    spdlog::debug(fmt::format("libjack: {}", text));
}

Loaded load(const std::string& file) {
    void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return tl::unexpected(fmt::format("can't load {}: {}", file, dlerror()));
    JackApi api;
#define TON_JACK_RESOLVE(name)                                                                               \
    api.name = reinterpret_cast<decltype(api.name)>(dlsym(handle, "jack_" #name));                           \
    if (api.name == nullptr) return tl::unexpected(fmt::format("{} has no jack_" #name, file));
    TON_JACK_FUNCTIONS(TON_JACK_RESOLVE)
#undef TON_JACK_RESOLVE
    Dl_info info{};
    if (dladdr(reinterpret_cast<void*>(api.client_open), &info) != 0 && info.dli_fname != nullptr)
        api.path = info.dli_fname;
    // PipeWire's library calls itself version 3; its path also tells.
    api.pipewire = std::string_view(api.get_version_string()).starts_with("3.") ||
                   api.path.find("pipewire") != std::string::npos;
    api.set_error_function(on_jack_error);
    api.set_info_function(on_jack_info);
    return api;
}

// Where pw-jack of the usual distributions points LD_LIBRARY_PATH: Debian's multiarch folders, Fedora's
// lib64, Arch's lib.
std::string find_pipewire_library() {
    for (const char* pattern :
         {"/usr/lib/*/pipewire-0.3/jack/libjack.so.0", "/usr/lib64/pipewire-0.3/jack/libjack.so.0",
          "/usr/lib/pipewire-0.3/jack/libjack.so.0"}) {
        glob_t found{};
        std::string path;
        if (glob(pattern, 0, nullptr, &found) == 0) path = found.gl_pathv[0];
        globfree(&found);
        if (!path.empty()) return path;
    }
    return {};
}

Loaded load_pipewire() {
    // First the loader's own: both have the same SONAME, and once PipeWire's is in, that name would find it
    // again.
    const auto& own = jack_api(JackLibrary::system);
    if (own && own->pipewire) return own;
    const auto path = find_pipewire_library();
    if (path.empty())
        return tl::unexpected<std::string>("PipeWire's libjack isn't installed (package pipewire-jack)");
    return load(path);
}

} // namespace

const tl::expected<JackApi, std::string>& jack_api(JackLibrary library) {
    if (library == JackLibrary::pipewire) {
        static const Loaded pipewire = load_pipewire();
        return pipewire;
    }
    static const Loaded system = load("libjack.so.0");
    return system;
}

HushJack::HushJack() {
    ++hushes_;
}
HushJack::~HushJack() {
    --hushes_;
}

} // namespace ton::backend
