// SPDX-License-Identifier: GPL-3.0-or-later
#include "lv2_host.hpp"

#include <lv2/buf-size/buf-size.h>
#include <lv2/parameters/parameters.h>
#include <xmmintrin.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace ton::peers {

namespace {

constexpr std::size_t kEventBytes = 65536;

struct FreeNode {
    void operator()(LilvNode* node) const { lilv_node_free(node); }
};
using Node = std::unique_ptr<LilvNode, FreeNode>;

} // namespace

Uris::Uris() {
    map_ = {this, [](LV2_URID_Map_Handle self, const char* uri) { return (*static_cast<Uris*>(self))(uri); }};
    unmap_ = {this, [](LV2_URID_Unmap_Handle self, LV2_URID id) -> const char* {
                  const auto& names = static_cast<Uris*>(self)->names_;
                  return id >= 1 && id <= names.size() ? names[id - 1].c_str() : nullptr;
              }};
    map_feature = {LV2_URID__map, &map_};
    unmap_feature = {LV2_URID__unmap, &unmap_};
}

LV2_URID Uris::operator()(const std::string& uri) {
    const auto [it, added] = ids_.try_emplace(uri, static_cast<LV2_URID>(names_.size() + 1));
    if (added) names_.push_back(uri);
    return it->second;
}

Lv2Host::Lv2Host(const std::string& uri, const std::map<std::string, float>& controls, const std::vector<KeyedEvent>& events)
    : world_(lilv_world_new(), lilv_world_free) {
    _mm_setcsr(_mm_getcsr() | 0x8040U); // FTZ and DAZ, as hosts set them on their audio thread
    find(uri);
    instantiate();
    connect(controls);
    lilv_instance_activate(instance_);
    write_events(events);
}

Lv2Host::~Lv2Host() {
    if (!instance_) return;
    lilv_instance_deactivate(instance_);
    lilv_instance_free(instance_);
}

void Lv2Host::find(const std::string& uri) {
    lilv_world_load_all(world_.get());
    const Node name(lilv_new_uri(world_.get(), uri.c_str()));
    plugin_ = lilv_plugins_get_by_uri(lilv_world_get_all_plugins(world_.get()), name.get());
    if (!plugin_) throw std::runtime_error("not installed: " + uri);
}

void Lv2Host::instantiate() {
    const std::int32_t block = kBlock, bytes = kEventBytes;
    const float rate = app::benching::kProgrammeRate;
    const auto option = [&](const char* key, const char* type, std::uint32_t size, const void* value) {
        return LV2_Options_Option{LV2_OPTIONS_INSTANCE, 0, uris_(key), size, uris_(type), value};
    };
    const std::array options{option(LV2_BUF_SIZE__minBlockLength, LV2_ATOM__Int, sizeof block, &block),
                             option(LV2_BUF_SIZE__maxBlockLength, LV2_ATOM__Int, sizeof block, &block),
                             option(LV2_BUF_SIZE__nominalBlockLength, LV2_ATOM__Int, sizeof block, &block),
                             option(LV2_BUF_SIZE__sequenceSize, LV2_ATOM__Int, sizeof bytes, &bytes),
                             option(LV2_PARAMETERS__sampleRate, LV2_ATOM__Float, sizeof rate, &rate),
                             LV2_Options_Option{}};
    const LV2_Feature with_options{LV2_OPTIONS__options, const_cast<LV2_Options_Option*>(options.data())};
    const LV2_Feature bounded{LV2_BUF_SIZE__boundedBlockLength, nullptr}, fixed{LV2_BUF_SIZE__fixedBlockLength, nullptr};
    const std::array<const LV2_Feature*, 6> features{&uris_.map_feature, &uris_.unmap_feature, &with_options, &bounded, &fixed, nullptr};
    instance_ = lilv_plugin_instantiate(plugin_, app::benching::kProgrammeRate, features.data());
    if (!instance_) throw std::runtime_error("the plugin can't be instantiated");
}

void Lv2Host::connect_audio(std::uint32_t port, bool input) {
    audio_.emplace_back(kBlock);
    (input ? inputs_ : outputs_).push_back(audio_.back().data());
    lilv_instance_connect_port(instance_, port, audio_.back().data());
}

