#include "database/history.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "database/trust.hpp"
#include "failure.hpp"
#include "migrations/checksum.hpp"

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

/// How the rows are read: plainly, or with what examine() has found.
struct Manner {
  bool reliable = false;
  bool policies = false;
};

constexpr const char* server_sql =
    "SELECT pg_catalog.current_setting('server_version_num'),"
    " pg_catalog.pg_is_in_recovery() OR pg_catalog.current_setting('transaction_read_only') = 'on',"
    " pg_catalog.pg_backend_pid(), current_user, pg_catalog.current_database()";

/// Fails by itself (22012) for anything but an ordinary table, of which nothing else is asked then. By its name, and
/// locked, because a role that may create things could put a view in its place between two statements.
std::string guard_sql(const HistoryTable& table, const Connection& connection, Manner manner) {
  return fmt::format(
      "LOCK TABLE ONLY {0} IN ACCESS SHARE MODE; SELECT '1'::int8 / pg_catalog.count(*), pg_catalog.min((SELECT "
      "d.description FROM pg_description d WHERE d.objoid = c.oid AND d.classoid = '1259' AND d.objsubid = '0'))"
      " FROM pg_class c WHERE c.oid = {1}::regclass::oid AND {2}",
      table.sql(), connection.literal(table.sql()), readable_sql(manner.reliable, manner.policies));
}

/// One message, so one round trip; the facts are there even when the table is not.
std::string reading_sql(const HistoryTable& table, const Connection& connection, Manner manner,
                        const std::string& besides) {
  return fmt::format(
      "{}; {}; SELECT id, migration_name, checksum, {}, {}, rolled_back_at IS NOT NULL, CASE WHEN finished_at IS NULL "
      "THEN logs END FROM ONLY {} ORDER BY started_at, migration_name{}",
      server_sql, guard_sql(table, connection, manner), timestamp("started_at"), timestamp("finished_at"), table.sql(),
      besides.empty() ? "" : "; " + besides);
}

// The results of reading_sql().
constexpr std::size_t comment_result = 2;
constexpr std::size_t rows_result = 3;
constexpr std::size_t besides_result = 4;

