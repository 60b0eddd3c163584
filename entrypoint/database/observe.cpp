#include "database/observe.hpp"

#include <fmt/format.h>

#include "database/values.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

/// Of pg_stat_activity `a`: `pid 12, schemagate/api-1 (app@10.0.0.7), connected since 12:00:01 UTC, active for 3 s`,
/// and what it runs.
constexpr const char* describe_sql =
    "pg_catalog.format('pid %s, %s (%s%s), connected since %s, %s%s', a.pid,"
    " COALESCE(NULLIF(a.application_name, ''), 'no application name'), a.usename,"
    " COALESCE('@' || pg_catalog.host(a.client_addr), ''),"
    " COALESCE(pg_catalog.to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC', 'a hidden "
    "time'),"
    " COALESCE(a.state, 'state hidden'),"
    " COALESCE(' for ' || EXTRACT(EPOCH FROM pg_catalog.now() - a.state_change)::int8::text || ' s', '')), "
    "pg_catalog.left(a.query, 1024)";

/// How far the session in `a` is with what the server counts (PostgreSQL documentation, "Progress Reporting"):
/// `building index: scanning table, 42 % (420 of 1000 blocks)`. Of CLUSTER and VACUUM FULL the total is known while the
/// table is read, and once it is sorted; what CREATE INDEX counted before it waits is left standing.
constexpr const char* phase_sql =
    "(SELECT pg_catalog.concat_ws(', ', p.phase, CASE"
    " WHEN p.total > '0' THEN pg_catalog.format('%s %% (%s of %s %s)', p.done * '100' / p.total, p.done, p.total, "
    "p.unit)"
    " WHEN p.done > '0' THEN pg_catalog.format('%s %s', p.done, p.unit) END) FROM ("
    "SELECT pid, phase, CASE WHEN w THEN lockers_done WHEN t THEN tuples_done ELSE blocks_done END,"
    " CASE WHEN w THEN lockers_total WHEN t THEN tuples_total ELSE blocks_total END,"
    " CASE WHEN w THEN 'sessions' WHEN t THEN 'tuples' ELSE 'blocks' END FROM pg_catalog.pg_stat_progress_create_index,"
    " LATERAL (SELECT phase LIKE 'waiting%', tuples_total > '0') AS unit(w, t)"
    " UNION ALL SELECT pid, phase, CASE phase WHEN 'vacuuming heap' THEN heap_blks_vacuumed ELSE heap_blks_scanned END,"
    " heap_blks_total, 'blocks' FROM pg_catalog.pg_stat_progress_vacuum"
    " UNION ALL SELECT pid, phase, CASE phase WHEN 'seq scanning heap' THEN heap_blks_scanned ELSE heap_tuples_written"
    " END, CASE phase WHEN 'seq scanning heap' THEN heap_blks_total WHEN 'writing new heap' THEN heap_tuples_scanned"
    " ELSE '0' END, CASE phase WHEN 'seq scanning heap' THEN 'blocks' ELSE 'tuples' END"
    " FROM pg_catalog.pg_stat_progress_cluster"
    " UNION ALL SELECT pid, phase, sample_blks_scanned, sample_blks_total, 'blocks'"
    " FROM pg_catalog.pg_stat_progress_analyze"
    " UNION ALL SELECT pid, command, CASE WHEN bytes_total > '0' THEN bytes_processed ELSE tuples_processed END,"
    " bytes_total, CASE WHEN bytes_total > '0' THEN 'bytes' ELSE 'tuples' END FROM pg_catalog.pg_stat_progress_copy"
    ") AS p(pid, phase, done, total, unit) WHERE p.pid = a.pid AND p.phase IS NOT NULL LIMIT 1)";

/// A statement of its own, a new one, or more of the same done.
constexpr const char* progress_sql = "pg_catalog.concat_ws(' ', a.pid, a.backend_start, a.query_start, {})";

std::string first(const std::vector<Row>& rows, std::size_t column) {
  return rows.empty() ? "" : rows[0].at(column).value_or("");
}

/// What describe_sql selects, from a column on.
std::string described(const std::vector<Row>& rows, std::size_t column) {
  const std::string query = shown_query(first(rows, column + 1), 160);
  return first(rows, column) + (query.empty() ? "" : ": " + query);
}

std::string behind(const std::string& sessions) {
  if (sessions.empty() || sessions == "0") return "";
  return fmt::format("; {} behind it", sessions == "1" ? "1 session waits" : sessions + " sessions wait");
}

/// Who is in the way of the backend, else how far it is, else what it waits for; empty when it runs.
std::string state_of(Connection& connection, const std::string& pid) {
  const auto blockers = connection.query(fmt::format(
      "SELECT {0}, COALESCE('; its transaction is open for ' || EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - "
      "a.xact_start)::int8::text || ' s', ''), (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity w WHERE "
      "{1} = ANY "
      "(pg_catalog.pg_blocking_pids(w.pid)) AND w.wait_event_type = 'Lock')"
      " FROM pg_catalog.pg_stat_activity a WHERE a.pid = ANY (pg_catalog.pg_blocking_pids({1}))",
      describe_sql, pid));
  if (!blockers.empty())
    return "waiting for a lock held by " + described(blockers, 0) + first(blockers, 2) + behind(first(blockers, 3));
  const auto states = connection.query(
      fmt::format("SELECT {}, CASE WHEN a.state = 'active' THEN a.wait_event_type || ' ' || a.wait_event END"
                  " FROM pg_catalog.pg_stat_activity a WHERE a.pid = {}",
                  phase_sql, pid));
  if (std::string phase = first(states, 0); !phase.empty()) return phase;
  const std::string event = first(states, 1);
  return event.empty() ? "" : "waiting on " + event;
}

}  // namespace

std::string lock_predicate() {
  return "l.locktype = 'advisory' AND l.classid = '0' AND l.objid = '72707369' AND l.objsubid = '1' AND l.granted"
         " AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = "
         "pg_catalog.current_database())";
}

std::optional<Session> lock_holder(Connection& connection) {
  const auto rows = connection.query(fmt::format(
      "SELECT a.pid, {}, {} FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid WHERE {}",
      describe_sql, fmt::format(progress_sql, phase_sql), lock_predicate()));
  if (rows.empty()) return std::nullopt;
  Session session{first(rows, 0), described(rows, 1), first(rows, 3)};
  if (const std::string state = state_of(connection, session.pid); !state.empty()) session.description += "; " + state;
  return session;
}

std::string activity(Connection& connection, int backend_pid) {
  const std::string state = state_of(connection, std::to_string(backend_pid));
  return state.empty() ? "running" : state;
}

}  // namespace schemagate
