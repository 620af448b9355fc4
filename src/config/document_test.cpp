// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/document.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <random>
#include <set>

using namespace ton::config;
using Json = nlohmann::ordered_json;

namespace {

Node node_of(std::string_view text) {
    Diagnostics errors("test");
    auto node = read_json(text, errors);
    REQUIRE(node);
    return *node;
}

Json json_of(std::string_view text) { return Json::parse(text, nullptr, true, true); }

constexpr std::string_view desk = R"({
  // The late show.
  "version": 1,
  "strips": {
    /* who speaks */
    "host": { "chain": [ "voice", { "fader": { "level": -3 } } ], "to": "mix" }, // the host

    // ---- music ----

    // from the deck
    "music": {
      "chain": [
        { "eq": {} }, // mild
        { "fader": {} }
      ],
      "to": [ "mix", "echo" ]
    },
    "mix": {}
  }
}
)";

/// What the edit made of `desk`, as the text in front of what is expected shows it.
std::string after(const std::function<void(Document&)>& edit) {
    Document document{std::string(desk)};
    edit(document);
    return document.text();
}

std::string replaced(std::string_view from, std::string_view to) {
    std::string text(desk);
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

} // namespace

TEST_CASE("a value is set in its place") {
    CHECK(after([](Document& d) { d.set({"strips", "host", "chain", std::size_t{1}, "fader", "level"}, node_of("-6.5")); }) ==
          replaced("\"level\": -3", "\"level\": -6.5"));
    CHECK(after([](Document& d) { d.set({"strips", "host", "to"}, node_of("[\"mix\",\"echo\"]")); }) ==
          replaced("\"to\": \"mix\" }", "\"to\": [\"mix\", \"echo\"] }"));
}

TEST_CASE("what is inserted stands as its neighbours do") {
    CHECK(after([](Document& d) { d.insert({"strips"}, "echo", node_of(R"({"channels":2,"to":"mix"})")); }) ==
          replaced("\"mix\": {}", "\"mix\": {},\n    \"echo\": { \"channels\": 2, \"to\": \"mix\" }"));
    CHECK(after([](Document& d) { d.insert({"strips", "host"}, "mute", node_of("true")); }) ==
          replaced("\"to\": \"mix\" }", "\"to\": \"mix\", \"mute\": true }"));
    CHECK(after([](Document& d) { d.insert({"strips", "host", "chain"}, 1, node_of(R"({"eq":{}})")); }) ==
          replaced("\"voice\", {", "\"voice\", { \"eq\": {} }, {"));
    CHECK(after([](Document& d) { d.insert({"strips", "music", "chain"}, 1, node_of(R"({"gate":{}})")); }) ==
          replaced("// mild\n", "// mild\n        { \"gate\": {} },\n"));
    CHECK(after([](Document& d) { d.insert({"strips", "music", "chain"}, 2, node_of(R"({"pan":{}})")); }) ==
          replaced("{ \"fader\": {} }\n", "{ \"fader\": {} },\n        { \"pan\": {} }\n"));
    CHECK(after([](Document& d) { d.insert({"strips", "mix"}, "channels", node_of("2")); }) == replaced("\"mix\": {}", "\"mix\": { \"channels\": 2 }"));
}