/// Prisma's notion of "not empty": ordinary tables, but for those that PostGIS puts there.
std::vector<std::string> read_tables(Connection& connection, const HistoryTable& table) {
  std::vector<std::string> names;
  for (const Row& row : connection.query(fmt::format(
           "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
           " WHERE c.relkind = 'r' AND n.nspname = {}"
           " AND pg_catalog.lower(c.relname::text) NOT IN ('spatial_ref_sys', 'geometry_columns') ORDER BY 1",
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

/// The schema to which a search_path leads an unqualified name, as the role's other programs find it; empty if none.
std::string found_elsewhere(Connection& connection) {
  const std::optional<std::string> relation = oid_of(connection, "_prisma_migrations");
  if (!relation) return {};
  const auto rows = connection.query(fmt::format(
      "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = '{}' AND "
      "c.relpersistence <> 't'",
      *relation));
  return rows.empty() ? "" : text(rows[0], 0);
}

/// Prisma's statements are unqualified: where the URL names no schema, a role's or database's search_path may have led
/// it to another one, and taking that database for a new one would apply everything twice.
void refuse_elsewhere(Connection& connection, const HistoryTable& table, const std::string& place) {
  const std::string found = found_elsewhere(connection);
  if (found.empty() || found == table.schema) return;
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
  return !connection.query(fmt::format("SELECT FROM pg_namespace WHERE nspname = {}", connection.literal(table.schema)))
              .empty();
}

/// What was read, or why it could not be. `reply` has the facts at least.
struct Answer {
  Server server;
  Reply reply;
};

Answer ask_history(Connection& connection, const HistoryTable& table, Manner manner, const std::string& besides,
                   const std::function<void()>& meanwhile) {
  Reply reply = connection.send(reading_sql(table, connection, manner, besides), {.meanwhile = meanwhile});
  if (reply.results.empty()) throw QueryFailed{reply.error.value_or(ServerMessage{})};
  return {server_of(reply.results[0].at(0)), std::move(reply)};
}

bool is_read(const Reply& reply) { return reply.results.size() > rows_result; }

/// Our guard, a policy that would hide rows, or a relation that cannot be locked: the catalogs tell which.
bool needs_looking(const ServerMessage& error) {
  return error.sqlstate == "22012" || error.sqlstate == "42501" || error.sqlstate == "42809";
}

/// Once more, if what kept us from reading is known to do no harm.
Answer look_closer(Connection& connection, const HistoryTable& table, Answer first, const std::string& place,
                   const std::string& besides) {
  const Standing standing = examine(connection, table);
  const Asker asker{table, first.server.role, place};
  if (standing.kind == ' ') return first;
  require_table(standing, asker);
  if (first.reply.error->sqlstate == "22012") require_trust(standing, asker);
  require_visible(standing, asker);
  if (standing.policies_apply) connection.heed_policies();
  const Manner manner{standing.reliable(), standing.policies_apply};
  return ask_history(connection, table, manner, besides, {});
}

[[noreturn]] void refuse_creating(const ServerMessage& error, const HistoryTable& table, const std::string& place) {
  const std::string context = error.context.empty() ? "" : "\n  context: " + error.context;
  throw Failure{
      ExitCode::refused,
      fmt::format("the migration history {} cannot be created: {}{}", table.sql(), brief(error), context),
      fmt::format("{}, table {}", place, table.sql()), untouched,
      error.context.empty()
          ? "find out what has that name (a type?) and who made it; rename or drop it"
          : "mend or disable the event trigger (SELECT evtname, evtfoid::regprocedure FROM pg_event_trigger); it "
            "runs with search_path = pg_catalog: a function that needs another sets its own (ALTER FUNCTION … SET "
            "search_path = …)"};
}

}  // namespace

std::string HistoryTable::writers_advice() const {
  return fmt::format(
      "look at what writes to that table besides, its triggers and rules:\n"
      "  SELECT tgname, tgfoid::regprocedure FROM pg_trigger WHERE tgrelid = '{0}'::regclass::oid AND NOT "
      "tgisinternal;\n"
      "  SELECT rulename FROM pg_rewrite WHERE ev_class = '{0}'::regclass::oid;",
      sql());
}

std::optional<std::string> oid_of(Connection& connection, const std::string& name) {
  const Reply reply =
      connection.bare(fmt::format("SELECT pg_catalog.to_regclass({})::pg_catalog.oid", connection.literal(name)));
  // No right to use the schema that the name begins with.
  if (reply.error && reply.error->sqlstate == "42501") return std::nullopt;
  if (reply.error) throw QueryFailed{*reply.error};
  return reply.results.at(0).at(0).at(0);
}

Reading read_history(Connection& connection, const HistoryTable& table, const std::string& place,
                     const std::string& besides, const std::function<void()>& meanwhile) {
  const Manner plain{.reliable = false, .policies = connection.policies()};
  Answer answer = ask_history(connection, table, plain, besides, meanwhile);
  if (!is_read(answer.reply) && needs_looking(*answer.reply.error))
    answer = look_closer(connection, table, std::move(answer), place, besides);
  const Reply& reply = answer.reply;
  Reading reading{.server = answer.server, .history = {}, .comment = {}, .fingerprint = {}};
  // What was asked besides may fail alone; then there is no answer to it.
  if (is_read(reply)) {
    reading.history.exists = true;
    reading.comment = text(reply.results.at(comment_result).at(0), 1);
    for (const Row& row : reply.results.at(rows_result)) reading.history.rows.push_back(history_row(row));
    if (!besides.empty() && !reply.error) reading.fingerprint = text(reply.results.at(besides_result).at(0), 0);
    return reading;
  }
  // Nothing else means that the table is missing; a pooler's or a permission error must not end in CREATE TABLE.
  const bool missing = reply.error->sqlstate == "42P01" || reply.error->sqlstate == "3F000";
  if (!missing) refuse_reading(*reply.error, table, reading.server, place);
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
  // Another replica, where there is no lock, or somebody who wants us to believe it.
  const ServerMessage& error = *reply.error;
  const bool there = error.sqlstate == "42P07" || error.sqlstate == "23505" || error.sqlstate == "42710";
  if (there && error.context.empty() && examine(connection, table).kind != ' ')
    return require_write(connection, table, server, place);
  // Only code of somebody has a context: an event trigger's.
  if (there || !error.context.empty()) refuse_creating(error, table, place);
  if (reply.error->sqlstate == "42501" && missing)
    refuse_writing("CREATE", "DATABASE " + Connection::identifier(server.database), server, place);
  if (reply.error->sqlstate == "42501") refuse_writing("CREATE", "SCHEMA " + schema, server, place);
  throw QueryFailed{*reply.error};
}

void require_write(Connection& connection, const HistoryTable& table, const Server& server, const std::string& place) {
  const auto rows = connection.query(fmt::format(
      "SELECT pg_catalog.has_table_privilege(c.oid, 'INSERT'), pg_catalog.has_table_privilege(c.oid, 'UPDATE') FROM "
      "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {} AND c.relname = "
      "'_prisma_migrations'",
      connection.literal(table.schema)));
  const Standing standing = examine(connection, table);
  const Asker asker{table, server.role, place};
  require_table(standing, asker);
  require_trust(standing, asker);
  if (text(rows.at(0), 0) != "t") refuse_writing("INSERT", table.sql(), server, place);
  if (text(rows.at(0), 1) != "t") refuse_writing("UPDATE", table.sql(), server, place);
  require_writable(standing, asker);
  if (standing.policies_apply) connection.heed_policies();
}

std::string next_id(const History& history, const std::string& name, const std::string& checksum) {
  std::string before;
  for (const HistoryRow& row : history.rows)
    if (row.name == name) before = std::max(before, row.started_at + row.id);
  std::string hex = schemagate::checksum(name + "\n" + checksum + "\n" + before).substr(0, 32);
  hex[12] = '4';
  hex[16] = "89ab"[static_cast<unsigned>(hex[16]) % 4];
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                     hex.substr(20));
}

}  // namespace schemagate
