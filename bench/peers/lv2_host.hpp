// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/bench/programme.hpp"

#include <lilv/lilv.h>
#include <lv2/atom/atom.h>
#include <lv2/options/options.h>
#include <lv2/urid/urid.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ton::peers {

using app::benching::Programme;

/// Numbers for URIs, as urid:map wants them.
class Uris {
  public:
    Uris();
    LV2_URID operator()(const std::string& uri);
    LV2_Feature map_feature{}, unmap_feature{};

  private:
    std::map<std::string, LV2_URID> ids_;
    std::deque<std::string> names_;
    LV2_URID_Map map_{};
    LV2_URID_Unmap unmap_{};
};

/// A number for a plugin that takes its settings as events: an object of type `type`, with an integer key and a float.
struct KeyedEvent {
    std::string type, key_property, value_property;
    std::int32_t key = 0;
    float value = 0;
};

/// The least host that an LV2 effect with two audio inputs and outputs needs: 64 frames a block, control inputs set once
/// and for all, event ports with nothing in them but what the first block brings. One thread; denormals are flushed.
class Lv2Host {
  public:
    static constexpr int kBlock = 64;

    /// Control inputs by symbol; the rest at the plugin's defaults. Throws std::runtime_error where the plugin is not
    /// installed, can't be instantiated, isn't stereo, or has no such control.
    Lv2Host(const std::string& uri, const std::map<std::string, float>& controls, const std::vector<KeyedEvent>& events);
    ~Lv2Host();
    Lv2Host(const Lv2Host&) = delete;
    Lv2Host& operator=(const Lv2Host&) = delete;

    /// The whole programme, whole blocks only. Returns samples times channels.
    double run(const Programme& in, Programme* out = nullptr);
    /// Frames, as the plugin reports them on its latency port, else 0. After a run.
    int latency() const;
    std::string bundle() const; ///< path of its bundle, for finding its package
    /// A control output by symbol. Throws std::out_of_range.
    float output(const std::string& symbol) const;

  private:
    void find(const std::string& uri);
    void instantiate();
    void connect(const std::map<std::string, float>& controls);
    void connect_audio(std::uint32_t port, bool input);
    void write_events(const std::vector<KeyedEvent>& events);
    void rewind_events();

    struct EventPort {
        std::vector<std::uint64_t> memory;
        bool input;
        LV2_Atom_Sequence* sequence() { return reinterpret_cast<LV2_Atom_Sequence*>(memory.data()); }
    };
    Uris uris_;
    LV2_URID sequence_id_ = uris_(LV2_ATOM__Sequence), chunk_id_ = uris_(LV2_ATOM__Chunk);
    std::unique_ptr<LilvWorld, void (*)(LilvWorld*)> world_;
    const LilvPlugin* plugin_ = nullptr;
    LilvInstance* instance_ = nullptr;
    std::vector<float> controls_;              // one per port
    std::map<std::string, std::size_t> ports_; // by symbol
    std::vector<std::vector<float>> audio_;
    std::vector<float*> inputs_, outputs_;
    std::deque<EventPort> events_;
};

} // namespace ton::peers
