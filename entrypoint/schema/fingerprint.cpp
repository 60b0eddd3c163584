#include "schema/fingerprint.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <vector>

#include "text.hpp"

// Every row that DDL inserts or updates has the xmin of its transaction, and every row that it deletes is missing. So
// the number of all rows and the sum of their xmin are equal only if nothing was changed: to replace rows by as many
// others makes the sum larger. It is taken modulo 2^32, as transaction ids are, so that their wrapping round changes
// nothing; a change by an exact multiple of that would be overlooked.
//
// That holds if all later transactions have larger ids than the rows. One that has taken its id already and comes with
// its DDL yet, or is prepared, may have a smaller one: as long as any is older than the newest row, nothing is settled.
//
// VACUUM FREEZE leaves xmin as it was. What INSERT, nextval, ANALYZE and VACUUM write is in place, which keeps xmin, or
// in no catalog below. TRUNCATE, REINDEX, VACUUM FULL, CLUSTER and REFRESH rewrite rows of pg_class, and so cost one
// full verification. A default that is set or dropped rewrites its row of pg_attribute too.
//
// What a description shows and no row of these catalogs tells: another name of a role that a policy is for, and what
// ALTER EXTENSION … ADD and DROP take in and give up. `schemagate diff` always reads all.
//
// In a new session each function and each condition costs the planner as much as reading hundreds of rows: hence one
// plan, few functions, no conditions but a CASE, and age(): n * age('3') - sum(age) is sum(xmin) - 3n, whatever the
// current transaction is. Rows from initdb's bootstrap have the largest age for ever and are left out; rows of more
// than 2^31 transactions ago have a negative one.

namespace schemagate {
namespace {

struct Catalog {
  std::string_view name;
  std::string_view relation = "0::pg_catalog.oid";  ///< the one that a row belongs to, which may be temporary
  std::string_view rows{};                          ///< which of them, when not all
};

constexpr std::array<Catalog, 25> catalogs{{
    {.name = "class", .relation = "oid"},
    {.name = "attribute", .relation = "attrelid"},
    {.name = "constraint", .relation = "conrelid"},
    {.name = "index", .relation = "indrelid"},
    {.name = "trigger", .relation = "tgrelid"},
    {.name = "rewrite", .relation = "ev_class"},
    {.name = "policy", .relation = "polrelid"},
    {.name = "sequence", .relation = "seqrelid"},
    {.name = "inherits", .relation = "inhrelid"},
    // Not those of tables, of which temporary ones have two.
    {.name = "type", .rows = "typtype IN ('e', 'd', 'r')"},
    {.name = "namespace", .rows = "nspname NOT LIKE 'pg@_%' ESCAPE '@'"},
    {.name = "proc"},
    {.name = "enum"},
    {.name = "extension"},
    {.name = "statistic_ext"},
    {.name = "event_trigger"},
    {.name = "cast"},
    {.name = "collation"},
    {.name = "operator"},
    {.name = "opclass"},
    {.name = "ts_dict"},
    {.name = "ts_config"},
    {.name = "ts_config_map"},
    {.name = "foreign_table"},
    {.name = "foreign_server"},
}};

std::string rows(const Catalog& catalog) {
  const std::string xmin = catalog.rows.empty() ? "xmin" : fmt::format("CASE WHEN {} THEN xmin END", catalog.rows);
  return fmt::format("SELECT {}, {} FROM pg_catalog.pg_{}", catalog.relation, xmin, catalog.name);
}

// NULL for a role that may not ask. EXECUTE is required when a plan starts, also of what a CASE never reaches, so it
// must be in a query of its own: this is the one function that runs a text and needs neither a table nor libxml.
constexpr std::string_view cluster =
    "CASE WHEN pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute') THEN pg_catalog.btrim("
    "pg_catalog.ts_rewrite('x', 'SELECT ''x''::pg_catalog.tsquery, system_identifier::pg_catalog.text::"
    "pg_catalog.tsquery FROM pg_catalog.pg_control_system()')::pg_catalog.text, '''') END";

// Cluster, version, database: a copy has another system identifier (restored, upgraded) or oid (made from a template),
// which is in the path of its files; to look it up in pg_database would cost ten times as much. Empty for a role that
// may not ask.
std::string place() {
  return fmt::format(
      "({}) || '.' || pg_catalog.current_setting('server_version_num') || '.' ||"
      " pg_catalog.pg_relation_filepath('pg_catalog.pg_class')",
      cluster);
}

/// Every row of the catalogs: what it belongs to, and its age.
std::string ages() {
  std::vector<std::string> parts;
  parts.reserve(catalogs.size());
  for (const Catalog& catalog : catalogs) parts.push_back(rows(catalog));
  return fmt::format("SELECT rel, NULLIF(pg_catalog.age(xmin), 2147483647) FROM ({}) r(rel, xmin)",
                     join(parts, " UNION ALL "));
}

std::string total(std::string_view age) {
  return fmt::format(
      "pg_catalog.concat_ws('.', pg_catalog.count({0}), (pg_catalog.count({0}) * pg_catalog.age('3'::pg_catalog.xid) -"
      " pg_catalog.sum({0})) & 4294967295)",
      age);
}

/// Begins with the colon when nobody may know the place.
std::string placed(std::string_view place, std::string_view total) {
  return fmt::format("pg_catalog.concat(({}), ':', {})", place, total);
}

}  // namespace

std::string fingerprint_sql() {
  return fmt::format("SELECT {} FROM ({}) s(rel, x)", placed(place(), total("x")), ages());
}

std::string full_fingerprint_sql() {
  return fmt::format(
      "SELECT {}, {}, newest > pg_catalog.age(pg_catalog.xid(pg_catalog.pg_snapshot_xmin("
      "pg_catalog.pg_current_snapshot())))"
      " FROM (SELECT {}, {}, {}, pg_catalog.min(y::int8 & 4294967295) FROM"
      " (SELECT x, CASE WHEN rel <> ALL (ARRAY(SELECT oid FROM pg_catalog.pg_class WHERE relpersistence = 't'))"
      " THEN x END FROM ({}) a(rel, x)) s(x, y)) t(place, everything, lasting, newest)",
      placed("place", "everything"), placed("place", "lasting"), place(), total("x"), total("y"), ages());
}

Fingerprint read_fingerprint(const Row& row) {
  return {.everything = row.at(0).value_or(""), .lasting = row.at(1).value_or(""), .settled = row.at(2) == "t"};
}

Fingerprint fingerprint(Connection& connection) {
  return read_fingerprint(connection.query(full_fingerprint_sql()).at(0));
}

bool Fingerprint::same_as(const Fingerprint& other) const {
  return (!everything.empty() && everything == other.everything) || (!lasting.empty() && lasting == other.lasting);
}

std::string Fingerprint::mark() const { return settled && !lasting.starts_with(':') ? lasting : std::string{}; }

}  // namespace schemagate
