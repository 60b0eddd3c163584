#include "database/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "failure.hpp"

namespace schemagate {
namespace {

std::string text(const Row& row, std::size_t column) { return row.at(column).value_or(""); }

Server server_of(const Row& row) {
  return {.version = std::stoi(text(row, 0)),
          .read_only = text(row, 1) == "t",
          .backend_pid = std::stoi(text(row, 2)),
          .role = text(row, 3),
          .database = text(row, 4)};
}

HistoryRow history_row(const Row& row) {
  return {.id = text(row, 0),
          .name = text(row, 1),
          .checksum = text(row, 2),
          .started_at = text(row, 3),
          .finished_at = text(row, 4),
          .rolled_back = text(row, 5) == "t",
          .logs = text(row, 6)};
}

std::string timestamp(const char* column) {
  return fmt::format(R"(pg_catalog.to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))", column);
}

/// Two statements in one message: one round trip, and the facts are there even when the table is not.
std::string reading_sql(const HistoryTable& table, const std::string& schema, const std::string& besides) {
  return fmt::format(
      "SELECT pg_catalog.current_setting('server_version_num'),"
      " pg_catalog.pg_is_in_recovery() OR pg_catalog.current_setting('transaction_read_only') = 'on',"
      " pg_catalog.pg_backend_pid(), current_user, pg_catalog.current_database(),"
      // Not to_regclass: it fails where the role may not use the schema.
      " (SELECT d.description FROM pg_catalog.pg_description d JOIN pg_catalog.pg_class c ON c.oid = d.objoid"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE d.objsubid = 0"
      " AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass"
      " AND c.relname = '_prisma_migrations' AND n.nspname = {});"
      " SELECT id, migration_name, checksum, {}, {}, rolled_back_at IS NOT NULL,"
      " CASE WHEN finished_at IS NULL THEN logs END FROM {} ORDER BY started_at, migration_name{}",
      schema, timestamp("started_at"), timestamp("finished_at"), table.sql(), besides.empty() ? "" : "; " + besides);
}

/// Prisma's notion of "not empty": ordinary tables, but for those that PostGIS puts there.
std::vector<std::string> read_tables(Connection& connection, const HistoryTable& table) {
  std::vector<std::string> names;
  for (const Row& row : connection.query(fmt::format(
           "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
           " WHERE c.relkind = 'r' AND n.nspname = {}"
           " AND pg_catalog.lower(c.relname) NOT IN ('spatial_ref_sys', 'geometry_columns') ORDER BY 1",
           connection.literal(table.schema))))
    names.push_back(text(row, 0));
  return names;
}

[[noreturn]] void refuse_reading(const ServerMessage& error, const HistoryTable& table, const Server& server,
                                 const std::string& place) {
  const std::string where = fmt::format("{}, table {}", place, table.sql());
  if (error.sqlstate == "42501")
    throw Failure{ExitCode::no_permission,
                  fmt::format("the role \"{}\" may not read the migration history: {}", server.role, brief(error)),
                  where, untouched,
                  fmt::format("as its owner:\n  GRANT USAGE ON SCHEMA {} TO {};\n  GRANT SELECT ON {} TO {};",
                              Connection::identifier(table.schema), Connection::identifier(server.role), table.sql(),
                              Connection::identifier(server.role))};
  // Another column, another type (so no such function), or an index or a sequence of that name.
  if (error.sqlstate.starts_with("42"))
    throw Failure{ExitCode::refused,
                  fmt::format("the table {} is not Prisma's migration history: {}", table.sql(), brief(error)), where,
                  untouched, "rename that table, or point the URL to the right database and ?schema="};
  throw QueryFailed{error};
}

/// Prisma's statements are unqualified: where the URL names no schema, a role's or database's search_path may have led
/// it to another one, and taking that database for a new one would apply everything twice.
void refuse_elsewhere(Connection& connection, const HistoryTable& table, const std::string& place) {
  const auto rows = connection.query(
      "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " WHERE c.oid = pg_catalog.to_regclass('_prisma_migrations')");
  if (rows.empty() || text(rows[0], 0) == table.schema) return;
  const std::string found = text(rows[0], 0);
  throw Failure{
      ExitCode::refused,
      fmt::format("the migration history is in the schema \"{}\", to which this role's search_path leads, and "
                  "not in \"{}\"",
                  found, table.schema),
      fmt::format("{}, table {}", place, HistoryTable{found}.sql()), untouched,
      fmt::format("say which is meant: add ?schema={} to the URL (or ?schema={} for a new history)", found,
                  table.schema)};
}

[[noreturn]] void refuse_writing(const std::string& privilege, const std::string& object, const Server& server,
                                 const std::string& place) {
  throw Failure{
      ExitCode::no_permission,
      fmt::format("migrations are pending and the role \"{}\" lacks {} on {}", server.role, privilege, object), place,
      untouched,
      fmt::format("as the owner:  GRANT {} ON {} TO {}\nor set SCHEMAGATE_DATABASE_URL to a role that owns "
                  "the schema",
                  privilege, object, Connection::identifier(server.role))};
}

/// Byte for byte what Prisma sends (prisma-engines, sql-schema-connector, imperative_migration_persistence).
std::string create_sql(const HistoryTable& table) {
  return fmt::format(
      "CREATE TABLE {} (\n"
      "    id                      VARCHAR(36) PRIMARY KEY NOT NULL,\n"
      "    checksum                VARCHAR(64) NOT NULL,\n"
      "    finished_at             TIMESTAMPTZ,\n"
      "    migration_name          VARCHAR(255) NOT NULL,\n"
      "    logs                    TEXT,\n"
      "    rolled_back_at          TIMESTAMPTZ,\n"
      "    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),\n"
      "    applied_steps_count     INTEGER NOT NULL DEFAULT 0\n"
      ")",
      table.sql());
}

bool schema_exists(Connection& connection, const HistoryTable& table) {
  return !connection
              .query(fmt::format("SELECT FROM pg_catalog.pg_namespace WHERE nspname = {}",
                                 connection.literal(table.schema)))
              .empty();
}

}  // namespace

Reading read_history(Connection& connection, const HistoryTable& table, const std::string& place,
                     const std::string& besides, const std::function<void()>& meanwhile) {
  Reply reply =
      connection.send(reading_sql(table, connection.literal(table.schema), besides), {.meanwhile = meanwhile});
  if (reply.results.empty()) throw QueryFailed{reply.error.value_or(ServerMessage{})};
  const Row& facts = reply.results[0].at(0);
  Reading reading{.server = server_of(facts), .history = {}, .comment = text(facts, 5), .fingerprint = {}};
  // What was asked besides may fail alone; then there is no answer to it.
  if (reply.results.size() > 1) {
    reading.history.exists = true;
    for (const Row& row : reply.results.at(1)) reading.history.rows.push_back(history_row(row));
    if (!besides.empty() && !reply.error) reading.fingerprint = text(reply.results.at(2).at(0), 0);
    return reading;
  }
  // Nothing else means that the table is missing; a pooler's or a permission error must not end in CREATE TABLE.
  if (reply.error->sqlstate != "42P01") refuse_reading(*reply.error, table, reading.server, place);
  if (!table.named) refuse_elsewhere(connection, table, place);
  reading.history.tables = read_tables(connection, table);
  // Another replica created it between the two questions.
  if (std::ranges::count(reading.history.tables, "_prisma_migrations") > 0)
    return read_history(connection, table, place, besides);
  return reading;
}

void create_history(Connection& connection, const HistoryTable& table, const Server& server, const std::string& place) {
  const bool missing = !schema_exists(connection, table);
  const std::string schema = Connection::identifier(table.schema);
  const Reply reply =
      connection.send((missing ? "CREATE SCHEMA IF NOT EXISTS " + schema + "; " : "") + create_sql(table));
  if (!reply.error) return;
  if (reply.error->sqlstate == "42501" && missing)
    refuse_writing("CREATE", "DATABASE " + Connection::identifier(server.database), server, place);
  if (reply.error->sqlstate == "42501") refuse_writing("CREATE", "SCHEMA " + schema, server, place);
  throw QueryFailed{*reply.error};
}

void require_write(Connection& connection, const HistoryTable& table, const Server& server, const std::string& place) {
  const std::string name = connection.literal(table.sql());
  const auto rows = connection.query(fmt::format(
      "SELECT pg_catalog.has_table_privilege({0}, 'INSERT'), pg_catalog.has_table_privilege({0}, 'UPDATE')", name));
  if (text(rows.at(0), 0) != "t") refuse_writing("INSERT", table.sql(), server, place);
  if (text(rows.at(0), 1) != "t") refuse_writing("UPDATE", table.sql(), server, place);
}

std::string new_id() {
  static thread_local boost::uuids::random_generator generate;
  return boost::uuids::to_string(generate());
}

}  // namespace schemagate
