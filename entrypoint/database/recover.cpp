#include "database/recover.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>

#include "database/history.hpp"

// What a script has named is resolved by oid_of(), as the script would; from then on numbers, under the pins.

namespace schemagate {
namespace {

constexpr auto look_again = std::chrono::milliseconds{250};

/// What may wait for a lock: cancelled with us, and watched. It is sent without pins: every name in it is qualified.
void finish(Connection& connection, const std::string& sql, const Watcher& watcher) {
  const Outcome outcome = connection.run(sql, watcher);
  if (outcome.signal) throw Stopped{*outcome.signal};
  if (outcome.deadline) throw DeadlinePassed{};
  if (outcome.lost) throw ConnectionLost{outcome.error ? outcome.error->message : "the connection was lost"};
  if (outcome.error) throw QueryFailed{*outcome.error};
}

std::string value(Connection& connection, const std::string& sql) {
  const auto rows = connection.query(sql);
  return rows.empty() || rows[0].empty() ? "" : rows[0][0].value_or("");
}

/// A name without a schema, as the catalogs have it: cut to their length, which parse_ident() does not do.
std::string plain_name(const Connection& connection, const std::string& name) {
  return fmt::format("(pg_catalog.parse_ident({}))['1']::pg_catalog.name", connection.literal(name));
}

/// Only subscriptions are a database's own, though all are in one catalog.
std::string catalog_of(Effect effect) {
  switch (effect) {
    case Effect::create_database:
    case Effect::drop_database:
      return "pg_database WHERE datname";
    case Effect::create_tablespace:
    case Effect::drop_tablespace:
      return "pg_tablespace WHERE spcname";
    default:
      return "pg_subscription WHERE subdbid = (SELECT d.oid FROM pg_catalog.pg_database d"
             " WHERE d.datname = pg_catalog.current_database()) AND subname";
  }
}

bool exists(Connection& connection, const Deed& action) {
  return value(connection, fmt::format("SELECT EXISTS (SELECT FROM pg_catalog.{} = {})", catalog_of(action.effect),
                                       plain_name(connection, action.object))) == "t";
}

std::string numbers(Connection& connection, const std::string& condition) {
  return value(connection,
               "SELECT pg_catalog.string_agg(i.indexrelid::pg_catalog.text, ',')"
               " FROM pg_catalog.pg_index i WHERE " +
                   condition);
}

/// What a statement may have left.
struct Search {
  std::string tables;     ///< a query: those that the statement is at
  std::string condition;  ///< over pg_index `i`, pg_class `c` of the index and `t` of its table, their pg_namespace `n`
};

struct Index {
  std::string number;
  std::string table_number;
  std::string writers;  ///< the transactions that wrote its row in pg_index, and that changed or tried to
  std::string changed;
  std::string name;
  std::string table;
  bool valid = false;
  bool reachable = false;  ///< we may use its schema