TEST_CASE("a long value is broken into lines as deep as its place") {
    const auto chain = R"({"chain":[{"equaliser_of_the_first_kind":{"low_frequency":80}},{"equaliser_of_the_second_kind":{"high_frequency":8000}}]})";
    CHECK(after([&](Document& d) { d.insert({"strips"}, "a", node_of(chain)); }) ==
          replaced("\"mix\": {}", R"("mix": {},
    "a": {
      "chain": [
        { "equaliser_of_the_first_kind": { "low_frequency": 80 } },
        { "equaliser_of_the_second_kind": { "high_frequency": 8000 } }
      ]
    })"));
}

TEST_CASE("what is removed takes its comments and its comma along, and leaves those of others") {
    CHECK(after([](Document& d) { d.remove({"strips", "host"}); }) ==
          replaced("    /* who speaks */\n    \"host\": { \"chain\": [ \"voice\", { \"fader\": { \"level\": -3 } } ], \"to\": \"mix\" }, // the host\n", ""));
    CHECK(after([](Document& d) { d.remove({"strips", "mix"}); }) == replaced(",\n    \"mix\": {}", ""));
    CHECK(after([](Document& d) { d.remove({"strips", "music", "chain", std::size_t{1}}); }) == replaced(", // mild\n        { \"fader\": {} }", " // mild"));
    CHECK(after([](Document& d) { d.remove({"strips", "music", "to", std::size_t{0}}); }) == replaced("\"mix\", \"echo\"", "\"echo\""));
    CHECK(after([](Document& d) { d.remove({"strips", "music", "to", std::size_t{1}}); }) == replaced("\"mix\", \"echo\"", "\"mix\""));
    const auto without_music = after([](Document& d) { d.remove({"strips", "music"}); });
    CHECK(without_music.find("// ---- music ----") != std::string::npos);
    CHECK(without_music.find("// from the deck") == std::string::npos);
}

TEST_CASE("what is moved takes its comments along") {
    CHECK(after([](Document& d) { d.move({"strips", "music", "chain"}, 0, 1); }) ==
          replaced("{ \"eq\": {} }, // mild\n        { \"fader\": {} }", "{ \"fader\": {} },\n        { \"eq\": {} } // mild"));
    CHECK(after([](Document& d) { d.move({"strips", "host", "chain"}, 1, 0); }) ==
          replaced("\"voice\", { \"fader\": { \"level\": -3 } }", "{ \"fader\": { \"level\": -3 } }, \"voice\""));
}

TEST_CASE("a key is renamed in its place") {
    CHECK(after([](Document& d) { d.rename({"strips", "host"}, "anna"); }) == replaced("\"host\"", "\"anna\""));
}

TEST_CASE("an empty config grows in lines") {
    Document d{std::string("{ \"version\": 1 }")};
    d.insert({}, "strips", node_of("{}"));
    CHECK(d.text() == "{ \"version\": 1, \"strips\": {} }");
    d.insert({"strips"}, "mix", node_of("{}"));
    d.insert({"strips"}, "echo", node_of("{}"));
    CHECK(d.text() == "{ \"version\": 1, \"strips\": {\n  \"mix\": {},\n  \"echo\": {}\n} }");
    d.insert({"strips", "mix"}, "to", node_of("\"x\""));
    CHECK(d.text() == "{ \"version\": 1, \"strips\": {\n  \"mix\": { \"to\": \"x\" },\n  \"echo\": {}\n} }");
}

TEST_CASE("what stands on one line stays there, however little it is indented") {
    Document d{std::string(R"({"version":1,"strips":{"a":{"chain":[{"fader":{}},{"pan":{}}]}}})")};
    d.insert({"strips", "a", "chain", std::size_t{0}, "fader"}, "level", node_of("-3"));
    CHECK(d.text() == R"({"version":1,"strips":{"a":{"chain":[{"fader":{ "level": -3 }},{"pan":{}}]}}})");
    d.insert({"strips", "a"}, "to", node_of("\"{[mix\""));
    d.insert({"strips", "a", "chain", std::size_t{1}, "pan"}, "position", node_of("0.5"));
    CHECK(d.text().find('\n') == std::string::npos);
}

TEST_CASE("line breaks are the text's own") {
    Document d{std::string("{\r\n\t\"a\": {},\r\n\t\"b\": [] // c\r\n}\r\n")};
    const auto splice = d.insert({}, "c", node_of("1"));
    CHECK(d.text() == "{\r\n\t\"a\": {},\r\n\t\"b\": [], // c\r\n\t\"c\": 1\r\n}\r\n");
    d.apply(splice.inverse());
    CHECK(d.text() == "{\r\n\t\"a\": {},\r\n\t\"b\": [] // c\r\n}\r\n");
}

TEST_CASE("keys are read decoded, and places that are not there are refused") {
    Document d{std::string(R"({ "a\u0062": { "\"": 1 } })")};
    CHECK(d.keys({}) == std::vector<std::string>{"ab"});
    CHECK(d.value({"ab", "\""}) == "1");
    CHECK_FALSE(d.has({"a"}));
    CHECK_THROWS_AS(d.set({"ab", "x"}, node_of("1")), std::out_of_range);
    CHECK_THROWS_AS(d.insert({}, "ab", node_of("1")), std::out_of_range);
    CHECK_THROWS_AS(d.remove({}), std::out_of_range);
    CHECK_THROWS_AS(d.apply({0, "[", "{"}), std::out_of_range);
}

// ------------------------------------------------------------------------------------- any text, any edit

namespace {

/// Texts in every layout that a hand may give them, with numbered comments wherever one may stand.
class Writer {
  public:
    explicit Writer(std::mt19937& random) : random_(random) {}

    std::string value(int depth) {
        const int kind = pick(depth > 3 ? 3 : 6);
        if (kind == 0) return std::to_string(pick(100) - 50);
        if (kind == 1) return R"("t // \" /* [{ ,")";
        if (kind == 2) return pick(2) == 0 ? "true" : "-1.5e-3";
        return container(depth, kind < 5);
    }
    std::string blank() {
        std::string text;
        while (pick(3) == 0) {
            const int kind = pick(9);
            if (kind < 4) text += " ";
            else if (kind < 6) text += line_break_;
            else if (kind == 6) text += "// c" + std::to_string(comments_++) + " \" ]," + line_break_;
            else if (kind == 7) text += "/* c" + std::to_string(comments_++) + " }" + (pick(3) == 0 ? line_break_ : "") + "*/";
            else text += line_break_ + "    ";
        }
        return text;
    }
    int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
    std::string key() { return "k" + std::to_string(pick(1000000)); }

