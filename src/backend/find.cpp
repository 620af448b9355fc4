// SPDX-License-Identifier: GPL-3.0-or-later
#include "backend/backend.hpp"
#include "backend/jack_api.hpp"
#include "backend/pipewire_socket.hpp"

#include <string>

namespace ton::backend {
namespace {

bool answers(JackLibrary library, const std::string& server) {
    const auto& api = jack_api(library);
    if (!api || (api->pipewire && !pipewire_listens(server))) return false;
    const int flags = JackNoStartServer | (server.empty() ? 0 : JackServerName);
    jack_status_t status{};
    const HushJack hush;
    jack_client_t* client = api->client_open("tonmeister-probe", static_cast<jack_options_t>(flags), &status,
                                             server.empty() ? nullptr : server.c_str());
    if (client != nullptr) api->client_close(client);
    return client != nullptr;
}

} // namespace

Found find_server(const std::string& server) {
    const auto& own = jack_api(JackLibrary::system);
    if (own && answers(JackLibrary::system, server)) return own->pipewire ? Found::pipewire : Found::jack;
    if (pipewire_listens({}) && answers(JackLibrary::pipewire, {})) return Found::pipewire;
    return Found::none;
}

} // namespace ton::backend
