// SPDX-License-Identifier: GPL-3.0-or-later
#include "backend/backend.hpp"
#include "backend/jack_api.hpp"

#include <cstdlib>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace ton::backend {
namespace {

bool answers(JackLibrary library, const std::string& server) {
    const auto& api = jack_api(library);
    if (!api) return false;
    const int flags = JackNoStartServer | (server.empty() ? 0 : JackServerName);
    jack_status_t status{};
    const HushJack hush;
    jack_client_t* client = api->client_open("tonmeister-probe", static_cast<jack_options_t>(flags), &status,
                                             server.empty() ? nullptr : server.c_str());
    if (client != nullptr) api->client_close(client);
    return client != nullptr;
}

/// Does somebody listen on PipeWire's socket ($PIPEWIRE_RUNTIME_DIR or $XDG_RUNTIME_DIR, $PIPEWIRE_REMOTE or
/// pipewire-0)? It answers at once, and so spares the loading of PipeWire's library on a machine without.
bool pipewire_listens() {
    const auto variable = [](const char* name) {
        const char* value = std::getenv(name);
        return std::string(value != nullptr ? value : "");
    };
    std::string folder = variable("PIPEWIRE_RUNTIME_DIR");
    if (folder.empty()) folder = variable("XDG_RUNTIME_DIR");
    std::string remote = variable("PIPEWIRE_REMOTE");
    if (remote.empty()) remote = "pipewire-0";
    const std::string path = remote.front() == '/' ? remote : folder + "/" + remote;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return false;
    path.copy(address.sun_path, path.size());
    const int handle = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (handle < 0) return false;
    const bool listens = connect(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(handle);
    return listens;
}

} // namespace

Found find_server(const std::string& server) {
    const auto& own = jack_api(JackLibrary::system);
    if (own && answers(JackLibrary::system, server)) return own->pipewire ? Found::pipewire : Found::jack;
    if (pipewire_listens() && answers(JackLibrary::pipewire, {})) return Found::pipewire;
    return Found::none;
}

} // namespace ton::backend
