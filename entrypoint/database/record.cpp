#include "database/record.hpp"

#include <fmt/format.h>

#include <string_view>

namespace schemagate {
namespace {

// Marks the rows that we rolled back.
constexpr const char* log_mark = "schemagate: ";

// Until COMMIT: what a script sets for its session holds for its next segment.
constexpr const char* as_ourselves = "SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL ROLE NONE; ";

}  // namespace

std::string session_sql() {
  // Not lock_timeout, which is ours, nor the roles, which as_ourselves hides.
  return "pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat("
         "(SELECT pg_catalog.string_agg(name || '=' || setting, ',' ORDER BY name) FROM pg_catalog.pg_settings WHERE "
         "source = 'session' AND name !~ '^transaction_' AND name NOT IN ('lock_timeout', 'role', "
         "'session_authorization')), '/',"
         " (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.pg_my_temp_schema()), "
         "'/', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_statements), '/',"
         " (SELECT pg_catalog.count(*) FROM pg_catalog.pg_cursors WHERE is_holdable)), 'UTF8')), 'hex'), 16)";
}

std::string Record::whole(const Migration& migration) const {
  return fmt::format(
      "\n;RESET SESSION AUTHORIZATION; RESET ROLE; INSERT INTO {} (id, checksum, finished_at, migration_name, logs, "
      "rolled_back_at, started_at, applied_steps_count) VALUES ({}, {}, pg_catalog.clock_timestamp(), {}, NULL, NULL, "
      "pg_catalog.now(), 1);\nCOMMIT",
      table_.sql(), connection_.literal(new_id()), connection_.literal(migration.checksum),
      connection_.literal(migration.name));
}

/// An expression, because only the server knows what the session holds at that moment.
std::string Record::logs(Progress progress) const {
  constexpr std::string_view here = "<session>";
  progress.session = here;
  const std::string whole = text(progress);
  const std::size_t at = whole.find(here);
  return fmt::format("{} || {} || {}", connection_.literal(whole.substr(0, at)), session_sql(),
                     connection_.literal(whole.substr(at + here.size())));
}

std::string Record::segment(const std::string& id, const Progress& progress) const {
  return fmt::format(
      "\n;{}UPDATE {} SET applied_steps_count = applied_steps_count + 1, logs = {} WHERE id = {};\nCOMMIT",
      as_ourselves, table_.sql(), logs(progress), connection_.literal(id));
}

std::string Record::rolled_back_before(const Migration& migration) const {
  return fmt::format(
      "migration_name = {} AND checksum = {} AND finished_at IS NULL AND rolled_back_at IS NOT NULL AND logs LIKE "
      "'{}%'",
      connection_.literal(migration.name), connection_.literal(migration.checksum), log_mark);
}

std::string Record::start(const Migration& migration, const std::optional<Progress>& progress) {
  const std::string logs = progress ? connection_.literal(text(*progress)) : "NULL";
  const auto rows = connection_.query(fmt::format(
      "WITH again AS (UPDATE {0} SET started_at = pg_catalog.now(), rolled_back_at = NULL, applied_steps_count = 0, "
      "logs = {5} WHERE {1} RETURNING id), fresh AS (INSERT INTO {0} (id, checksum, started_at, migration_name, logs) "
      "SELECT {2}, {3}, pg_catalog.now(), {4}, {5} WHERE NOT EXISTS (SELECT FROM again) RETURNING id) "
      "SELECT id FROM again UNION ALL SELECT id FROM fresh",
      table_.sql(), rolled_back_before(migration), connection_.literal(new_id()),
      connection_.literal(migration.checksum), connection_.literal(migration.name), logs));
  return rows.at(0).at(0).value_or("");
}

std::optional<ServerMessage> Record::rolled_back(const Migration& migration, const std::string& logs) {
  const Reply reply = connection_.send(fmt::format(
      "WITH again AS (UPDATE {0} SET started_at = pg_catalog.now(), rolled_back_at = pg_catalog.clock_timestamp(), "
      "logs = {5} WHERE {1} RETURNING id) INSERT INTO {0} (id, checksum, migration_name, logs, rolled_back_at, "
      "started_at) SELECT {2}, {3}, {4}, {5}, pg_catalog.clock_timestamp(), pg_catalog.now() WHERE NOT EXISTS (SELECT "
      "FROM again)",
      table_.sql(), rolled_back_before(migration), connection_.literal(new_id()),
      connection_.literal(migration.checksum), connection_.literal(migration.name),
      connection_.literal(log_mark + logs)));
  return reply.error;
}

std::optional<ServerMessage> Record::update(const std::string& id, const std::string& changes) {
  const Reply reply =
      connection_.send(fmt::format("BEGIN READ WRITE; {}UPDATE {} SET {} WHERE id = {} RETURNING id; "
                                   "COMMIT",
                                   as_ourselves, table_.sql(), changes, connection_.literal(id)));
  if (reply.error && connection_.transaction() == Transaction::failed) connection_.send("ROLLBACK");
  if (reply.error) return reply.error;
  constexpr std::size_t updated = 3;
  if (!reply.results.at(updated).empty()) return std::nullopt;
  return ServerMessage{.message = "the script removed the migration's row"};
}

std::optional<ServerMessage> Record::note(const std::string& id, const Progress& progress) {
  return update(id, "logs = " + logs(progress));
}

std::optional<ServerMessage> Record::finish(const std::string& id) {
  return update(id, "finished_at = pg_catalog.now(), applied_steps_count = 1, logs = NULL");
}

std::optional<ServerMessage> Record::fail(const std::string& id, const std::string& logs) {
  return update(id, "logs = " + connection_.literal(log_mark + logs));
}

std::optional<ServerMessage> Record::roll_back(const std::string& id, const std::string& logs) {
  return update(
      id, "rolled_back_at = pg_catalog.now(), applied_steps_count = 0, logs = " + connection_.literal(log_mark + logs));
}

}  // namespace schemagate