void Lv2Host::connect(const std::map<std::string, float>& wanted) {
    const auto count = lilv_plugin_get_num_ports(plugin_);
    std::vector<float> minima(count), maxima(count);
    controls_.resize(count);
    lilv_plugin_get_port_ranges_float(plugin_, minima.data(), maxima.data(), controls_.data());
    const Node input(lilv_new_uri(world_.get(), LILV_URI_INPUT_PORT)), audio(lilv_new_uri(world_.get(), LILV_URI_AUDIO_PORT)),
        control(lilv_new_uri(world_.get(), LILV_URI_CONTROL_PORT)), event(lilv_new_uri(world_.get(), LILV_URI_ATOM_PORT));
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto* port = lilv_plugin_get_port_by_index(plugin_, i);
        const bool in = lilv_port_is_a(plugin_, port, input.get());
        ports_[lilv_node_as_string(lilv_port_get_symbol(plugin_, port))] = i;
        if (lilv_port_is_a(plugin_, port, audio.get())) {
            connect_audio(i, in);
        } else if (lilv_port_is_a(plugin_, port, event.get())) {
            events_.push_back({std::vector<std::uint64_t>(kEventBytes / 8), in});
            lilv_instance_connect_port(instance_, i, events_.back().sequence());
        } else if (lilv_port_is_a(plugin_, port, control.get())) {
            if (!std::isfinite(controls_[i])) controls_[i] = std::isfinite(minima[i]) ? minima[i] : 0.0F;
            lilv_instance_connect_port(instance_, i, &controls_[i]);
        } else {
            lilv_instance_connect_port(instance_, i, nullptr);
        }
    }
    for (const auto& [symbol, value] : wanted) {
        if (!ports_.contains(symbol)) throw std::runtime_error("no control " + symbol);
        controls_[ports_[symbol]] = value;
    }
    if (inputs_.size() < 2 || outputs_.size() < 2) throw std::runtime_error("not a stereo plugin");
}

/// Inputs hold no events; outputs say how much room they have. Before every block, as the atom port rules ask.
void Lv2Host::rewind_events() {
    for (auto& port : events_) {
        auto* sequence = port.sequence();
        const auto room = static_cast<std::uint32_t>(kEventBytes - sizeof(LV2_Atom));
        sequence->atom = port.input ? LV2_Atom{sizeof(LV2_Atom_Sequence_Body), sequence_id_}
                                    : LV2_Atom{room, chunk_id_};
        sequence->body = {};
    }
}

/// Delivers the settings with one block of silence.
void Lv2Host::write_events(const std::vector<KeyedEvent>& events) {
    struct Property {
        LV2_Atom_Property_Body head;
        std::uint64_t value;
    };
    struct Object {
        LV2_Atom_Event event;
        LV2_Atom_Object_Body body;
        Property key, value;
    };
    rewind_events();
    for (auto& port : events_) {
        if (!port.input) continue;
        auto* to = reinterpret_cast<std::byte*>(port.sequence() + 1);
        for (const auto& e : events) {
            Object o{};
            o.event.body = {sizeof o - sizeof o.event, uris_(LV2_ATOM__Object)};
            o.body = {0, uris_(e.type)};
            o.key.head = {uris_(e.key_property), 0, {sizeof e.key, uris_(LV2_ATOM__Int)}};
            o.value.head = {uris_(e.value_property), 0, {sizeof e.value, uris_(LV2_ATOM__Float)}};
            std::memcpy(&o.key.value, &e.key, sizeof e.key);
            std::memcpy(&o.value.value, &e.value, sizeof e.value);
            std::memcpy(to, &o, sizeof o);
            to += sizeof o;
            port.sequence()->atom.size += sizeof o;
        }
    }
    lilv_instance_run(instance_, kBlock);
}

double Lv2Host::run(const Programme& in, Programme* out) {
    if (out) *out = {std::vector<float>(in.left.size()), std::vector<float>(in.right.size())};
    int start = 0;
    for (; start + kBlock <= in.frames(); start += kBlock) {
        std::copy_n(in.left.data() + start, kBlock, inputs_[0]);
        std::copy_n(in.right.data() + start, kBlock, inputs_[1]);
        rewind_events();
        lilv_instance_run(instance_, kBlock);
        if (!out) continue;
        std::copy_n(outputs_[0], kBlock, out->left.data() + start);
        std::copy_n(outputs_[1], kBlock, out->right.data() + start);
    }
    return 2.0 * start;
}

int Lv2Host::latency() const {
    if (!lilv_plugin_has_latency(plugin_)) return 0;
    return static_cast<int>(controls_[lilv_plugin_get_latency_port_index(plugin_)]);
}

float Lv2Host::output(const std::string& symbol) const { return controls_[ports_.at(symbol)]; }

std::string Lv2Host::bundle() const {
    char* path = lilv_file_uri_parse(lilv_node_as_uri(lilv_plugin_get_bundle_uri(plugin_)), nullptr);
    std::string text = path ? path : "";
    lilv_free(path);
    return text;
}

} // namespace ton::peers
