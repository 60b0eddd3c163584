#include <fmt/format.h>

#include <array>

#include "schema/catalog.hpp"
#include "text.hpp"

// Every row that DDL inserts or updates has the xmin of its transaction, which is newer than all that were there; every
// row that it deletes is missing. So of each catalog the number of rows and the sum of their xmin are equal only if
// nothing was changed: to replace some rows by as many others makes the sum larger. It is taken modulo 2^32, as
// transaction ids are, so that their wrapping round changes nothing; only a change that is a multiple of that would be
// overlooked. VACUUM FREEZE leaves xmin as it was. age() is by far the cheapest way to a number: n * age('3') -
// sum(age) is sum(xmin) - 3n whatever the current transaction is. Rows from initdb's bootstrap have the largest age for
// ever.
//
// pg_class is the exception: TRUNCATE, REINDEX, VACUUM FULL and REFRESH rewrite its rows. There the columns that a
// description shows are hashed; of TOAST tables only those with parameters, since VACUUM FULL makes new ones. What
// ANALYZE, VACUUM and nextval write is either in place, which keeps xmin, or in no catalog below.
//
// One plan with few kinds of expressions: in a new session planning costs as much as reading.

namespace schemagate {
namespace {

struct Catalog {
  std::string_view name;
  std::string_view relation;  ///< the column that names a relation, which may be temporary
  std::string_view rows{};    ///< of which rows, if not of all
};

constexpr std::array<Catalog, 25> catalogs{{
    {.name = "attribute", .relation = "attrelid", .rows = "attnum > 0"},
    {.name = "constraint", .relation = "conrelid"},
    {.name = "index", .relation = "indrelid"},
    {.name = "attrdef", .relation = "adrelid"},
    {.name = "trigger", .relation = "tgrelid"},
    {.name = "rewrite", .relation = "ev_class"},
    {.name = "policy", .relation = "polrelid"},
    {.name = "sequence", .relation = "seqrelid"},
    {.name = "inherits", .relation = "inhrelid"},
    {.name = "foreign_table", .relation = ""},
    {.name = "type", .relation = "", .rows = "typtype IN ('e', 'd', 'r')"},
    {.name = "namespace", .relation = "", .rows = "nspname NOT LIKE 'pg@_%' ESCAPE '@'"},
    {.name = "proc", .relation = ""},
    {.name = "enum", .relation = ""},
    {.name = "extension", .relation = ""},
    {.name = "statistic_ext", .relation = ""},
    {.name = "event_trigger", .relation = ""},
    {.name = "cast", .relation = ""},
    {.name = "collation", .relation = ""},
    {.name = "operator", .relation = ""},
    {.name = "opclass", .relation = ""},
    {.name = "ts_dict", .relation = ""},
    {.name = "ts_config", .relation = ""},
    {.name = "ts_config_map", .relation = ""},
    {.name = "foreign_server", .relation = ""},
}};

std::string counted(const Catalog& catalog) {
  // A CASE and not a condition, for whose selectivity the planner would read statistics.
  const std::string age = "NULLIF(pg_catalog.age(xmin), 2147483647)";
  const std::string value = catalog.rows.empty() ? age : fmt::format("CASE WHEN {} THEN {} END", catalog.rows, age);
  const std::string sql =
      fmt::format("SELECT pg_catalog.count({0}), pg_catalog.sum({0}) FROM pg_catalog.pg_{1}", value, catalog.name);
  if (catalog.relation.empty()) return sql;
  return fmt::format("{} WHERE {} <> ALL ((SELECT temporary FROM rel)::oid[])", sql, catalog.relation);
}

constexpr std::string_view relations = R"sql(
SELECT pg_catalog.sum(CASE
         WHEN relpersistence <> 't' AND NOT relispartition AND (relkind <> 't' OR reloptions IS NOT NULL) THEN
           pg_catalog.hashint8extended(
             relam::int8 << 32 | relpersistence::int << 16 | relreplident::int << 8 | relrowsecurity::int << 1
               | relforcerowsecurity::int,
             pg_catalog.hashnameextended(relname, COALESCE(pg_catalog.hash_array_extended(reloptions, place), place)))
       END) AS hash,
       COALESCE(pg_catalog.array_agg(oid) FILTER (WHERE relpersistence = 't'), '{}') AS temporary
FROM (SELECT *, relnamespace::int8 << 32 | reloftype::int8 AS place FROM pg_catalog.pg_class) c)sql";

}  // namespace

std::string fingerprint_sql(const Connection& /*connection*/, const std::vector<std::string>& /*schemas*/) {
  std::vector<std::string> counts;
  for (const Catalog& catalog : catalogs) counts.push_back(counted(catalog));
  // A copy has another system identifier (restored, upgraded) or another oid (made from a template).
  return fmt::format(
      "WITH rel AS MATERIALIZED ({}) SELECT pg_catalog.concat_ws('.',"
      " (SELECT system_identifier FROM pg_catalog.pg_control_system()),"
      " (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),"
      " pg_catalog.current_setting('server_version_num'), (SELECT hash FROM rel), pg_catalog.sum(n),"
      " pg_catalog.mod(pg_catalog.mod(pg_catalog.sum(n) * pg_catalog.age('3'::pg_catalog.xid) - pg_catalog.sum(x),"
      " 4294967296) + 4294967296, 4294967296)) FROM ({}) s(n, x)",
      relations, join(counts, " UNION ALL "));
}

}  // namespace schemagate
