#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace schemagate {

/// How far a migration of several segments has come. It is kept in the `logs` of its row, which Prisma takes for a
/// failed one, and nowhere else.
struct Progress {
  std::size_t done = 0;     ///< bytes of the script that are committed
  std::size_t running = 0;  ///< end of the statement that may be running or done; 0 when none was begun
  std::string before;       ///< what the catalogs had before it: see evidence_sql()
  std::string session;      ///< what the session held then, as session_sql() tells it; empty before anything was done
  std::string error;        ///< why it stopped, for people; empty when nobody was there to say

  friend bool operator==(const Progress&, const Progress&) = default;
};

[[nodiscard]] std::string text(const Progress& progress);
/// Nothing for what is not ours, or of another version.
[[nodiscard]] std::optional<Progress> parse_progress(const std::string& logs);

}  // namespace schemagate
