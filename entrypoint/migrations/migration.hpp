#pragma once

#include <string>
#include <vector>

namespace schemagate {

/// A migration as the image ships it.
struct Migration {
  std::string name;      ///< its folder's name: `20240131120000_add_users`
  std::string file;      ///< path of its migration.sql, for messages
  std::string script;    ///< the file's bytes
  std::string checksum;  ///< lower-case hex SHA-256 of `script`, as Prisma records it

  friend bool operator==(const Migration&, const Migration&) = default;
};

/// A row of `_prisma_migrations`. A name may have several: Prisma keeps what failed and was rolled back.
struct HistoryRow {
  std::string id;
  std::string name;
  std::string checksum;
  std::string started_at;   ///< UTC, ISO 8601
  std::string finished_at;  ///< empty when it did not finish
  bool rolled_back = false;
  std::string logs;  ///< the recorded error of a row that did not finish

  /// A row both finished and rolled back counts as rolled back, as in Prisma.
  [[nodiscard]] bool applied() const { return !finished_at.empty() && !rolled_back; }
  [[nodiscard]] bool failed() const { return finished_at.empty() && !rolled_back; }
  friend bool operator==(const HistoryRow&, const HistoryRow&) = default;
};

/// What the database remembers.
struct History {
  bool exists = false;              ///< the table is there
  std::vector<HistoryRow> rows;     ///< by started_at
  std::vector<std::string> tables;  ///< of the schema, read only when there is no history

  friend bool operator==(const History&, const History&) = default;
};

}  // namespace schemagate
