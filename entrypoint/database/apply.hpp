#pragma once

#include <string>

#include "database/connection.hpp"
#include "database/history.hpp"
#include "database/url.hpp"
#include "log.hpp"
#include "migrations/migration.hpp"
#include "migrations/script.hpp"

namespace schemagate {

/// A session that migrates: prepared once, and again after every script, which may have changed anything in it.
class Migrator {
 public:
  Migrator(Connection& connection, const Url& url, HistoryTable table, Server server, const Log& log);
  ~Migrator();
  Migrator(const Migrator&) = delete;
  Migrator& operator=(const Migrator&) = delete;

  /// Sets what a migrating session needs and undoes what a script left behind: role, search_path, read-only, timeouts,
  /// temporary tables, prepared statements. Afterwards has_lock() is up to date.
  void settle();
  [[nodiscard]] bool has_lock() const { return has_lock_; }

  /// Runs one migration and records it. Throws Failure 65 (refused by the server), 69 (connection lost), 75 (deadline),
  /// 128+n (signal); its state says what became of the migration.
  void apply(const Migration& migration);

 private:
  void apply_whole(const Migration& migration);
  void apply_as_written(const Migration& migration, Mode mode);
  void record_outcome(const Migration& migration, Mode mode, const std::string& id, Outcome& outcome);
  Outcome run_whole(const Migration& migration);
  Outcome run(const Migration& migration, const std::string& message);
  void end_transaction(Outcome& outcome);
  [[nodiscard]] std::string recording(const Migration& migration) const;
  [[nodiscard]] std::string rolled_back_before(const Migration& migration) const;
  std::string record_start(const Migration& migration);
  void record_rolled_back(const Migration& migration, const std::string& logs);
  void record_end(const std::string& id, const std::string& changes, Outcome& outcome);
  void tell_activity(const Migration& migration, Clock::time_point start);
  [[noreturn]] void fail(const Migration& migration, const Outcome& outcome, const std::string& next,
                         const std::string& what_stays) const;

  Connection& connection_;
  const Url& url_;
  HistoryTable table_;
  Server server_;
  const Log& log_;
  std::size_t applied_ = 0;
  bool has_lock_ = false;
};

}  // namespace schemagate