  private:
    std::string container(int depth, bool object) {
        std::string text = (object ? "{" : "[") + blank();
        const int count = pick(5);
        for (int i = 0; i < count; ++i) {
            if (object) text += "\"" + key() + std::to_string(i) + "\"" + blank() + ":" + blank();
            text += value(depth + 1) + blank() + (i + 1 < count ? "," + blank() : "");
        }
        return text + (object ? "}" : "]");
    }
    std::mt19937& random_;
    int comments_ = 0;
    std::string line_break_ = pick(4) == 0 ? "\r\n" : "\n";
};

struct Place {
    Path path;
    Json* json;
};

void containers(Json& json, const Path& path, std::vector<Place>& out) {
    if (!json.is_structured()) return;
    out.push_back({path, &json});
    std::size_t i = 0;
    for (auto it = json.begin(); it != json.end(); ++it, ++i) {
        auto inner = path;
        if (json.is_object()) inner.emplace_back(it.key());
        else inner.emplace_back(i);
        containers(*it, inner, out);
    }
}

std::multiset<std::string> comments(const std::string& text) {
    std::multiset<std::string> all;
    for (std::size_t i = 0; (i = text.find("/", i)) != std::string::npos; ++i)
        if (text[i + 1] != '\0' && (text.compare(i, 4, "// c") == 0 || text.compare(i, 4, "/* c") == 0))
            all.insert(text.substr(i, text.find_first_of(" \n", i + 4) - i));
    return all;
}

/// One random edit of both; true where no comment may be lost.
bool edit_both(Writer& random, Document& document, Json& model, Splice& splice) {
    std::vector<Place> places;
    containers(model, {}, places);
    const auto& place = places[static_cast<std::size_t>(random.pick(static_cast<int>(places.size())))];
    auto& json = *place.json;
    const auto size = json.size();
    const auto at = size == 0 ? 0 : static_cast<std::size_t>(random.pick(static_cast<int>(size)));
    auto inner = place.path;
    if (size > 0 && json.is_object()) inner.emplace_back(std::next(json.begin(), static_cast<std::ptrdiff_t>(at)).key());
    else inner.emplace_back(at);
    const auto text = random.value(2);
    const int op = size == 0 ? 0 : random.pick(5);
    if (op < 2 && json.is_object()) {
        const auto key = "n" + random.key() + std::to_string(size);
        splice = document.insert(place.path, key, node_of(text));
        json[key] = json_of(text);
        return true;
    }
    if (op < 2) {
        splice = document.insert(place.path, at, node_of(text));
        json.insert(json.begin() + static_cast<std::ptrdiff_t>(at), json_of(text));
        return true;
    }
    if (op == 2) {
        splice = document.set(inner, node_of(text));
        json.is_object() ? json[std::get<std::string>(inner.back())] = json_of(text) : json[at] = json_of(text);
        return false;
    }
    if (op == 3) {
        splice = document.remove(inner);
        json.is_object() ? (void)json.erase(std::get<std::string>(inner.back())) : json.erase(at);
        return false;
    }
    if (json.is_object()) {
        const auto key = "r" + random.key() + std::to_string(size);
        splice = document.rename(inner, key);
        Json renamed = Json::object();
        for (auto it = json.begin(); it != json.end(); ++it) renamed[it.key() == std::get<std::string>(inner.back()) ? key : it.key()] = it.value();
        json = renamed;
        return true;
    }
    const auto to = static_cast<std::size_t>(random.pick(static_cast<int>(size)));
    splice = document.move(place.path, at, to);
    const Json moved = json[at];
    json.erase(at);
    json.insert(json.begin() + static_cast<std::ptrdiff_t>(to), moved);
    return true;
}

} // namespace

TEST_CASE("random edits of random texts give what the same edits of the values give, and go back byte for byte") {
    for (unsigned seed = 0; seed < 1500; ++seed) {
        std::mt19937 engine(seed);
        Writer random(engine);
        std::string text;
        do text = random.blank() + random.value(0) + random.blank();
        while (!json_of(text).is_structured());
        Document document(text);
        Json model = json_of(text);
        std::vector<Splice> splices;
        for (int i = 0; i < 12; ++i) {
            const std::string before = document.text();
            Splice splice;
            const bool keeps_comments = edit_both(random, document, model, splice);
            INFO("seed ", seed, " edit ", i, "\n", before, "\n-----\n", document.text());
            REQUIRE(json_of(document.text()) == model);
            node_of(document.text());
            if (keeps_comments) REQUIRE(comments(document.text()) == comments(before));
            splices.push_back(std::move(splice));
        }
        for (auto it = splices.rbegin(); it != splices.rend(); ++it) document.apply(it->inverse());
        REQUIRE(document.text() == text);
        for (const auto& splice : splices) document.apply(splice);
        REQUIRE(json_of(document.text()) == model);
    }
}
