// SPDX-License-Identifier: GPL-3.0-or-later
// What libjack calls. process() runs on its process thread, the rest on its notification thread (see the
// class).
#include "backend/jack_client.hpp"

#include <cstring>

namespace ton::backend {

bool JackClient::set_callbacks() {
    static constexpr auto self = [](void* arg) -> JackClient& { return *static_cast<JackClient*>(arg); };
    const auto thread_init = [](void* arg) {
        engine::prepare_audio_thread();
        self(arg).meter_.attach_this_thread();
    };
    const auto sample_rate = [](jack_nframes_t rate, void* arg) {
        const double before = self(arg).sample_rate_.exchange(rate);
        if (before != static_cast<double>(rate)) self(arg).rate_changed_ = true;
        return 0;
    };
    const auto buffer_size = [](jack_nframes_t frames, void* arg) {
        const int before = self(arg).block_.exchange(static_cast<int>(frames));
        if (before != static_cast<int>(frames)) self(arg).block_changed_ = true;
        return 0;
    };
    const auto port_registered = [](jack_port_id_t id, int registered, void* arg) {
        // A full ring loses "appeared anew" only: what is missing is still connected, by graph_changed_.
        if (registered != 0) self(arg).appeared_.push(id);
        self(arg).graph_changed_ = true;
    };
    // jack.h: this one is to be written like a signal handler.
    const auto shutdown = [](jack_status_t, const char* reason, void* arg) {
        auto& text = self(arg).lost_reason_;
        if (reason != nullptr) std::strncpy(text.data(), reason, text.size() - 1);
        self(arg).lost_.store(true, std::memory_order_release);
    };
    jack_client_t* const c = client_;
    bool good = api_.set_thread_init_callback(c, thread_init, this) == 0;
    good &= api_.set_process_callback(
                c, [](jack_nframes_t frames, void* arg) { return self(arg).process(frames); }, this) == 0;
    good &= api_.set_sample_rate_callback(c, sample_rate, this) == 0;
    good &= api_.set_buffer_size_callback(c, buffer_size, this) == 0;
    good &= api_.set_xrun_callback(
                c, [](void* arg) { return self(arg).meter_.count_xrun(), 0; }, this) == 0;
    good &= api_.set_freewheel_callback(
                c, [](int starting, void* arg) { self(arg).freewheel_ = starting != 0; }, this) == 0;
    const auto latency = [](jack_latency_callback_mode_t mode, void* arg) {
        auto& client = self(arg);
        if (!client.api_.pipewire) client.latency(mode);
        else (mode == JackCaptureLatency ? client.capture_due_ : client.playback_due_) = true;
    };
    good &= api_.set_latency_callback(c, latency, this) == 0;
    good &= api_.set_port_registration_callback(c, port_registered, this) == 0;
    good &= api_.set_graph_order_callback(
                c, [](void* arg) { return self(arg).graph_changed_ = true, 0; }, this) == 0;
    // Both: PipeWire 0.3.65 calls the plain one only, JACK2 the other where it is set.
    api_.on_shutdown(
        c, [](void* arg) { self(arg).lost_.store(true, std::memory_order_release); }, this);
    api_.on_info_shutdown(c, shutdown, this);
    return good;
}

int JackClient::process(jack_nframes_t nframes) TM_NONBLOCKING {
    const auto begin = monotonic_ns();
    const int frames = static_cast<int>(nframes);
    // Entered first and then looked at, both sequentially consistent: either this sees that it is abandoned, or who abandons it
    // sees that it has entered.
    Table* const table = table_.enter();
    if (table != nullptr && !abandoned_.load(std::memory_order_seq_cst)) {
        // port_get_buffer: allowed here by jack.h; it only looks up addresses (JACK2) or also mixes (both
        // real-time safe).
        TM_TRUST_BEGIN
        for (std::size_t i = 0; i < table->inputs.size(); ++i)
            table->input_buffers[i] =
                table->inputs[i] != nullptr
                    ? static_cast<const float*>(api_.port_get_buffer(table->inputs[i], nframes))
                    : nullptr;
        for (std::size_t i = 0; i < table->outputs.size(); ++i)
            table->output_buffers[i] =
                table->outputs[i] != nullptr
                    ? static_cast<float*>(api_.port_get_buffer(table->outputs[i], nframes))
                    : nullptr;
        TM_TRUST_END
        if (!table->silent)
            table->process(engine_, frames);
        else
            for (float* out : table->output_buffers)
                if (out != nullptr) std::memset(out, 0, nframes * sizeof(float));
    }
    table_.leave();
    if (!freewheel_.load(std::memory_order_relaxed)) {
        const double rate = sample_rate_.load(std::memory_order_relaxed);
        meter_.add(monotonic_ns() - begin, static_cast<std::int64_t>(1e9 * frames / rate));
    }
    return 0;
}

void JackClient::latency(jack_latency_callback_mode_t mode) {
    const auto get = [&](const std::vector<jack_port_t*>& ports, int slot) {
        jack_latency_range_t range{};
        if (slot >= 0 && static_cast<std::size_t>(slot) < ports.size() &&
            ports[static_cast<std::size_t>(slot)])
            api_.port_get_latency_range(ports[static_cast<std::size_t>(slot)], mode, &range);
        return LatencyRange{static_cast<int>(range.min), static_cast<int>(range.max)};
    };
    const auto set = [&](jack_port_t* port, LatencyRange range) {
        jack_latency_range_t jack{static_cast<jack_nframes_t>(range.minimum),
                                  static_cast<jack_nframes_t>(range.maximum)};
        api_.port_set_latency_range(port, mode, &jack);
    };
    latencies_.read([&](const Latencies& now) {
        const bool capture = mode == JackCaptureLatency;
        const auto& ports = capture ? now.outputs : now.inputs;
        for (std::size_t slot = 0; slot < ports.size(); ++slot) {
            if (ports[slot] == nullptr) continue;
            const int wanted = static_cast<int>(slot);
            set(ports[slot],
                capture ? now.paths.of_output(wanted, [&](int in) { return get(now.inputs, in); })
                        : now.paths.of_input(wanted, [&](int out) { return get(now.outputs, out); }));
        }
    });
}

} // namespace ton::backend
