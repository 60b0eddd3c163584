#pragma once

#include <string>
#include <vector>

#include "database/connection.hpp"
#include "database/history.hpp"
#include "database/record.hpp"
#include "database/url.hpp"
#include "log.hpp"
#include "migrations/migration.hpp"
#include "migrations/script.hpp"

namespace schemagate {

/// How long we keep others waiting.
struct Patience {
  Clock::duration ddl_lock{};  ///< behind one statement of ours that waits for a lock; 0 for ever
  Clock::duration total{};     ///< until a lock is had at all
};

/// A session that migrates: prepared once, and again after every script, which may have changed anything in it.
class Migrator {
 public:
  struct Target {
    const Url& url;
    HistoryTable table;
    Server server;
    Patience patience;
    bool locks = true;  ///< false where the operator has turned the migration lock off
  };
  Migrator(Connection& connection, Target target, const Log& log);
  ~Migrator();
  Migrator(const Migrator&) = delete;
  Migrator& operator=(const Migrator&) = delete;

  /// Sets what a migrating session needs and undoes what a script left behind: role, search_path, read-only, timeouts,
  /// temporary tables, prepared statements. Afterwards has_lock() is up to date.
  void settle();
  [[nodiscard]] bool has_lock() const { return has_lock_; }

  /// Runs one migration and records it; `begun` is the row of an earlier start that can be resumed, or null. False when
  /// the lock was lost, or another session wrote the row first: then nothing that is not recorded stays, and only the
  /// history, read again under the lock, tells what is left to do. Throws Failure 65 (refused by the server), 69
  /// (connection lost), 75 (deadline, a lock), 76 (cannot be resumed, or not recorded), 128+n (signal); its state says
  /// what became of the migration.
  [[nodiscard]] bool apply(const Migration& migration, const History& history, const HistoryRow* begun);

 private:
  /// Where a migration of several segments stands.
  struct Stand {
    const Migration& migration;
    Slot row;
    Progress progress;
  };
  /// The row or the lock is another session's.
  struct Overtaken {};

  void apply_new(const Migration& migration, const History& history);
  void apply_whole(const Migration& migration, const History& history);
  void apply_as_written(const Migration& migration, Mode mode, Slot row);
  void record_outcome(const Migration& migration, Mode mode, Slot& row, Outcome& outcome);
  Outcome run_whole(const Migration& migration, const std::string& id);
  [[nodiscard]] std::optional<Grain> finer(const Outcome& outcome) const;
  [[nodiscard]] std::string divided_advice(const Migration& migration, const Outcome& outcome) const;
  void tell_parts(const Migration& migration, const std::vector<Segment>& parts, const std::string& why) const;
  void require_divisible(const Migration& migration) const;
  bool apply_in_parts(const Migration& migration, const Slot& row, Outcome& outcome);
  void record_rollback(const Migration& migration, Slot& row, Outcome& outcome);
  void begin(const Migration& migration, Slot& row, const std::optional<Progress>& progress);
  void require_kept(const Migration& migration, Outcome& outcome);
  void require_row(const Stand& stand, const Outcome& outcome) const;
  void require_lock();
  [[noreturn]] void refuse_row(const Migration& migration, const ServerMessage& error) const;

  void apply_segments(Stand stand, const std::vector<Segment>& segments);
  void resume(const Migration& migration, const HistoryRow& begun);
  void find_place(Stand& stand, const std::vector<Segment>& segments);
  void run_segments(Stand& stand, const std::vector<Segment>& segments);
  bool run_segment(Stand& stand, const Segment& segment);
  void announce(Stand& stand, const Segment& segment, const std::string& before);
  static void locate(Outcome& outcome, const Stand& stand, const Segment& segment);
  void run_alone(Stand& stand, const Segment& segment);
  void come_to(Stand& stand, std::size_t done);
  void run_committing(Stand& stand, const Segment& segment);
  [[noreturn]] void stop(Stand& stand, const Segment& segment, Outcome& outcome);
  [[noreturn]] void stop_inside(Stand& stand, const Segment& segment, Outcome& outcome);

  [[nodiscard]] Clock::duration first_look() const;
  [[nodiscard]] Watcher watcher(const Migration& migration);
  [[nodiscard]] std::size_t clear(Stand& stand, const Segment& segment);
  Outcome run(const Migration& migration, const std::string& message, Clock::duration first,
              const std::string& token = "");
  Outcome insist(const Migration& migration, const std::string& message, const std::string& token = "");
  [[nodiscard]] std::string opening(const Migration& migration) const;
  /// A procedure that commits, or a statement of which only the server knows that it cannot run in a transaction.
  [[nodiscard]] static bool runs_outside(const Outcome& outcome);
  [[nodiscard]] static std::string isolation_level(const std::string& text);
  [[nodiscard]] static std::int64_t milliseconds(Clock::duration span);
  [[nodiscard]] bool limits_locks() const;
  void end_transaction(Outcome& outcome);
  void record_end(std::optional<ServerMessage> failed, Outcome& outcome);
  void tell_activity(const Migration& migration, Clock::time_point start);
  [[noreturn]] void fail(const Migration& migration, const Outcome& outcome, const std::string& next,
                         const std::string& what_stays) const;

  Connection& connection_;
  Target target_;
  Record record_;
  const Log& log_;
  Script script_{{}};  ///< of the migration that is applied
  std::size_t applied_ = 0;
  bool has_lock_ = false;
  std::string overtaken_;  ///< the migration that was so last
  std::string level_;      ///< the isolation level that it ran under
  std::string blocker_;    ///< who kept the last statement from a lock, as far as it was seen
};

}  // namespace schemagate