  friend bool operator==(const Index&, const Index&) = default;
};

/// Those that were not there before.
std::vector<Index> look(Connection& connection, const Search& search, const std::string& before) {
  const auto rows = connection.query(fmt::format(
      "SELECT i.indexrelid, i.indrelid, i.xmin, i.xmax, pg_catalog.format('%I.%I', n.nspname, c.relname),"
      " pg_catalog.format('%I.%I', n.nspname, t.relname), i.indisvalid AND i.indisready AND i.indislive,"
      " pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
      " FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
      " JOIN pg_catalog.pg_class t ON t.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " WHERE NOT i.indexrelid = ANY ('{{{}}}'::pg_catalog.oid[]) AND {} ORDER BY i.indexrelid",
      before, search.condition));
  std::vector<Index> result;
  for (const Row& row : rows) {
    const auto text = [&row](std::size_t column) { return row.at(column).value_or(""); };
    result.push_back({text(0), text(1), text(2), text(3), text(4), text(5), text(6) == "t", text(7) == "t"});
  }
  return result;
}

/// VACUUM and ANALYZE take the same lock, build nothing, and give way to who queues behind an automatic one.
constexpr const char* vacuums =
    "EXISTS (SELECT FROM pg_catalog.pg_stat_progress_vacuum v WHERE v.pid = l.pid)"
    " OR EXISTS (SELECT FROM pg_catalog.pg_stat_progress_analyze v WHERE v.pid = l.pid)";

/// Who works at the indexes of the tables, or has changed one and not committed; empty when nobody does. Building and
/// dropping CONCURRENTLY hold SHARE UPDATE EXCLUSIVE on the table until just before their last COMMIT, other ways a
/// stronger lock (src/backend/commands/indexcmds.c, DefineIndex). pg_locks hides nothing from any role, as
/// pg_stat_progress_create_index does.
std::string other_session(Connection& connection, const Search& search, const std::vector<Index>& indexes) {
  std::vector<std::string> tables;
  std::vector<std::string> changes;
  for (const Index& index : indexes) {
    tables.push_back(index.table_number);
    changes.push_back(index.changed);
  }
  return value(
      connection,
      fmt::format(
          "SELECT CASE WHEN l.pid IS NULL THEN 'a prepared transaction' ELSE pg_catalog.format('pid %s, %s (%s)',"
          " l.pid, COALESCE(NULLIF(a.application_name, ''), 'no application name'), a.usename) END"
          " FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
          " WHERE l.granted AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() AND NOT ({})"
          " AND (l.transactionid = ANY ('{{{}}}'::pg_catalog.xid[]) OR (l.locktype = 'relation'"
          " AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')"
          " AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d"
          " WHERE d.datname = pg_catalog.current_database())"
          " AND (l.relation = ANY ('{{{}}}'::pg_catalog.oid[]) OR l.relation IN ({})))) LIMIT '1'",
          vacuums, fmt::join(changes, ","), fmt::join(tables, ","), search.tables));
}

/// What is there once no other session is at it. To send DROP or CREATE INDEX CONCURRENTLY before that would be more
/// than to wait: it queues for the table with a snapshot, the other one waits for snapshots, and the server ends the
/// deadlock by cancelling the other one. Two looks that agree, around one at the locks: a build that ends in between
/// may already have unlocked the table and its index not be valid yet.
std::vector<Index> settled(Connection& connection, const Search& search, const Interruption& interruption) {
  Clock::time_point tell = Clock::now() + interruption.watcher.first;
  for (;; connection.wait().pause(look_again)) {
    std::vector<Index> indexes = look(connection, search, interruption.before);
    if (indexes.empty() && !interruption.lost) return indexes;
    const std::string other = other_session(connection, search, indexes);
    if (other.empty() && look(connection, search, interruption.before) == indexes) return indexes;
    if (other.empty() || Clock::now() < tell || !interruption.waiting) continue;
    interruption.waiting(other);
    tell = Clock::now() + interruption.watcher.every;
  }
}

/// That of a TOAST table is in a schema that only superusers may use.
void drop(Connection& connection, const Index& index, const Interruption& interruption, Recovery& recovery) {
  const std::string sql = "DROP INDEX CONCURRENTLY IF EXISTS " + index.name;
  if (index.reachable) return finish(connection, sql, interruption.watcher);
  recovery.left.push_back(fmt::format(
      "the index {} is half of what was interrupted, in a schema that our role may not use; it stays until somebody "
      "who may does it: {}",
      index.name, sql));
}

/// Of index `i` and its pg_class `c`: all that stands behind the name, as the server words it.
std::string definition(const std::string& i, const std::string& c) {
  return fmt::format(
      "pg_catalog.substr(pg_catalog.pg_get_indexdef({0}.indexrelid), pg_catalog.length(pg_catalog.format("
      "'CREATE %sINDEX %I_', CASE WHEN {0}.indisunique THEN 'UNIQUE ' END, {1}.relname)))",
      i, c);
}

/// An index of these columns and nothing else, as PostgreSQL makes it.
std::string is_on(const Connection& connection, const std::vector<std::string>& columns) {
  std::string names;
  for (const std::string& column : columns)
    names += fmt::format(", pg_catalog.quote_ident({}::pg_catalog.text)", plain_name(connection, column));
  return fmt::format(
      "{} = pg_catalog.format(' ON %I.%I USING btree (%s)', n.nspname, t.relname, pg_catalog.concat_ws(', '{}))",
      definition("i", "c"), names);
}

/// A name that the server chooses ends so (src/backend/commands/indexcmds.c, ChooseIndexName).
std::string created(const Connection& connection, const Deed& action) {
  if (!action.object.empty()) return "c.relname = " + plain_name(connection, action.object);
  std::string result = fmt::format("c.relname ~ '_idx[0-9]*$' AND {}i.indisunique", action.unique ? "" : "NOT ");
  if (!action.columns.empty()) result += " AND " + is_on(connection, action.columns);
  return result;
}

std::string stays(const Index& index) {
  return fmt::format(
      "the index {0} has come to {1} since CREATE INDEX CONCURRENTLY was begun there, and nothing proves whose it is; "
      "it stays, and the statement runs again. If nobody needs it: DROP INDEX CONCURRENTLY {0}",
      index.name, index.table);
}

/// A name, or a definition that the statement spells out, proves that an index is its own. So does the time while its
/// session lives: two cannot build on one table at once.
Recovery recover_create(Connection& connection, const Deed& action, const Interruption& interruption) {
  const auto table = oid_of(connection, action.table);
  if (!table) return {};
  const bool known = !action.object.empty() || !action.columns.empty();
  const Search search{fmt::format("'{}'::pg_catalog.oid", *table),
                      fmt::format("i.indrelid = '{}' AND {}", *table, created(connection, action))};
  Recovery recovery;
  for (const Index& index : settled(connection, search, interruption)) {
    if (index.valid && known)
      recovery.fate = Fate::done;
    else if (!index.valid && (known || !interruption.lost))
      drop(connection, index, interruption, recovery);
    else if (interruption.lost)
      recovery.left.push_back(stays(index));
  }
  return recovery;
}

/// With its partitions, of a table or an index.
std::string family(const std::string& number) {
  return fmt::format(
      "SELECT '{0}'::pg_catalog.oid UNION ALL SELECT p.relid::pg_catalog.oid FROM pg_catalog.pg_partition_tree('{0}') "
      "p",
      number);
}

/// That index `b` is on such a table, or on its TOAST table.
std::string on_table(const std::string& condition) {
  return fmt::format("EXISTS (SELECT FROM pg_catalog.pg_class h WHERE b.indrelid IN (h.oid, h.reltoastrelid) AND {})",
                     condition);
}

/// A new index is built beside the old one `b`, the names are swapped, the old one is dropped: the one that is left has
/// the other's definition, and its name with an ending, cut to 63 bytes (src/backend/commands/indexcmds.c,
/// makeObjectName).
std::string copies(const std::string& original) {
  const std::string stem = "pg_catalog.regexp_replace(c.relname::pg_catalog.text, '_cc(new|old)[0-9]*$', '')";
  return fmt::format(
      "NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' AND EXISTS (SELECT FROM pg_catalog.pg_index b"
      " JOIN pg_catalog.pg_class d ON d.oid = b.indexrelid WHERE b.indrelid = i.indrelid"
      " AND b.indexrelid <> i.indexrelid AND (d.relname::pg_catalog.text = {0}"
      " OR (pg_catalog.octet_length(c.relname::pg_catalog.text) >= '60'"
      " AND pg_catalog.starts_with(d.relname::pg_catalog.text, {0}))) AND {1} = {2} AND {3})",
      stem, definition("i", "c"), definition("b", "d"), original);
}

/// Nothing when what it names is not there.
std::optional<Search> reindexed(Connection& connection, const Deed& action) {
  const std::string none = "'0'::pg_catalog.oid";
  if (action.extent == Extent::database) return Search{none, copies("true")};
  if (action.extent == Extent::schema)
    return Search{none, copies(on_table(fmt::format(
                            "h.relnamespace = (SELECT s.oid FROM pg_catalog.pg_namespace s WHERE s.nspname = {})",
                            plain_name(connection, action.object))))};
  const auto number = oid_of(connection, action.object);
  if (!number) return std::nullopt;
  const std::string all = family(*number);
  if (action.extent == Extent::table) return Search{all, copies(on_table("h.oid IN (" + all + ")"))};
  return Search{"SELECT x.indrelid FROM pg_catalog.pg_index x WHERE x.indexrelid IN (" + all + ")",
                copies("b.indexrelid IN (" + all + ")")};
}

Recovery recover_reindex(Connection& connection, const Deed& action, const Interruption& interruption) {
  Recovery recovery;
  const auto search = action.concurrent ? reindexed(connection, action) : std::nullopt;
  if (!search) return recovery;
  for (const Index& index : settled(connection, *search, interruption)) drop(connection, index, interruption, recovery);
  return recovery;
}

Fate detach_fate(Connection& connection, const Deed& action, const Watcher& watcher) {
  const auto parent = oid_of(connection, action.table);
  const auto partition = oid_of(connection, action.object);
  if (!parent || !partition) return Fate::again;
  const auto rows = connection.query(fmt::format(
      "SELECT h.inhdetachpending, pg_catalog.format('ALTER TABLE %I.%I DETACH PARTITION %I.%I FINALIZE',"
      " pn.nspname, p.relname, cn.nspname, c.relname) FROM pg_catalog.pg_inherits h"
      " JOIN pg_catalog.pg_class p ON p.oid = h.inhparent JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace"
      " JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace"
      " WHERE h.inhparent = '{}' AND h.inhrelid = '{}'",
      *parent, *partition));
  if (rows.empty()) return Fate::done;
  if (rows[0].at(0) != "t") return Fate::again;
  finish(connection, rows[0].at(1).value_or(""), watcher);
  return Fate::done;
}

Recovery gone_if(bool gone) { return {.fate = gone ? Fate::done : Fate::again}; }

}  // namespace

std::string evidence(Connection& connection, const Deed& action) {
  switch (action.effect) {
    case Effect::create_index: {
      const auto table = oid_of(connection, action.table);
      return table ? numbers(connection, fmt::format("i.indrelid = '{}'", *table)) : "";
    }
    case Effect::reindex:
      return numbers(connection, "NOT i.indisvalid");
    case Effect::create_database:
    case Effect::create_tablespace:
    case Effect::create_subscription:
      return exists(connection, action) ? "t" : "f";
    default:
      return {};
  }
}

Recovery recover(Connection& connection, const Deed& action, const Interruption& interruption) {
  switch (action.effect) {
    case Effect::create_index:
      return recover_create(connection, action, interruption);
    case Effect::reindex:
      return recover_reindex(connection, action, interruption);
    case Effect::detach:
      return {.fate = detach_fate(connection, action, interruption.watcher)};
    case Effect::drop_index:
      return gone_if(!oid_of(connection, action.object));
    case Effect::create_database:
    case Effect::create_tablespace:
    case Effect::create_subscription:
      return gone_if(interruption.before == "f" && exists(connection, action));
    case Effect::drop_database:
    case Effect::drop_tablespace:
    case Effect::drop_subscription:
      return gone_if(!exists(connection, action));
    case Effect::repeatable:
    case Effect::unknown:
      return {};
  }
  return {};
}

}  // namespace schemagate
