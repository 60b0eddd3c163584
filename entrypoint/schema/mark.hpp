#pragma once

#include <string>
#include <vector>

#include "database/connection.hpp"
#include "database/history.hpp"

namespace schemagate {

/// What was last verified in this database. It is kept as the comment of Prisma's own table: Prisma neither reads nor
/// copies that table's comment, descriptions leave the table out, and a restore brings it along with a fingerprint that
/// is no longer true.
struct Mark {
  std::string fingerprint;         ///< of the catalogs, as Fingerprint::mark() tells it
  std::vector<std::string> names;  ///< of what was verified then: hashes of snapshots and how they were compared

  [[nodiscard]] bool holds(const std::string& now, const std::string& name) const;
  friend bool operator==(const Mark&, const Mark&) = default;
};

/// Empty for a comment that is not ours.
[[nodiscard]] Mark parse_mark(const std::string& comment);
[[nodiscard]] std::string text(const Mark& mark);

/// With one more name; those of another fingerprint are forgotten, and of many the oldest.
[[nodiscard]] Mark with(Mark mark, const std::string& fingerprint, const std::string& name);

/// Writes the mark if the role may and nobody has put another comment there; waits for no lock. False when it could
/// not: then the next start verifies in full.
bool write_mark(Connection& connection, const HistoryTable& table, const Mark& mark);

}  // namespace schemagate
