#include "database/recover.hpp"

#include <fmt/format.h>

namespace schemagate {
namespace {

/// What may wait for a lock: cancelled with us, and watched.
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

bool is_true(Connection& connection, const std::string& condition) {
  return value(connection, "SELECT " + condition) == "t";
}

/// Names are as the script writes them, and mean what they mean under its search_path.
std::string relation(const Connection& connection, const std::string& name) {
  return fmt::format("pg_catalog.to_regclass({})", connection.literal(name));
}

/// The last part of a name, as the catalogs have it.
std::string plain_name(const Connection& connection, const std::string& name) {
  const std::string parts = fmt::format("pg_catalog.parse_ident({})", connection.literal(name));
  return fmt::format("({0})[pg_catalog.array_length({0}, 1)]", parts);
}

const char* catalog_of(Effect effect) {
  switch (effect) {
    case Effect::create_database:
    case Effect::drop_database:
      return "pg_database WHERE datname";
    case Effect::create_tablespace:
    case Effect::drop_tablespace:
      return "pg_tablespace WHERE spcname";
    default:
      return "pg_subscription WHERE subname";
  }
}

std::string exists(const Connection& connection, const Deed& action) {
  return fmt::format("EXISTS (SELECT FROM pg_catalog.{} = {})", catalog_of(action.effect),
                     plain_name(connection, action.object));
}

std::string numbers(const std::string& condition) {
  return "SELECT pg_catalog.string_agg(i.indexrelid::text, ',') FROM pg_catalog.pg_index i WHERE " + condition;
}

/// Quoted name and whether it is usable, of indexes `i` that were not there before.
std::vector<Row> new_indexes(Connection& connection, const std::string& before, const std::string& condition) {
  return connection.query(fmt::format(
      "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), i.indisvalid AND i.indisready AND i.indislive"
      " FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " WHERE NOT i.indexrelid = ANY ('{{{}}}'::pg_catalog.oid[]) AND {}",
      before, condition));
}

Fate index_fate(Connection& connection, const Deed& action, const std::string& before, const Watcher& watcher) {
  std::string condition = "i.indrelid = " + relation(connection, action.table);
  if (!action.object.empty()) condition += " AND c.relname = " + plain_name(connection, action.object);
  Fate fate = Fate::again;
  for (const Row& index : new_indexes(connection, before, condition)) {
    if (index.at(1) == "t")
      fate = Fate::done;
    else
      finish(connection, "DROP INDEX CONCURRENTLY IF EXISTS " + index.at(0).value_or(""), watcher);
  }
  return fate;
}

/// It builds new indexes beside the old ones, and swaps their names.
Fate reindex_fate(Connection& connection, const std::string& before, const Watcher& watcher) {
  for (const Row& index : new_indexes(connection, before, "NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'"))
    finish(connection, "DROP INDEX CONCURRENTLY IF EXISTS " + index.at(0).value_or(""), watcher);
  return Fate::again;
}

Fate detach_fate(Connection& connection, const Deed& action, const Watcher& watcher) {
  const std::string pending =
      value(connection,
            fmt::format("SELECT inhdetachpending FROM pg_catalog.pg_inherits WHERE inhparent = {} AND inhrelid = {}",
                        relation(connection, action.table), relation(connection, action.object)));
  if (pending == "t")
    finish(connection, fmt::format("ALTER TABLE {} DETACH PARTITION {} FINALIZE", action.table, action.object),
           watcher);
  return pending == "f" ? Fate::again : Fate::done;
}

Fate gone_if(bool gone) { return gone ? Fate::done : Fate::again; }

}  // namespace

std::string evidence(Connection& connection, const Deed& action) {
  switch (action.effect) {
    case Effect::create_index:
      return value(connection, numbers("i.indrelid = " + relation(connection, action.table)));
    case Effect::reindex:
      return value(connection, numbers("NOT i.indisvalid"));
    case Effect::create_database:
    case Effect::create_tablespace:
    case Effect::create_subscription:
      return value(connection, "SELECT " + exists(connection, action));
    default:
      return {};
  }
}

Fate recover(Connection& connection, const Deed& action, const std::string& before, const Watcher& watcher) {
  switch (action.effect) {
    case Effect::create_index:
      return index_fate(connection, action, before, watcher);
    case Effect::reindex:
      return reindex_fate(connection, before, watcher);
    case Effect::detach:
      return detach_fate(connection, action, watcher);
    case Effect::drop_index:
      return gone_if(is_true(connection, relation(connection, action.object) + " IS NULL"));
    case Effect::create_database:
    case Effect::create_tablespace:
    case Effect::create_subscription:
      return gone_if(before == "f" && is_true(connection, exists(connection, action)));
    case Effect::drop_database:
    case Effect::drop_tablespace:
    case Effect::drop_subscription:
      return gone_if(!is_true(connection, exists(connection, action)));
    case Effect::repeatable:
    case Effect::unknown:
      return Fate::again;
  }
  return Fate::again;
}

}  // namespace schemagate
