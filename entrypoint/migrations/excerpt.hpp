#pragma once

#include <string>
#include <string_view>

#include "migrations/migration.hpp"

namespace schemagate {

/// A place in a script, for people.
struct Excerpt {
  std::size_t line = 1;    ///< from 1
  std::size_t column = 1;  ///< from 1, in characters
  std::string lines;       ///< up to three lines with their numbers, and a caret under the last; not where a password
                           ///< may stand there

  friend bool operator==(const Excerpt&, const Excerpt&) = default;
};

/// `position` counts characters of UTF-8 from 1, as PostgreSQL reports it; beyond the end it means the end.
[[nodiscard]] Excerpt excerpt(std::string_view script, std::size_t position);

/// The statement at such a position, as far as the lexer can read; empty for 0 and between two.
[[nodiscard]] std::string_view statement_of(std::string_view script, std::size_t position);

/// The line in which the byte stands, from 1.
[[nodiscard]] std::size_t line_of(const Migration& migration, std::size_t offset);

/// `FILE:LINE` of the first word behind so many bytes of a script.
[[nodiscard]] std::string line_behind(const Migration& migration, std::size_t offset);

}  // namespace schemagate
