#pragma once

#include <optional>
#include <string>

#include "database/connection.hpp"
#include "database/history.hpp"
#include "migrations/migration.hpp"
#include "migrations/progress.hpp"

namespace schemagate {

/// An expression: what a session holds beyond roles, of settings, temporary tables, prepared statements and cursors.
/// Where another session has the same, it can go on in its place. To be asked without pins, which are settings too.
[[nodiscard]] std::string session_sql();

/// A migration's row, as we wrote or read it last.
struct Slot {
  std::string id;
  std::optional<std::string> logs{};
  bool rolled_back = false;  ///< it is there, and an earlier start of ours rolled it back for the same file
};

/// Where a migration that is begun, or fails, is written: the row that an earlier start rolled back for the same file,
/// so that a crash loop leaves one and not thousands, else a new one.
[[nodiscard]] Slot slot(const History& history, const Migration& migration);

/// The end of a message that holds a script.
struct Ending {
  std::string token;  ///< selected when the script is done
  std::string sql;
};

/// What is written into the history while migrating. Each write fails by itself (22012), and its transaction with it,
/// unless the row is as we left it and, before or with anything that is done to the database, this session holds the
/// migration lock; and unless the row is afterwards what we wrote, whatever rules and triggers do.
class Record {
 public:
  /// `locked`: false where the operator has turned the lock off (PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK).
  Record(Connection& connection, HistoryTable table, bool locked)
      : connection_{connection}, table_{std::move(table)}, locked_{locked} {}

  /// For a message that began a transaction: the row of a migration that is applied whole, and COMMIT.
  [[nodiscard]] Ending whole(const Migration& migration, const std::string& id) const;
  /// The same for a segment of it. The row's new logs are the last value selected.
  [[nodiscard]] Ending segment(const Slot& row, const Progress& progress) const;

  /// A row that is started and not finished. This and the following return nothing when the row was written, and have
  /// then changed `row`, else why not. Throws ConnectionLost, Stopped, DeadlinePassed.
  [[nodiscard]] std::optional<ServerMessage> start(const Migration& migration, Slot& row,
                                                   const std::optional<Progress>& progress);
  /// What is about to be done.
  [[nodiscard]] std::optional<ServerMessage> announce(Slot& row, const Progress& progress);
  /// What was done: recorded also where the lock is gone.
  [[nodiscard]] std::optional<ServerMessage> note(Slot& row, const Progress& progress);
  [[nodiscard]] std::optional<ServerMessage> finish(Slot& row);
  [[nodiscard]] std::optional<ServerMessage> fail(Slot& row, const std::string& logs);
  [[nodiscard]] std::optional<ServerMessage> roll_back(Slot& row, const std::string& logs);
  /// Without having been started.
  [[nodiscard]] std::optional<ServerMessage> rolled_back(const Migration& migration, Slot& row,
                                                         const std::string& logs);

  /// Where the rows are, for messages.
  [[nodiscard]] const HistoryTable& table() const { return table_; }

 private:
  struct Change;
  [[nodiscard]] std::string holding() const;
  [[nodiscard]] std::string update(const Slot& row, const Change& change) const;
  [[nodiscard]] std::string insert(const Migration& migration, const std::string& id, const Change& change) const;
  [[nodiscard]] std::string proof(const std::string& id, const Change& change) const;
  [[nodiscard]] std::string put(const Migration& migration, const Slot& row, const Change& change) const;
  [[nodiscard]] std::string logs(Progress progress) const;
  std::optional<ServerMessage> write(Slot& row, const std::string& sql);

  Connection& connection_;
  HistoryTable table_;
  bool locked_;
};

/// Whether a write of Record failed because the row is another's, or the lock is gone, or what was written did not
/// stay.
[[nodiscard]] bool is_fence(const ServerMessage& error);

}  // namespace schemagate
