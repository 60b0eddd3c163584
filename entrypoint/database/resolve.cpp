#include "database/resolve.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "database/lock.hpp"
#include "database/trust.hpp"
#include "failure.hpp"
#include "migrations/checksum.hpp"

namespace schemagate {
namespace {

/// What all three need to know.
struct Case {
  Connection& connection;
  const HistoryTable& table;
  const Reading& reading;
  const Folder& folder;
  const std::string& name;
  const std::string& place;
  bool locked;

  [[nodiscard]] std::size_t count(bool (HistoryRow::*is)() const) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        reading.history.rows, [&](const HistoryRow& row) { return row.name == name && (row.*is)(); }));
  }
  [[nodiscard]] bool any(bool (HistoryRow::*is)() const) const {
    return std::ranges::any_of(reading.history.rows,
                               [&](const HistoryRow& row) { return row.name == name && (row.*is)(); });
  }
  [[nodiscard]] bool known() const {
    return std::ranges::find(reading.history.rows, name, &HistoryRow::name) != reading.history.rows.end();
  }
  [[noreturn]] void refuse(const std::string& what, const std::string& next) const {
    throw Failure{ExitCode::refused, what, fmt::format("{}, table {}", place, table.sql()),
                  "the history was not changed", next};
  }
  [[nodiscard]] const Migration& file() const {
    const auto found = std::ranges::find(folder.migrations, name, &Migration::name);
    if (found != folder.migrations.end()) return *found;
    throw Failure{ExitCode::configuration, fmt::format("the image has no migration {}", name), folder.path,
                  "the history was not changed", fmt::format("give the whole name of its folder: ls {}", folder.path)};
  }
};

/// Fails by itself unless this session holds the lock and as many rows were changed as were read.
std::string fenced(const Case& c, const std::string& change, std::size_t rows) {
  const std::string lock = c.locked ? " AND " + holds_lock_sql() : "";
  return fmt::format(
      "WITH w AS ({}{} RETURNING 1) SELECT '1'::int8 / CASE pg_catalog.count(*) WHEN '{}' THEN '1'::int8 ELSE '0' END "
      "FROM w; SET CONSTRAINTS ALL IMMEDIATE; ",
      change, lock, rows);
}

/// And unless they stand, whatever rules and triggers do.
std::string proof(const Case& c, const std::string& condition, std::size_t rows) {
  return fmt::format(
      "SELECT '1'::int8 / CASE pg_catalog.count(*) WHEN '{}' THEN '1'::int8 ELSE '0' END FROM ONLY {} WHERE "
      "migration_name::text = {} AND {}",
      rows, c.table.sql(), c.connection.literal(c.name), condition);
}

void write(const Case& c, const std::string& sql) {
  const Reply reply = c.connection.send(reliable_sql(c.connection, c.table) + sql);
  if (!reply.error) return;
  if (!reply.error->sqlstate.starts_with("22") && !reply.error->sqlstate.starts_with("23") &&
      !reply.error->sqlstate.starts_with("0A") && !reply.error->sqlstate.starts_with("P0"))
    throw QueryFailed{*reply.error};
  const std::string said = reply.error->sqlstate == "22012" ? "" : ": " + brief(*reply.error);
  c.refuse(
      "the migration history did not take what was to be recorded, or did not keep it" + said,
      "see what is there, and whether another session is migrating:\n  schemagate status\n" + c.table.writers_advice());
}

std::string roll_back_failed(const Case& c) {
  return fenced(c,
                fmt::format("UPDATE ONLY {} SET rolled_back_at = pg_catalog.now() WHERE migration_name::text = {} AND "
                            "finished_at IS NULL AND rolled_back_at IS NULL",
                            c.table.sql(), c.connection.literal(c.name)),
                c.count(&HistoryRow::failed));
}

std::string applied(const Case& c) {
  const Migration& migration = c.file();
  if (c.any(&HistoryRow::applied))
    c.refuse(fmt::format("the migration {} is already recorded as applied", c.name), "schemagate status");
  if (!c.reading.history.exists) create_history(c.connection, c.table, c.reading.server, c.place);
  // As Prisma writes it: logs empty instead of NULL, no steps.
  const std::string row = fmt::format(
      "INSERT INTO {} (id, checksum, started_at, finished_at, migration_name, logs, applied_steps_count) "
      "SELECT {}, {}, pg_catalog.now(), pg_catalog.now(), {}, '', '0' WHERE true",
      c.table.sql(), c.connection.literal(next_id(c.reading.history, c.name, migration.checksum)),
      c.connection.literal(migration.checksum), c.connection.literal(c.name));
  write(c, roll_back_failed(c) + fenced(c, row, 1) +
               proof(c,
                     "finished_at IS NOT NULL AND rolled_back_at IS NULL AND checksum::text = " +
                         c.connection.literal(migration.checksum),
                     1));
  return fmt::format("recorded {} as applied", c.name);
}

std::string rolled_back(const Case& c) {
  if (!c.known())
    c.refuse(fmt::format("the history does not know the migration {}", c.name),
             "give the whole name; schemagate status lists them");
  const bool failed = c.any(&HistoryRow::failed);
  if (!failed && c.any(&HistoryRow::applied))
    c.refuse(fmt::format("the migration {} is applied, not failed", c.name), "schemagate status");
  if (!failed) return fmt::format("{} was recorded as rolled back before; nothing changed", c.name);
  write(c, roll_back_failed(c) + proof(c, "finished_at IS NULL AND rolled_back_at IS NULL", 0));
  return fmt::format("recorded {} as rolled back; it is pending again", c.name);
}

std::string accept(const Case& c) {
  const Migration& migration = c.file();
  if (!c.any(&HistoryRow::applied))
    c.refuse(fmt::format("the migration {} is not applied, so there is no checksum to accept", c.name),
             "schemagate status");
  const std::size_t rows = c.count(&HistoryRow::applied);
  const std::string checksum = c.connection.literal(migration.checksum);
  const std::string stands = "finished_at IS NOT NULL AND rolled_back_at IS NULL";
  write(c, fenced(c,
                  fmt::format("UPDATE ONLY {} SET checksum = {} WHERE migration_name::text = {} AND {}", c.table.sql(),
                              checksum, c.connection.literal(c.name), stands),
                  rows) +
               proof(c, stands + " AND checksum::text = " + checksum, rows));
  return fmt::format("recorded the checksum of {}: sha256 {}", migration.file, migration.checksum);
}

}  // namespace

std::string resolve(Connection& connection, const HistoryTable& table, const Reading& reading, const Folder& folder,
                    Resolution resolution, const std::string& name, const Recorder& recorder) {
  const Case found{connection, table, reading, folder, name, recorder.place, recorder.locked};
  switch (resolution) {
    case Resolution::applied:
      return applied(found);
    case Resolution::rolled_back:
      return rolled_back(found);
    case Resolution::accept:
      return accept(found);
  }
  return {};
}

bool is_resolved(const History& history, const Folder& folder, Resolution resolution, const std::string& name) {
  const auto file = std::ranges::find(folder.migrations, name, &Migration::name);
  const auto is = [&](bool (HistoryRow::*state)() const) {
    return [&, state](const HistoryRow& row) { return row.name == name && (row.*state)(); };
  };
  if (resolution == Resolution::rolled_back) return std::ranges::none_of(history.rows, is(&HistoryRow::failed));
  return file != folder.migrations.end() && std::ranges::any_of(history.rows, [&](const HistoryRow& row) {
           return is(&HistoryRow::applied)(row) && row.checksum == file->checksum;
         });
}

}  // namespace schemagate
