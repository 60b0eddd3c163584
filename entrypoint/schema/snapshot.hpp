#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "migrations/migration.hpp"
#include "schema/object.hpp"

namespace schemagate {

/// What a schema is once all migrations of a folder have been applied.
struct Snapshot {
  int major = 0;       ///< of the server that it was made on: 15
  std::string schema;  ///< where the history was, and so what unqualified names meant: `public`
  std::vector<std::pair<std::string, std::string>> migrations;  ///< name and checksum, in the folder's order
  Description objects;

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

/// The file cannot be read as a snapshot.
struct BadSnapshot : std::runtime_error {
  BadSnapshot(std::size_t number, const std::string& what) : std::runtime_error{what}, line{number} {}
  std::size_t line;  ///< from 1
};

/// Text for git: one object a line, sorted, definitions of several lines on lines of their own; no time, no hash over
/// it all, so that two branches seldom conflict. The last line is always the same: a file without it was cut off.
/// read_snapshot(write_snapshot(s)) == s, if that describes a schema.
[[nodiscard]] std::string write_snapshot(const Snapshot& snapshot);

/// Line ends may be CRLF. Throws BadSnapshot, also for a version of the format that we do not know, merge conflict
/// markers, objects out of order and a file without its end or without a schema.
[[nodiscard]] Snapshot read_snapshot(std::string_view text);

/// All but the objects, which are most of it. Throws BadSnapshot, also for a file that is cut off.
[[nodiscard]] Snapshot read_head(std::string_view text);

/// Schemas that the snapshot describes; of a text, without reading all of it.
[[nodiscard]] std::vector<std::string> schemas(const Snapshot& snapshot);
[[nodiscard]] std::vector<std::string> schemas(std::string_view text);

/// Migrations that the snapshot was made of and the folder does not have, under no name.
[[nodiscard]] std::vector<std::string> lost(const Snapshot& snapshot, const std::vector<Migration>& migrations);

/// What a folder has that its snapshot does not know, or otherwise; a line each, empty when they agree. A file with LF
/// and one with CRLF agree.
[[nodiscard]] std::vector<std::string> contradictions(const Snapshot& snapshot,
                                                      const std::vector<Migration>& migrations);

}  // namespace schemagate
