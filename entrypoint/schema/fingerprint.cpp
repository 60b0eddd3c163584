#include <fmt/format.h>

#include <array>

#include "schema/catalog.hpp"
#include "text.hpp"

// Every row that DDL inserts or updates has the xmin of its transaction, and every row that it deletes is missing. So
// the number of all rows and the sum of their xmin are equal only if nothing was changed: to replace rows by as many
// others makes the sum larger. It is taken modulo 2^32, as transaction ids are, so that their wrapping round changes
// nothing; a change by an exact multiple of that would be overlooked.
//
// That holds if all later transactions have larger ids than the rows. One that has taken its id already and comes with
// its DDL yet, or is prepared, may have a smaller one: as long as any is older than the newest row, the text is empty.
//
// VACUUM FREEZE leaves xmin as it was. What INSERT, nextval, ANALYZE and VACUUM write is in place, which keeps xmin, or
// in no catalog below. TRUNCATE, REINDEX, VACUUM FULL, CLUSTER and REFRESH rewrite rows of pg_class, and so cost one
// full verification. A default that is set or dropped rewrites its row of pg_attribute too.
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
    "CASE WHEN pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute') THEN"
    " pg_catalog.ts_rewrite('x', 'SELECT ''x''::pg_catalog.tsquery, system_identifier::pg_catalog.text::"
    "pg_catalog.tsquery FROM pg_catalog.pg_control_system()') END";

}  // namespace

std::string fingerprint_sql() {
  std::vector<std::string> parts;
  parts.reserve(catalogs.size());
  for (const Catalog& catalog : catalogs) parts.push_back(rows(catalog));
  // A copy has another system identifier (restored, upgraded) or another oid (made from a template).
  return fmt::format(
      "SELECT CASE WHEN cluster IS NOT NULL AND newest > pg_catalog.age(pg_catalog.xid("
      "pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot()))) THEN"
      " pg_catalog.concat_ws('.', pg_catalog.btrim(cluster::pg_catalog.text, ''''),"
      " (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),"
      " pg_catalog.current_setting('server_version_num'), n, total) ELSE '' END"
      " FROM (SELECT {}, pg_catalog.min(x & 4294967295), pg_catalog.count(x),"
      " (pg_catalog.count(x) * pg_catalog.age('3'::pg_catalog.xid) - pg_catalog.sum(x)) & 4294967295"
      " FROM (SELECT CASE WHEN rel <> ALL (ARRAY(SELECT oid FROM pg_catalog.pg_class WHERE relpersistence = 't'))"
      " THEN NULLIF(pg_catalog.age(xmin), 2147483647) END FROM ({}) r(rel, xmin)) s(x)) t(cluster, newest, n, total)",
      cluster, join(parts, " UNION ALL "));
}

}  // namespace schemagate
