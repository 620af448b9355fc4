// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/config_names.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <sys/stat.h>

using namespace ton::control;
namespace fs = std::filesystem;

namespace {

/// root/desk/{desk.json, shows/monday.json, .git/} and root/elsewhere/other.json
struct Folders {
    Folders() {
        std::string name = (fs::temp_directory_path() / "tonmeister-XXXXXX").string();
        if (!mkdtemp(name.data())) throw std::runtime_error("no folder");
        root = fs::canonical(name);
        desk = root / "desk";
        for (const auto* folder : {"desk/shows/may", "desk/.git", "elsewhere"}) fs::create_directories(root / folder);
        for (const auto* file : {"desk/desk.json", "desk/shows/monday.json", "elsewhere/other.json"}) std::ofstream(root / file) << "{}";
        home = (desk / "desk.json").string();
    }
    ~Folders() { fs::remove_all(root); }
    std::string named(const std::string& name) const {
        const auto path = named_config(home, name);
        return path ? *path : path.error();
    }
    std::string at(const std::string& below) const { return (desk / below).string(); }
    fs::path root, desk;
    std::string home;
};

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("a config is named by a path below the folder of the first one, in a folder that is there") {
    const Folders f;
    CHECK(f.named("monday") == f.at("monday.json"));
    CHECK(f.named("monday.json") == f.at("monday.json"));
    CHECK(f.named("act 1.2") == f.at("act 1.2.json"));
    CHECK(f.named("shows/monday") == f.at("shows/monday.json"));
    CHECK(f.named("shows/may/1st.json") == f.at("shows/may/1st.json"));
    CHECK(f.named(f.at("shows/monday.json")) == f.at("shows/monday.json")); // as /tonmeister/saved answers it
    CHECK(f.named("desk") == f.home);
    CHECK(f.named(std::string(196, 'x')) == f.at(std::string(196, 'x') + ".json"));
}

TEST_CASE("what leads out of that folder, or to no folder, is refused with what is wrong and what to do") {
    const Folders f;
    for (const auto* name : {"../out", "shows/../monday", "shows/../../elsewhere/other", ".."}) CHECK(says(f.named(name), "\"..\" leads out of its folder"));
    CHECK(says(f.named(f.at("shows/../desk.json")), "\"..\" leads out of its folder"));
    for (const auto& name : {std::string("/etc/passwd"), (f.root / "elsewhere/other.json").string(), (f.root / "nowhere/x").string(), (f.root / "deskzwei/x").string()})
        CHECK(says(f.named(name), "it leads elsewhere"));
    for (const auto* name : {".hidden", ".git/config", "shows/.x.json"}) CHECK(says(f.named(name), "with a dot in front"));
    for (const auto* name : {"", "shows/", "."}) CHECK(says(f.named(name), "can't be a config's name"));
    for (const auto& name : {std::string("a\0b", 3), std::string("a\nb"), std::string("a\x7f")}) CHECK(says(f.named(name), "no file name"));
    CHECK(says(f.named(std::string(201, 'x')), "too long"));
    CHECK(f.named("june/1st") == "\"june/1st\" can't be a config's name: there is no folder " + f.at("june") + "; make it first; expected a file below " + f.desk.string() +
                                     ", such as \"monday\", or \"shows/monday\" where there is a folder shows");
    CHECK(says(f.named("desk.json/x"), "there is no folder")); // a file
    fs::create_directory(f.desk / "taken.json");
    CHECK(says(f.named("taken"), "taken.json is no file"));
    REQUIRE(mkfifo(f.at("pipe.json").c_str(), 0600) == 0); // reading it would wait for ever
    CHECK(says(f.named("pipe"), "pipe.json is no file"));
}

TEST_CASE("links are followed, and do not lead out") {
    const Folders f;
    fs::create_directory_symlink(f.desk / "shows", f.desk / "tour");
    fs::create_directory_symlink(f.root / "elsewhere", f.desk / "out");
    fs::create_symlink(f.desk / "shows/monday.json", f.desk / "today.json");
    fs::create_symlink(f.root / "elsewhere/other.json", f.desk / "linked.json");
    fs::create_symlink("nowhere", f.desk / "dangling.json");
    fs::create_directory_symlink("loop", f.desk / "loop");
    CHECK(f.named("tour/monday") == f.at("tour/monday.json"));
    CHECK(f.named("today") == f.at("shows/monday.json")); // whose folder it is that counts for its files
    std::ofstream(f.desk / "notes.txt") << "{}";
    std::ofstream(f.desk / ".git/config.json") << "{}";
    fs::create_symlink("notes.txt", f.desk / "notes.json");
    fs::create_symlink(".git/config.json", f.desk / "config.json");
    CHECK(says(f.named("notes"), "a link to a file without .json")); // which no name could load
    CHECK(says(f.named("config"), "with a dot in front"));
    CHECK(says(f.named("out/other"), "it leads elsewhere"));
    CHECK(says(f.named("linked"), "a link that leads elsewhere"));
    CHECK(says(f.named("dangling"), "a link that leads elsewhere"));
    CHECK(says(f.named("loop/x"), "it leads elsewhere"));
    // The folder may be reached by a link itself, and the first config be one: whoever started the process chose it.
    fs::create_directory_symlink(f.desk, f.root / "link");
    CHECK(named_config((f.root / "link/desk.json").string(), "shows/monday").value() == (f.root / "link/shows/monday.json").string());
    CHECK(named_config(f.at("linked.json"), "linked").value() == f.at("linked.json"));
}

TEST_CASE("the first config is named by its own name, whatever that is, also while it is away") {
    const Folders f;
    fs::create_symlink("desk.json", f.desk / "same.json");
    CHECK(f.named("same") == f.home);
    for (const auto* name : {"desk.conf", "desk", ".desk.json", ".desk"})
        for (const bool there : {false, true}) {
            const auto home = f.at(std::string("shows/") + name);
            if (there) std::ofstream(home) << "{}";
            CHECK(named_config(home, name).value() == home);
            CHECK(named_config(home, home).value() == home);
            CHECK(named_config(home, "monday").value() == f.at("shows/monday.json"));
        }
}

TEST_CASE("a name is told from the root on, and can be given back") {
    const Folders f;
    CHECK(f.named("./shows/.//n2") == f.at("shows/n2.json"));
    const auto before = fs::current_path();
    fs::current_path(f.root / "elsewhere");
    CHECK(named_config("../desk/desk.json", "monday").value() == f.at("monday.json"));
    CHECK(named_config("../desk/desk.json", f.home).value() == f.home);
    CHECK(whole_name("../desk/./desk.json") == f.home);
    CHECK(whole_name("other.json") == (f.root / "elsewhere/other.json").string());
    fs::create_directory_symlink(f.desk / "shows", "link");
    CHECK(whole_name("link/x.json") == (f.root / "elsewhere/link/x.json").string());
    CHECK(whole_name("link/../desk.json") == f.home); // the folder above the link's target
    fs::current_path(before);
}

TEST_CASE("a config without a folder in its name is in the present one") {
    const Folders f;
    const auto before = fs::current_path();
    fs::current_path(f.desk);
    CHECK(named_config("desk.json", "monday").value() == f.at("monday.json"));
    CHECK(named_config("desk.json", "shows/monday").value() == f.at("shows/monday.json"));
    CHECK(!named_config("desk.json", "../monday"));
    fs::current_path(before);
}

TEST_CASE("in another folder a config looks for its files where they were, and says nothing else") {
    const Folders f;
    const auto shows = f.at("shows/monday.json"), may = f.at("shows/may/x.json");
    const auto moved = [&](const char* text, const std::string& from, const std::string& to) { return text_elsewhere(text, from, to).value(); };
    const auto* bare = "{\n  \"version\": 1, // ours\n  \"strips\": {}\n}\n";
    CHECK(moved(bare, f.home, f.at("other.json")) == bare);
    CHECK(moved(bare, f.home, shows) == "{\n  \"version\": 1, // ours\n  \"strips\": {},\n  \"control\": { \"media\": \"..\" }\n}\n");
    CHECK(moved(R"({ "control": { "reply": false } })", f.home, may) == R"({ "control": { "reply": false, "media": "../.." } })");
    CHECK(moved(R"({ "control": { "media": "takes" /* T */ } })", f.home, shows) == R"({ "control": { "media": "../takes" /* T */ } })");
    CHECK(moved(R"({ "control": { "media": ".." } })", shows, f.home) == R"({ "control": { "media": "." } })");
    CHECK(moved(R"({ "control": { "media": "/srv/takes" } })", f.home, shows) == R"({ "control": { "media": "/srv/takes" } })");
    CHECK(moved(R"({ "$schema": "a.json", "control": { "media": "/m" } })", f.home, shows) == R"({ "$schema": "../a.json", "control": { "media": "/m" } })");
    CHECK(moved(R"({ "$schema": "https://a/b", "control": { "media": "/m" } })", f.home, shows) == R"({ "$schema": "https://a/b", "control": { "media": "/m" } })");
    CHECK(moved(R"({ "control": { "media": "" } })", f.home, shows) == R"({ "control": { "media": ".." } })");
    CHECK(moved(R"({ "control": { "media": "takes/" } })", f.home, shows) == R"({ "control": { "media": "../takes" } })");
}

TEST_CASE("links that a config names stay, also where they lead nowhere; one in a folder's own name is followed") {
    const Folders f;
    fs::create_directory_symlink(f.root / "elsewhere", f.desk / "takes");
    fs::create_directory_symlink("loop", f.desk / "loop");
    fs::create_directory_symlink(f.desk / "shows/may", f.desk / "tour");
    for (const std::string name : {"takes", "loop"}) {
        const auto text = [&](const std::string& up) { return R"({ "$schema": ")" + up + name + R"(/s.json", "control": { "media": ")" + up + name + "\" } }"; };
        CHECK(text_elsewhere(text(""), f.home, f.at("shows/x.json")).value() == text("../"));
        CHECK(text_elsewhere(text(""), f.home, f.at("tour/x.json")).value() == text("../../"));
    }
    const auto lost = text_elsewhere("{}", f.at("loop/x.json"), f.at("shows/x.json"));
    REQUIRE(!lost);
    CHECK(lost.error() == f.at("loop") + " can't be seen from " + f.at("shows") + ", and a config there would not find its files; expected another folder");
}
