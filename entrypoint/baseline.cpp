#include "baseline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "database/lock.hpp"
#include "database/pooler.hpp"
#include "database/trust.hpp"
#include "failure.hpp"
#include "guarded.hpp"
#include "replay.hpp"
#include "schema/render.hpp"
#include "text.hpp"
#include "verify.hpp"

namespace schemagate {
namespace {

constexpr std::size_t shown_lines = 30;
constexpr const char* unrecorded = "the database was not changed; no migration was recorded";

/// The migrations to record, and what they produce.
struct Goal {
  Folder folder;
  Snapshot snapshot;
};

Folder wanted(const Gate& gate) {
  const std::string& name = gate.config.line.up_to;
  if (name.empty()) return gate.folder;
  const auto& all = gate.folder.migrations;
  const auto found = std::ranges::find(all, name, &Migration::name);
  if (found != all.end()) return first(gate.folder, static_cast<std::size_t>(found - all.begin()) + 1);
  throw Failure{ExitCode::configuration, fmt::format("the image has no migration {}", name), gate.folder.path,
                not_contacted, fmt::format("give the whole name of its folder: ls {}", gate.folder.path)};
}

/// The snapshot speaks for all migrations; for fewer they are replayed.
Goal goal(const Gate& gate, const Environment& environment) {
  Folder folder = wanted(gate);
  const bool whole = folder.migrations.size() == gate.folder.migrations.size();
  if (whole && gate.sealed) return {std::move(folder), schemagate::whole(*gate.sealed)};
  const Gate aside{gate.config, folder, gate.sealed, gate.url, gate.log, gate.signals, gate.wait};
  Snapshot snapshot = replay_aside(aside, environment, gate.table().schema);
  return {std::move(folder), std::move(snapshot)};
}

void require_no_history(const Gate& gate, const Reading& reading) {
  if (!reading.history.exists || reading.history.rows.empty()) return;
  throw Failure{ExitCode::refused, "this database has a migration history",
                fmt::format("{}, table {}", gate.url.place(), gate.table().sql()), unrecorded, "schemagate status"};
}

Live live(const Gate& gate, Connection& connection, const Snapshot& expected) {
  auto found = read_live(gate, connection, schemas(expected));
  if (auto* read = std::get_if<Live>(&found)) return std::move(*read);
  throw Failure{ExitCode::lock_timeout,
                fmt::format("the schema could not be read: {}", std::get<Unreadable>(found).why), gate.url.place(),
                unrecorded, "end the session that holds the lock, or wait for it, and try again"};
}

/// What the migrations produce must be there, to the last index; what there is besides, and in which order, need not
/// come from them.
bool proves(const std::vector<Finding>& findings) {
  return std::ranges::all_of(findings, [](const Finding& finding) {
    const bool besides = finding.change == Change::extra || finding.kind == "colorder" || finding.kind == "extversion";
    return finding.level == Level::harmless && besides;
  });
}

/// The last migration whose schema this is. Without PostgreSQL's programs nobody knows.
std::string proposal(const Gate& gate, const Environment& environment, const Live& found, int version) {
  std::string mend = "bring the schema to what the migrations produce, and try again";
  if (!gate.config.line.up_to.empty()) return mend;
  gate.log.info("searching", "the schema is not that of all migrations; looking for an earlier state that it is");
  try {
    const auto fits = [&](const Snapshot& earlier) {
      return proves(differences(gate, earlier, found.objects, version));
    };
    const std::size_t count = replay_until(gate, environment, gate.table().schema, fits);
    if (count == 0) return "it is the schema of no earlier migration either: " + mend;
    return fmt::format("it is exactly what the first {} produce:\n  schemagate baseline --up-to {}",
                       counted(count, "migration"), gate.folder.migrations[count - 1].name);
  } catch (const Failure& failure) {
    return fmt::format("{}; for earlier states, run it where PostgreSQL's programs are: {}", mend,
                       failure.report().what);
  }
}

[[noreturn]] void refuse(const Gate& gate, const std::vector<Finding>& findings, const std::string& next) {
  throw Failure{ExitCode::refused,
                fmt::format("the live schema is not what the migrations produce: {}\n{}", counted(findings),
                            render_text(findings, {.colour = false, .most = shown_lines})),
                gate.url.place(), unrecorded, next};
}

/// Fails by itself unless this session holds the lock, and nobody has written such a row.
std::string insertion(const Gate& gate, const Connection& connection, const Migration& migration) {
  // As Prisma's `migrate resolve --applied` writes it: logs empty instead of NULL, no steps.
  return fmt::format(
      "WITH w AS (INSERT INTO {} (id, checksum, started_at, finished_at, migration_name, logs, applied_steps_count) "
      "SELECT {}, {}, pg_catalog.now(), pg_catalog.now(), {}, '', '0' WHERE {} RETURNING 1) SELECT '1'::int8 / "
      "pg_catalog.count(*) FROM w; ",
      gate.table().sql(), connection.literal(next_id({}, migration.name, migration.checksum)),
      connection.literal(migration.checksum), connection.literal(migration.name), holds_lock_sql());
}

/// And unless all rows stand, whatever rules and triggers do.
std::string proof(const Gate& gate, std::size_t rows) {
  return fmt::format(
      "SELECT '1'::int8 / CASE pg_catalog.count(*) WHEN '{}' THEN '1'::int8 ELSE '0' END FROM ONLY {} WHERE "
      "finished_at "
      "IS NOT NULL AND rolled_back_at IS NULL AND {}",
      rows, gate.table().sql(), rows == 0 ? "true" : holds_lock_sql());
}

[[noreturn]] void refuse_row(const Gate& gate, const ServerMessage& error) {
  const std::string said = error.sqlstate == "22012" ? "" : ": " + brief(error);
  throw Failure{ExitCode::refused,
                "the migration history did not take the rows that were to be recorded, or did not keep them" + said,
                fmt::format("{}, table {}", gate.url.place(), gate.table().sql()), unrecorded,
                "see what is there:\n  schemagate status\n" + gate.table().writers_advice()};
}

/// In one transaction; the rows are checked in the message that commits them.
void record(const Gate& gate, Connection& connection, const Goal& goal, const Reading& reading) {
  connection.query("BEGIN");
  if (!reading.history.exists)
    create_history(connection, gate.table(), reading.server, gate.url.place());
  else
    require_write(connection, gate.table(), reading.server, gate.url.place());
  std::string rows;
  for (const Migration& migration : goal.folder.migrations) rows += insertion(gate, connection, migration);
  const Reply reply =
      connection.send(reliable_sql(connection, gate.table()) + rows + "SET CONSTRAINTS ALL IMMEDIATE; " +
                      proof(gate, goal.folder.migrations.size()) + "; COMMIT");
  if (reply.error && reply.error->sqlstate != "42501" && !reply.error->sqlstate.starts_with("5"))
    refuse_row(gate, *reply.error);
  if (reply.error) throw QueryFailed{*reply.error};
}

std::string summary(const Gate& gate, const Goal& goal) {
  const std::size_t recorded = goal.folder.migrations.size();
  const std::size_t left = gate.folder.migrations.size() - recorded;
  return fmt::format("the schema is what they produce: recorded {} as applied{}", counted(recorded, "migration"),
                     left == 0 ? "" : fmt::format(", {} pending", left));
}

/// Looked at, before anybody is kept waiting.
void prove(const Gate& gate, const Environment& environment, Connection& connection, const Goal& goal) {
  const Reading reading = read_history(connection, gate.table(), gate.url.place());
  require_no_history(gate, reading);
  const Live found = live(gate, connection, goal.snapshot);
  const std::vector<Finding> findings = differences(gate, goal.snapshot, found.objects, reading.server.version);
  if (!proves(findings)) refuse(gate, findings, proposal(gate, environment, found, reading.server.version));
}

Reading locked_reading(const Gate& gate, Connection& connection, const char* state) {
  const Reading before = read_history(connection, gate.table(), gate.url.place());
  require_session(connection, before.server.backend_pid, gate.url);
  acquire_lock(connection, gate.config.lock_wait, {.database = gate.url.place(), .state = state}, gate.log);
  return read_history(connection, gate.table(), gate.url.place());
}

/// `writing` is set before anything is.
void take_over(const Gate& gate, Connection& connection, const Goal& goal, bool& writing) {
  const Held held{gate.signals};
  const Reading reading = locked_reading(gate, connection, unrecorded);
  require_no_history(gate, reading);
  const Live found = live(gate, connection, goal.snapshot);
  const auto findings = differences(gate, goal.snapshot, found.objects, reading.server.version);
  if (!proves(findings)) refuse(gate, findings, "the schema has just been changed: try again");
  writing = true;
  record(gate, connection, goal, reading);
}

constexpr const char* unknown_state = "whether the migrations were recorded is unknown";

bool is_recorded(const Reading& reading, const Goal& goal) {
  return reading.history.exists && std::ranges::all_of(goal.folder.migrations, [&](const Migration& migration) {
           return std::ranges::any_of(reading.history.rows, [&](const HistoryRow& row) {
             return row.name == migration.name && row.applied();
           });
         });
}

/// The answer to COMMIT was lost. Under the lock, which the lost session has no longer, the history tells.
void look_recorded(const Gate& gate, const Goal& goal, const Failure& lost) {
  gate.log.warn("outcome_unknown", lost.report().what + "; " + unknown_state + ": looking");
  Connection connection = open(gate, unknown_state);
  const bool done = guarded(gate.url, unknown_state,
                            [&] { return is_recorded(locked_reading(gate, connection, unknown_state), goal); });
  Report report = lost.report();
  report.state = unrecorded;
  if (!done) throw Failure{report};
}

}  // namespace

void baseline(const Gate& gate, const Environment& environment) {
  const Goal wanted = goal(gate, environment);
  bool writing = false;
  try {
    Connection connection = open(gate);
    guarded(gate.url, unrecorded, [&] {
      prove(gate, environment, connection, wanted);
      take_over(gate, connection, wanted, writing);
    });
  } catch (const Failure& failure) {
    if (!writing || !failure.report().lost) throw;
    look_recorded(gate, wanted, failure);
  }
  gate.log.info("baseline", summary(gate, wanted));
}

}  // namespace schemagate
