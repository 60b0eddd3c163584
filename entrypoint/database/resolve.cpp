#include "database/resolve.hpp"

#include <fmt/format.h>

#include <algorithm>

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

std::string applied(const Case& c) {
  const Migration& migration = c.file();
  if (c.any(&HistoryRow::applied))
    c.refuse(fmt::format("the migration {} is already recorded as applied", c.name), "schemagate status");
  if (!c.reading.history.exists) create_history(c.connection, c.table, c.reading.server, c.place);
  // As Prisma writes it: logs empty instead of NULL, no steps.
  c.connection.query(fmt::format(
      "UPDATE {0} SET rolled_back_at = pg_catalog.now() WHERE migration_name = {2} AND finished_at IS NULL AND "
      "rolled_back_at IS NULL; "
      "INSERT INTO {0} (id, checksum, started_at, finished_at, migration_name, logs, applied_steps_count) VALUES "
      "({1}, {3}, pg_catalog.now(), pg_catalog.now(), {2}, '', 0)",
      c.table.sql(), c.connection.literal(new_id()), c.connection.literal(c.name),
      c.connection.literal(migration.checksum)));
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
  c.connection.query(
      fmt::format("UPDATE {} SET rolled_back_at = pg_catalog.now() WHERE migration_name = {} AND "
                  "finished_at IS NULL AND rolled_back_at IS NULL",
                  c.table.sql(), c.connection.literal(c.name)));
  return fmt::format("recorded {} as rolled back; it is pending again", c.name);
}

std::string accept(const Case& c) {
  const Migration& migration = c.file();
  if (!c.any(&HistoryRow::applied))
    c.refuse(fmt::format("the migration {} is not applied, so there is no checksum to accept", c.name),
             "schemagate status");
  c.connection.query(
      fmt::format("UPDATE {} SET checksum = {} WHERE migration_name = {} AND finished_at IS NOT NULL AND "
                  "rolled_back_at IS NULL",
                  c.table.sql(), c.connection.literal(migration.checksum), c.connection.literal(c.name)));
  return fmt::format("recorded the checksum of {}: sha256 {}", migration.file, migration.checksum);
}

}  // namespace

std::string resolve(Connection& connection, const HistoryTable& table, const Reading& reading, const Folder& folder,
                    Resolution resolution, const std::string& name, const std::string& place) {
  const Case found{connection, table, reading, folder, name, place};
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

}  // namespace schemagate
