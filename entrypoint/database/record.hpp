#pragma once

#include <optional>
#include <string>

#include "database/connection.hpp"
#include "database/history.hpp"
#include "migrations/migration.hpp"
#include "migrations/progress.hpp"

namespace schemagate {

/// An expression: what a session holds beyond roles, of settings, temporary tables, prepared statements and cursors.
/// Where another session has the same, it can go on in its place.
[[nodiscard]] std::string session_sql();

/// What is written into the history while migrating. Everything is qualified and done as ourselves, whatever role and
/// search_path a script has left.
class Record {
 public:
  Record(Connection& connection, HistoryTable table) : connection_{connection}, table_{std::move(table)} {}

  /// For the end of a message that began a transaction: the row of a migration that is applied whole.
  [[nodiscard]] std::string whole(const Migration& migration) const;
  /// Likewise: a segment of it is.
  [[nodiscard]] std::string segment(const std::string& id, const Progress& progress) const;

  /// A row that is started and not finished; the row's id. Takes over the one that an earlier start rolled back for the
  /// same file, so that a crash loop leaves one and not thousands. These throw QueryFailed.
  [[nodiscard]] std::string start(const Migration& migration, const std::optional<Progress>& progress);
  /// Empty when the row could be written, else why not: the script may have taken table, row or right away.
  [[nodiscard]] std::optional<ServerMessage> note(const std::string& id, const Progress& progress);
  [[nodiscard]] std::optional<ServerMessage> finish(const std::string& id);
  [[nodiscard]] std::optional<ServerMessage> fail(const std::string& id, const std::string& logs);
  [[nodiscard]] std::optional<ServerMessage> roll_back(const std::string& id, const std::string& logs);
  /// Without a row of its own so far.
  [[nodiscard]] std::optional<ServerMessage> rolled_back(const Migration& migration, const std::string& logs);

  /// Where the rows are, for messages.
  [[nodiscard]] const HistoryTable& table() const { return table_; }

 private:
  [[nodiscard]] std::string rolled_back_before(const Migration& migration) const;
  [[nodiscard]] std::string logs(Progress progress) const;
  std::optional<ServerMessage> update(const std::string& id, const std::string& changes);

  Connection& connection_;
  HistoryTable table_;
};

}  // namespace schemagate
