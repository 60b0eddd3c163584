#pragma once

#include <string_view>

namespace schemagate {

/// How a script can be sent.
enum class Mode {
  transactional,  ///< in one transaction with its history row
  own,            ///< it begins or ends transactions itself: sent as it is, as Prisma does
  alone,          ///< one statement that PostgreSQL runs only outside a transaction block
};

/// Reads the script with PostgreSQL's lexer. What it cannot read is `own`: a newer server may (numbers like 1_000), and
/// whether such a script commits is unknown.
[[nodiscard]] Mode classify(std::string_view script);

/// Whether the script may give up session advisory locks, ours among them.
[[nodiscard]] bool unlocks(std::string_view script);

}  // namespace schemagate
