// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "backend/backend.hpp"

#include <jack/jack.h>
#include <jack/metadata.h>
#include <jack/statistics.h>
#include <jack/uuid.h>

#include <string>
#include <tl/expected.hpp>

namespace ton::backend {

// libjack's functions in use, without `jack_`; each becomes a member of JackApi.
// clang-format off
#define TON_JACK_FUNCTIONS(X)                                                                               \
    X(get_version_string) X(client_open) X(client_close) X(get_client_name) X(client_name_size)             \
    X(port_name_size) X(activate) X(deactivate) X(get_sample_rate) X(get_buffer_size) X(set_buffer_size)    \
    X(set_freewheel) X(set_thread_init_callback) X(set_process_callback) X(set_buffer_size_callback)        \
    X(set_sample_rate_callback) X(set_xrun_callback) X(set_freewheel_callback) X(set_latency_callback)      \
    X(set_port_registration_callback) X(set_graph_order_callback) X(on_shutdown) X(on_info_shutdown)        \
    X(port_register) X(port_rename) X(port_unregister) X(port_get_buffer) X(port_by_id) X(port_by_name) X(port_name)       \
    X(port_get_aliases) X(port_uuid) X(port_connected) X(port_connected_to) X(port_get_all_connections) X(connect)            \
    X(disconnect) X(get_ports) X(port_get_latency_range) X(port_set_latency_range)                          \
    X(recompute_total_latencies) X(set_error_function) X(set_info_function) X(set_property)                 \
    X(remove_properties) X(get_property) X(free)
// clang-format on

/// libjack, loaded when it is first wanted: the same binary then runs with JACK2's library, with PipeWire's,
/// or, for `render` and the internal clock, on a machine that has neither. The choice needs no
/// LD_LIBRARY_PATH and no re-exec, and so also works where the loader ignores that variable (a binary with
/// file capabilities).
struct JackApi {
#define TON_JACK_MEMBER(name) decltype(&::jack_##name) name = nullptr;
    TON_JACK_FUNCTIONS(TON_JACK_MEMBER)
#undef TON_JACK_MEMBER
    std::string path;      ///< of the library that was loaded
    bool pipewire = false; ///< it is PipeWire's (also when the loader's own libjack is)
};

/// Any thread. Loads on the first call, then returns the same table; it is never unloaded. The error says
/// which file or function is missing. From then on libjack's messages go to spdlog.
const tl::expected<JackApi, std::string>& jack_api(JackLibrary library);

/// While one exists, libjack's error messages are logged at debug level only: for what may well fail. Any
/// thread.
class HushJack {
  public:
    HushJack();
    ~HushJack();
    HushJack(const HushJack&) = delete;
    HushJack& operator=(const HushJack&) = delete;
};

} // namespace ton::backend
