// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "control/editor.hpp"
#include "control/test_desk.hpp"

#include <map>
#include <string>
#include <vector>

/// A playing desk that is edited by messages, for tests.
namespace ton::test {

using namespace ton::control;
using S = std::string;

extern const std::string kText;

class Talk : public Answers {
  public:
    std::vector<std::string> replies, errors;
    void reply(const osc::Message& message) override;
    void error(std::string_view address, std::string_view reason) override;
};

/// A playing desk, its dispatcher and editor.
struct Studio {
    TestDesk desk;
    Dispatcher dispatcher{desk.console()};
    Editor editor{desk.console(), dispatcher};
    Talk talk;
    double seconds = 0;
    unsigned seed = 1;

    explicit Studio(const std::string& text = kText);
    std::map<std::string, Planes> play(int frames = 2048);
    /// A bundle (or one message), as a client sends it; then the desk plays until it is in effect.
    Studio& send(std::vector<osc::Message> messages);
    Studio& send(std::string address, osc::Arguments args = {});
    bool good();
    double get(const std::string& address);
    bool has(const std::string& address);
};

/// Every setting of a desk, for comparing.
std::map<std::string, Value> settings(const Console& console);

} // namespace ton::test
