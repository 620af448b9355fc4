// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/json.hpp"

#include "config/scanner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

namespace ton::config {

namespace {

constexpr std::size_t longest_path = 120; // bytes

/// Recursive descent, one function a rule of RFC 8259. The depth limit bounds the recursion.
class Reader {
  public:
    Reader(std::string_view text, Diagnostics& errors, const TextKind& kind) : scan_(text), errors_(errors), kind_(kind) {}

    Node document();
    const std::string& path() const { return path_; }

  private:
    Node value(int depth);
    Node::List list(int depth);
    Node::Object object(int depth);
    Node word();
    std::string key();
    bool another(char close, Position opening);

    Scanner scan_;
    Diagnostics& errors_;
    const TextKind& kind_;
    std::string path_;
    std::size_t values_ = 0;
};

Node Reader::document() {
    scan_.skip_blank();
    if (scan_.at_end()) {
        throw SyntaxError{{1, 1}, fmt::format("{} is empty, expected {} such as {}", kind_.text, kind_.is, kind_.example)};
    }
    Node root = value(1);
    scan_.skip_blank();
    if (!scan_.at_end())
        scan_.fail(fmt::format("found {}, expected nothing after {} closing bracket", scan_.found(), kind_.of));
    return root;
}

Node Reader::value(int depth) {
    if (depth > deepest_nesting) {
        scan_.fail(fmt::format("nested too deeply, expected at most {} objects and lists within each other",
                               deepest_nesting));
    }
    if (++values_ > most_values) scan_.fail(fmt::format("too many values, expected at most {}", most_values));
    Node node;
    node.at = scan_.position();
    switch (scan_.peek()) {
    case '{':
        node.value = object(depth);
        return node;
    case '[':
        node.value = list(depth);
        return node;
    case '"':
        node.value = scan_.string();
        return node;
    default:
        return word();
    }
}

Node Reader::word() {
    const auto text = scan_.word();
    Node node{nullptr, scan_.position()};
    if (text == "true" || text == "false") {
        node.value = text == "true";
    } else if (!text.empty() &&
               std::string_view("0123456789+-.").find(text.front()) != std::string_view::npos) {
        node.value = scan_.number();
        return node;
    } else if (text != "null") {
        static constexpr std::array<std::string_view, 3> words{"true", "false", "null"};
        std::string message = "found " + scan_.found() + ", expected a value";
        if (scan_.peek() == '\'') message += " (a string stands in double quotes)";
        const auto near = nearest(text, words);
        if (near) message += "; did you mean " + std::string(*near) + "?";
        scan_.fail(std::move(message));
    }
    scan_.skip_word();
    return node;
}

/// After an item: true when a comma and another item follow, false when the list or object was closed.
bool Reader::another(char close, Position opening) {
    scan_.skip_blank();
    const char c = scan_.peek();
    if (c != ',' && c != close) {
        scan_.fail(fmt::format("found {}, expected \",\" or \"{}\" (the \"{}\" is on line {})", scan_.found(),
                               close, close == ']' ? '[' : '{', opening.line));
    }
    const Position comma = scan_.position();
    scan_.advance();
    if (c == close) return false;
    scan_.skip_blank();
    if (scan_.peek() == close) {
        throw SyntaxError{
            comma, fmt::format("found a comma before \"{}\", expected none after the last item", close)};
    }
    return true;
}

Node::List Reader::list(int depth) {
    const Position opening = scan_.position();
    Node::List items;
    scan_.advance();
    scan_.skip_blank();
    if (scan_.peek() == ']') {
        scan_.advance();
        return items;
    }
    const std::size_t outside = path_.size();
    do {
        path_ = child_path(path_, items.size());
        items.push_back(value(depth + 1));
        path_.resize(outside);
    } while (another(']', opening));
    return items;
}

std::string Reader::key() {
    if (scan_.peek() != '"') {
        std::string message = "found " + scan_.found() + ", expected a key in double quotes";
        scan_.fail(std::move(message));
    }
    return scan_.string();
}

Node::Object Reader::object(int depth) {
    const Position opening = scan_.position();
    Node::Object members;
    std::unordered_map<std::string, int> line_of;
    scan_.advance();
    scan_.skip_blank();
    if (scan_.peek() == '}') {
        scan_.advance();
        return members;
    }
    const std::size_t outside = path_.size();
    do {
        const Position at = scan_.position();
        std::string name = key();
        scan_.skip_blank();
        path_ = child_path(path_, name);
        if (scan_.peek() != ':')
            scan_.fail(fmt::format("found {}, expected \":\" after a key", scan_.found()));
        scan_.advance();
        scan_.skip_blank();
        Node content = value(depth + 1);
        path_.resize(outside);
        const auto [first, is_new] = line_of.try_emplace(name, at.line);
        if (is_new) {
            members.push_back({std::move(name), at, std::move(content)});
        } else {
            errors_.add(at, child_path(path_, name),
                        fmt::format("the key is here a second time (first on line {}), expected it once",
                                    first->second));
        }
    } while (another('}', opening));
    return members;
}

Position position_of(std::string_view text, std::size_t offset) {
    Scanner scan(text.substr(0, offset));
    while (!scan.at_end()) scan.advance();
    return scan.position();
}

/// What makes the text unreadable as a whole, before any grammar; empty when nothing does.
std::optional<SyntaxError> encoding_error(std::string_view text, const TextKind& kind) {
    if (text.size() > largest_text)
        return SyntaxError{{}, fmt::format("{} is larger than {} MiB, expected {}", kind.text, largest_text >> 20, kind.is)};
    if (text.substr(0, 3) == "\xEF\xBB\xBF")
        return SyntaxError{{1, 1}, fmt::format("{} begins with a byte order mark, expected UTF-8 without one", kind.text)};
    const bool utf16 = text.substr(0, 2) == "\xFF\xFE" || text.substr(0, 2) == "\xFE\xFF";
    if (utf16) return SyntaxError{{1, 1}, fmt::format("{} is UTF-16, expected UTF-8", kind.text)};
    const std::size_t bad = find_invalid_utf8(text);
    if (bad == std::string_view::npos) return std::nullopt;
    return SyntaxError{position_of(text, bad),
                       fmt::format("the byte 0x{:02X} is not UTF-8 here, expected UTF-8 text",
                                   static_cast<unsigned char>(text[bad]))};
}

} // namespace

std::optional<Node> read_json(std::string_view text, Diagnostics& errors, const TextKind& kind) {
    if (auto error = encoding_error(text, kind)) {
        errors.add(error->at, "", std::move(error->message));
        return std::nullopt;
    }
    Reader reader(text, errors, kind);
    try {
        return reader.document();
    } catch (SyntaxError& error) {
        // A path through endless brackets helps nobody.
        const bool readable = reader.path().size() <= longest_path;
        errors.add(error.at, readable ? reader.path() : "", std::move(error.message));
        return std::nullopt;
    }
}

const Node* Node::find(std::string_view key) const {
    const auto* members = as<Object>();
    if (!members) return nullptr;
    const auto at =
        std::find_if(members->begin(), members->end(), [&](const auto& m) { return m.key == key; });
    return at == members->end() ? nullptr : &at->value;
}

std::string describe(const Node& node) {
    if (const auto* text = node.as<std::string>()) return "the string " + quote(*text);
    if (const auto* number = node.as<double>()) return fmt::format("the number {}", *number);
    if (const auto* truth = node.as<bool>()) return *truth ? "true" : "false";
    if (node.as<Node::List>()) return "a list";
    return node.as<Node::Object>() ? "an object" : "null";
}

} // namespace ton::config
