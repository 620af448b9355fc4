// SPDX-License-Identifier: GPL-3.0-or-later
#include "backend/pipewire_socket.hpp"

#include <cstdlib>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace ton::backend {
namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

} // namespace

bool pipewire_listens(const std::string& remote) {
    std::string folder = variable("PIPEWIRE_RUNTIME_DIR");
    if (folder.empty()) folder = variable("XDG_RUNTIME_DIR");
    std::string path = !remote.empty() ? remote : variable("PIPEWIRE_REMOTE");
    if (path.empty()) path = "pipewire-0";
    if (path.front() != '/') path.insert(0, folder + "/");
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

void find_runtime_folder(const std::string& users) {
    const auto folder = users + "/" + std::to_string(geteuid());
    struct stat found {};
    if (stat(folder.c_str(), &found) == 0 && S_ISDIR(found.st_mode) && found.st_uid == geteuid()) setenv("XDG_RUNTIME_DIR", folder.c_str(), 0);
}

} // namespace ton::backend
