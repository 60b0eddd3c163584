#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "migrations/statement.hpp"

namespace schemagate {

/// How a script can be sent.
enum class Mode {
  transactional,  ///< in one transaction with its history row
  own,            ///< it begins or ends transactions itself: sent as it is, as Prisma does
  segments,       ///< with a statement that PostgreSQL runs only outside a transaction block
};

/// Reads the script with PostgreSQL's lexer. What it cannot read is `own`: a newer server may, and whether such a
/// script commits is unknown. What may run in a transaction or not, as a CALL, does so beside other statements, and is
/// sent by itself when it is the only one.
[[nodiscard]] Mode classify(std::string_view script);

/// Whether the lexer could read it, and would read it in parts as the server does.
[[nodiscard]] bool readable(std::string_view script);

/// A part of a script that is sent by itself. Together they are the script, byte for byte.
struct Segment {
  std::size_t begin = 0;  ///< bytes
  std::size_t end = 0;
  bool alone = false;  ///< one statement that runs only outside a transaction block; else some for one transaction

  friend bool operator==(const Segment&, const Segment&) = default;
};

/// Comments and blanks belong to the statement that follows, those at the end to the last. There is always one segment,
/// and but for a script without statements each has one. A script that is `own` is one segment.
[[nodiscard]] std::vector<Segment> segments(std::string_view script);

/// The same, and a segment also ends behind each ALTER TYPE … ADD VALUE: its value can be used only once it is
/// committed (SQLSTATE 55P04).
[[nodiscard]] std::vector<Segment> segments_by_value(std::string_view script);

/// The same, and what may run only outside a transaction block, as a CALL, is a segment of its own: for a script of
/// which the server has said so (2D000, 25001).
[[nodiscard]] std::vector<Segment> segments_apart(std::string_view script);

/// Where a statement stands: from its first word to behind its `;`.
struct Stretch {
  std::size_t begin = 0;  ///< bytes
  std::size_t end = 0;

  friend bool operator==(const Stretch&, const Stretch&) = default;
};

/// As far as the lexer can read it.
[[nodiscard]] std::vector<Stretch> statements(std::string_view script);

}  // namespace schemagate
