// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace ton::backend {

/// Control thread. Does somebody listen on PipeWire's socket? `remote` is its name or absolute path; empty:
/// $PIPEWIRE_REMOTE, else pipewire-0; names are looked up in $PIPEWIRE_RUNTIME_DIR, else $XDG_RUNTIME_DIR.
///
/// To be asked before PipeWire's library is: it answers at once, spares loading the library on a machine
/// without PipeWire, and a jack_client_open of PipeWire 0.3.65 that finds no server leaks 0.9 KiB each time.
bool pipewire_listens(const std::string& remote);

/// Main thread, before others exist. Where $XDG_RUNTIME_DIR is not set (as in a system service) and this user has a folder
/// below `users`, it becomes that: PipeWire's library looks nowhere else.
void find_runtime_folder(const std::string& users = "/run/user");

} // namespace ton::backend
