#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schemagate {

/// Without its text; comments are none.
struct Token {
  std::size_t begin = 0;  ///< bytes
  std::size_t end = 0;
  bool keyword = false;
  bool reserved = false;  ///< a keyword that is not a name unless quoted

  friend bool operator==(const Token&, const Token&) = default;
};

/// PostgreSQL's lexer (libpg_query), a piece of the text at a time: it needs thirty times the memory of what it reads.
class Lexer {
 public:
  /// The text must outlive it. `piece`: bytes that are read at once, more where one literal is longer.
  explicit Lexer(std::string_view text, std::size_t piece = 256UL * 1024);

  /// Nothing at the end, or where the text cannot be read.
  [[nodiscard]] std::optional<Token> next();

  /// A newer server may read what this lexer cannot (numbers like 1_000).
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  void refill();
  [[nodiscard]] bool take(std::size_t end);
  [[nodiscard]] bool take_before(std::size_t bad);
  [[nodiscard]] bool keep(std::vector<Token> tokens);

  std::string_view text_;
  std::size_t piece_;
  std::size_t at_ = 0;         ///< where the next piece begins
  std::vector<Token> tokens_;  ///< of this piece
  std::size_t used_ = 0;
  bool failed_ = false;
};

/// Bytes before the first word: blanks, comments, empty statements. 0 when there is none.
[[nodiscard]] std::size_t blanks(std::string_view text);

/// Of ASCII letters, as PostgreSQL compares keywords.
[[nodiscard]] std::string capitals(std::string_view text);

}  // namespace schemagate
