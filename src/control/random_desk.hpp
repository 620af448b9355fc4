// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace ton::test {

/// The tones that the tracks' players loop: one file each, a second long, mono, from a whole number of periods.
struct Tones {
    Tones();
    ~Tones();
    Tones(const Tones&) = delete;
    Tones& operator=(const Tones&) = delete;
    static constexpr double kLevel = 0.05;   ///< amplitude
    static constexpr double kHighest = 60.0; ///< Hz
    std::filesystem::path folder;
    std::vector<std::string> files; ///< nine
};

/// A parameter to be moved by hand: an address and a value in its range.
struct Move {
    std::string address;
    double value = 0;
};

/// A nine-track desk for random edits. Six tracks, two groups, two effect returns and the mix are edited; three tracks ("t6" to
/// "t8") and what sums them ("clean") are not, though they run in the same lanes. "mon" hears the mix and what is soloed, untouched strips too. No module has a gain above 1.
class RandomDesk {
  public:
    RandomDesk(const Tones& tones, unsigned seed);

    std::string json() const;
    /// Changes the desk: strips and modules come, go, move, are routed elsewhere, or a written value changes.
    void edit();
    /// A parameter of an edited strip, or a solo; where `structural`, one that makes a new plan (if there is one; else the address is empty).
    Move move(bool structural);

    std::vector<std::string> strips() const;
    /// The sum of the amplitudes that reach a strip's output at most, each tone counted once per path.
    double reach(const std::string& strip) const;

    static const std::vector<std::string>& untouched();
    /// Every strip that may ever be there.
    static std::vector<std::string> all_strips();

  private:
    struct Module {
        std::string type, name, settings, to; ///< `to` of a send
    };
    struct Strip {
        std::string name, file; ///< file: of its player, or empty
        int channels;
        std::vector<Module> chain;
        std::vector<std::string> to;
        bool solo = false;
    };
    int pick(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }
    double between(double low, double high) { return low + (high - low) * pick(1000) / 999.0; }
    Strip& editable();
    bool has(const std::string& strip) const;
    Module make_module(const Strip& strip);
    std::string settings_of(const std::string& type);
    void add_strip();
    void remove_strip();
    void route(Strip& strip);
    void change_chain(Strip& strip);

    std::mt19937 random_;
    std::vector<std::string> files_;
    std::vector<Strip> strips_;
    int named_ = 0;
};

} // namespace ton::test
