// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "config/position.hpp"

#include <string>
#include <string_view>

namespace ton::config {

/// Thrown inside the reader only; read_json turns it into a diagnostic.
struct SyntaxError {
    Position at;
    std::string message;
};

/// Walks over valid UTF-8 and reads JSON's scalars, knowing at every moment the position of the next
/// character.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {}

    Position position() const { return position_; }
    bool at_end() const { return next_ == text_.size(); }

    /// The next character; NUL at the end (a NUL in the text is met as an unexpected character).
    char peek() const { return at_end() ? '\0' : text_[next_]; }

    void advance();

    /// Blanks, tabs, line breaks and comments: `// …` to the end of the line, `/* … */`. `#` is refused by name.
    void skip_blank();

    /// A string from its opening to its closing quote, escapes decoded to UTF-8.
    std::string string();

    /// A number, `true`, `false` and `null` all begin as one run of characters that no blank or bracket
    /// divides.
    std::string_view word() const;
    double number();
    void skip_word();

    /// What stands here, for a message: `the end of the file`, `the string "mix"`, `"}"`.
    std::string found() const;

    [[noreturn]] void fail(std::string message) const { throw SyntaxError{position_, std::move(message)}; }

  private:
    void skip_comment();
    void escape(std::string& out);
    unsigned code_unit();

    std::string_view text_;
    std::size_t next_ = 0; // byte offset
    Position position_{1, 1};
};

} // namespace ton::config
