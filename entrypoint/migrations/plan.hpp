#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "migrations/migration.hpp"

namespace schemagate {

/// The file is not the one that was applied.
struct Edited {
  std::string name;
  std::string file;
  std::string recorded;  ///< checksum in the history
  std::string found;     ///< checksum of the file

  friend bool operator==(const Edited&, const Edited&) = default;
};

/// Stopped inside a statement that commits by itself, a CALL or a DO: nothing tells how far that came.
struct Stuck {
  HistoryRow row;
  std::string place;  ///< FILE:LINE

  friend bool operator==(const Stuck&, const Stuck&) = default;
};

/// Where the image and the database stand to each other.
struct Plan {
  std::size_t applied = 0;           ///< of the image's migrations
  std::vector<std::string> pending;  ///< to run, in order
  std::vector<std::string> late;     ///< those pending that sort before an applied one
  /// Neighbours of which one is pending and that Prisma may order otherwise.
  std::vector<std::pair<std::string, std::string>> ambiguous{};
  std::vector<Edited> edited;
  std::vector<std::string> ahead;   ///< applied, but not in the image
  std::vector<HistoryRow> failed;   ///< neither finished nor rolled back
  std::vector<HistoryRow> begun{};  ///< likewise, but of ours, of the same file, and known how far it came
  std::vector<Stuck> stuck{};       ///< likewise, but for that
  std::vector<std::string> tables;  ///< of a schema that has no history

  friend bool operator==(const Plan&, const Plan&) = default;
};

/// Compares what the image ships, sorted by name, with what the database remembers.
[[nodiscard]] Plan make_plan(std::span<const Migration> folder, const History& history);

}  // namespace schemagate
