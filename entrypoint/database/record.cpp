#include "database/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <string_view>

#include "database/lock.hpp"
#include "database/pins.hpp"
#include "database/trust.hpp"

namespace schemagate {
namespace {

// Marks the rows that we rolled back.
constexpr std::string_view log_mark = "schemagate: ";

// What a script has set for its session holds for its next segment, and at COMMIT, when a cursor WITH HOLD is run to
// its end: until then the settings stand here. The names of such settings need no extension.
constexpr const char* kept = "schemagate.session";

std::string new_token() {
  static thread_local boost::uuids::random_generator generate;
  return boost::uuids::to_string(generate());
}

std::string keep(std::string_view setting) {
  return fmt::format("pg_catalog.set_config('schemagate.{0}', pg_catalog.current_setting('{0}'), true)", setting);
}

std::string give_back(std::string_view setting) {
  return fmt::format("pg_catalog.set_config('{0}', pg_catalog.current_setting('schemagate.{0}'), true)", setting);
}

// Their order: to change the session's user resets the role.
constexpr std::array<std::string_view, 4> settings{"session_authorization", "role", "search_path", "row_security"};

std::string of_each(std::string (*sql)(std::string_view)) {
  std::string text;
  for (const std::string_view setting : settings) text += sql(setting) + ", ";
  return text;
}

std::string keep_session() { return fmt::format("pg_catalog.set_config('{}', {}, true), ", kept, session_sql()); }

/// Deferred triggers run as the script has left role and path, and so before ours.
std::string done_sql(const std::string& values, const std::string& token) {
  return fmt::format("\n;SET CONSTRAINTS ALL IMMEDIATE;SELECT {}'{}';", values, token);
}

// A trigger of the table may have deferred others again.
constexpr const char* deferred_again = "SET CONSTRAINTS ALL IMMEDIATE;";

/// A lock that the script gave away is ours again if nobody has it. What others have written meanwhile is seen by the
/// statement that follows this one, but not where the transaction keeps its snapshot.
constexpr const char* lock_again =
    "SELECT CASE pg_catalog.current_setting('transaction_isolation') WHEN 'read committed' THEN "
    "pg_catalog.pg_try_advisory_xact_lock('72707369'::int8) END, pg_catalog.current_setting('transaction_isolation');";

}  // namespace

std::string session_sql() {
  // Not lock_timeout, which is ours, nor the roles, which are reset for what we write. Nor what is as the session found
  // it: where SET LOCAL follows RESET in one transaction, the server takes the old value for the session's own.
  return "pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat("
         "(SELECT pg_catalog.string_agg(pg_catalog.concat(s.name, '=', s.setting), ',' ORDER BY s.name) FROM "
         "pg_catalog.pg_settings s WHERE s.source OPERATOR(pg_catalog.=) 'session' AND s.setting "
         "OPERATOR(pg_catalog.<>) "
         "s.reset_val AND s.name OPERATOR(pg_catalog.!~) "
         "'^transaction_' AND s.name OPERATOR(pg_catalog.<>) ALL (ARRAY['lock_timeout', 'role', "
         "'session_authorization']::pg_catalog.text[])), '/', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class c "
         "WHERE c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()), '/', (SELECT "
         "pg_catalog.count(*) "
         "FROM pg_catalog.pg_prepared_statements), '/', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_cursors c WHERE "
         "c.is_holdable)), 'UTF8')), 'hex'), 16)";
}

Slot slot(const History& history, const Migration& migration) {
  for (const HistoryRow& row : history.rows)
    if (row.name == migration.name && row.checksum == migration.checksum && row.finished_at.empty() &&
        row.rolled_back && row.logs.starts_with(log_mark))
      return {.id = row.id, .logs = row.logs, .rolled_back = true};
  return {.id = next_id(history, migration.name, migration.checksum)};
}

bool is_fence(const ServerMessage& error) {
  // Division by zero is ours; the others, that another transaction was first.
  constexpr std::array<std::string_view, 4> codes{"22012", "23505", "40001", "40P01"};
  return std::ranges::find(codes, error.sqlstate) != codes.end();
}

/// What a row becomes. Texts are SQL.
struct Record::Change {
  std::string logs;
  const char* finished = "NULL";
  const char* rolled_back = "NULL";
  std::string steps{};
  bool fenced = true;  ///< only under the lock
  std::string also{};  ///< what the last statement does besides
};

std::string Record::holding() const { return locked_ ? " AND " + holds_lock_sql() : ""; }

/// The row is there, and nobody has changed what we wrote.
std::string Record::proof(const std::string& id, const Change& change) const {
  const auto is_set = [](std::string_view value) { return value == "NULL" ? "IS NULL" : "IS NOT NULL"; };
  return fmt::format(
      "SELECT '1'::int8 / pg_catalog.count(*), {}pg_catalog.min(logs) FROM ONLY {} WHERE id::text = {} AND logs IS NOT "
      "DISTINCT FROM {} AND finished_at {} AND rolled_back_at {}{}",
      change.also, table_.sql(), connection_.literal(id), change.logs, is_set(change.finished),
      is_set(change.rolled_back), change.fenced ? holding() : "");
}

std::string Record::update(const Slot& row, const Change& change) const {
  return fmt::format(
      "WITH w AS (UPDATE ONLY {} SET finished_at = {}, rolled_back_at = {}, logs = {}{}{} WHERE id::text = {} AND logs "
      "IS NOT DISTINCT FROM {} AND finished_at IS NULL AND rolled_back_at {}{} RETURNING 1) SELECT '1'::int8 / "
      "pg_catalog.count(*) FROM w;{}{}",
      table_.sql(), change.finished, change.rolled_back, change.logs,
      row.rolled_back ? ", started_at = pg_catalog.now()" : "",
      change.steps.empty() ? "" : ", applied_steps_count = " + change.steps, connection_.literal(row.id),
      row.logs ? connection_.literal(*row.logs) : "NULL", row.rolled_back ? "IS NOT NULL" : "IS NULL",
      change.fenced ? holding() : "", deferred_again, proof(row.id, change));
}

/// Not beside a row of the same migration that stands.
std::string Record::insert(const Migration& migration, const std::string& id, const Change& change) const {
  const std::string name = connection_.literal(migration.name);
  return fmt::format(
      "WITH w AS (INSERT INTO {0} (id, checksum, finished_at, migration_name, logs, rolled_back_at, started_at, "
      "applied_steps_count) SELECT {1}, {2}, {3}, {4}, {5}, {6}, pg_catalog.now(), {7} WHERE NOT EXISTS (SELECT FROM "
      "ONLY {0} o WHERE o.migration_name::text = {4} AND o.rolled_back_at IS NULL){8} RETURNING 1) SELECT '1'::int8 / "
      "pg_catalog.count(*) FROM w;{9}{10} AND migration_name::text = {4} AND checksum::text = {2}",
      table_.sql(), connection_.literal(id), connection_.literal(migration.checksum), change.finished, name,
      change.logs, change.rolled_back, change.steps.empty() ? "'0'" : change.steps, change.fenced ? holding() : "",
      deferred_again, proof(id, change));
}

std::string Record::put(const Migration& migration, const Slot& row, const Change& change) const {
  return row.rolled_back ? update(row, change) : insert(migration, row.id, change);
}

Ending Record::whole(const Migration& migration, const std::string& id) const {
  const Change applied{.logs = "NULL", .finished = "pg_catalog.clock_timestamp()", .steps = "'1'"};
  std::string token = new_token();
  // Nobody will fetch from a cursor WITH HOLD, which COMMIT would run to its end as ourselves.
  std::string sql = done_sql("", token) + "CLOSE ALL;" + meaning_pins(connection_.policies()) +
                    reliable_sql(connection_, table_) + (locked_ ? lock_again : "") + insert(migration, id, applied) +
                    ";\nCOMMIT";
  return {std::move(token), std::move(sql)};
}

/// An expression, because only the server knows what the session holds at that moment.
std::string Record::logs(Progress progress) const {
  constexpr std::string_view here = "<session>";
  progress.session = here;
  const std::string whole = text(progress);
  const std::size_t at = whole.find(here);
  return fmt::format("pg_catalog.concat({}, pg_catalog.current_setting('{}'), {})",
                     connection_.literal(whole.substr(0, at)), kept,
                     connection_.literal(whole.substr(at + here.size())));
}

/// The last statement gives back to the script what is its own.
Ending Record::segment(const Slot& row, const Progress& progress) const {
  std::string token = new_token();
  const Change next{.logs = logs(progress), .steps = "applied_steps_count + '1'", .also = of_each(give_back)};
  std::string sql = done_sql(of_each(keep) + keep_session(), token) + meaning_pins(connection_.policies()) +
                    reliable_sql(connection_, table_) + (locked_ ? lock_again : "") + update(row, next) + ";\nCOMMIT";
  return {std::move(token), std::move(sql)};
}

/// In one transaction of its own. READ WRITE, because a script may have made the session's transactions read-only.
std::optional<ServerMessage> Record::write(Slot& row, const std::string& sql) {
  const Reply reply =
      connection_.bare(fmt::format("BEGIN READ WRITE;SELECT {}'';{}{}{};COMMIT", keep_session(),
                                   pins(connection_.policies()), reliable_sql(connection_, table_), sql));
  if (reply.error && connection_.transaction() == Transaction::failed) connection_.rollback();
  if (reply.error && reply.error->sqlstate == "22012")
    return ServerMessage{.sqlstate = "22012",
                         .message =
                             "the migration's row in the history is not as schemagate left it, or does not stay "
                             "as it is written"};
  if (reply.error) return reply.error;
  row.logs = reply.results.at(reply.results.size() - 2).at(0).at(1);
  row.rolled_back = false;
  return std::nullopt;
}

std::optional<ServerMessage> Record::start(const Migration& migration, Slot& row,
                                           const std::optional<Progress>& progress) {
  return write(row, put(migration, row, {.logs = progress ? connection_.literal(text(*progress)) : "NULL"}));
}

std::optional<ServerMessage> Record::rolled_back(const Migration& migration, Slot& row, const std::string& logs) {
  return write(row, put(migration, row,
                        {.logs = connection_.literal(std::string{log_mark} + logs),
                         .rolled_back = "pg_catalog.clock_timestamp()",
                         .fenced = false}));
}

std::optional<ServerMessage> Record::announce(Slot& row, const Progress& progress) {
  return write(row, update(row, {.logs = logs(progress)}));
}

std::optional<ServerMessage> Record::note(Slot& row, const Progress& progress) {
  return write(row, update(row, {.logs = logs(progress), .fenced = false}));
}

std::optional<ServerMessage> Record::finish(Slot& row) {
  return write(row, update(row, {.logs = "NULL", .finished = "pg_catalog.now()", .steps = "'1'", .fenced = false}));
}

std::optional<ServerMessage> Record::fail(Slot& row, const std::string& logs) {
  return write(row, update(row, {.logs = connection_.literal(std::string{log_mark} + logs), .fenced = false}));
}

std::optional<ServerMessage> Record::roll_back(Slot& row, const std::string& logs) {
  return write(row, update(row, {.logs = connection_.literal(std::string{log_mark} + logs),
                                 .rolled_back = "pg_catalog.now()",
                                 .steps = "'0'",
                                 .fenced = false}));
}

}  // namespace schemagate
