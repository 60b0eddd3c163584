#include "database/trust.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "failure.hpp"
#include "text.hpp"

// Facts: PostgreSQL documentation, "Row Security Policies", "Generated Columns", pg_depend; and
// src/backend/utils/cache/relcache.c, RelationGetIndexExpressions(): the planner simplifies the expressions and
// conditions of a table's indexes, and so calls their immutable functions, for any query on the table.

namespace schemagate {
namespace {

std::string text(const Row& row, std::size_t column) { return row.at(column).value_or(""); }
bool truth(const Row& row, std::size_t column) { return row.at(column) == "t"; }

/// The relation `c`, without to_regclass(): that fails where the role may not use the schema.
std::string named(const Connection& connection, const HistoryTable& table) {
  return fmt::format(
      "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {} AND c.relname = "
      "'_prisma_migrations'",
      connection.literal(table.schema));
}

/// Roles that may do what we may: by membership, because a superuser would count as a member of every role.
constexpr const char* trusted_sql =
    "RECURSIVE h AS (SELECT c.oid, c.relkind, c.relispartition, c.relowner, c.relrowsecurity, n.nspowner FROM {}),"
    " ours(oid) AS (SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user"
    " UNION SELECT m.roleid FROM ours o JOIN pg_auth_members m ON m.member = o.oid),"
    " trusted(oid) AS (SELECT oid FROM ours UNION ALL SELECT oid FROM pg_roles WHERE rolsuper"
    " UNION ALL SELECT nspowner FROM h"
    " UNION ALL SELECT d.datdba FROM pg_database d WHERE d.datname = pg_catalog.current_database())";

constexpr const char* table_sql =
    "SELECT h.relkind, h.relispartition, pg_catalog.pg_get_userbyid(h.relowner),"
    " h.relowner IN (SELECT oid FROM trusted), pg_catalog.row_security_active(h.oid),"
    " pg_catalog.array_to_string(ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = h.oid"
    " AND a.attnum > '0' AND NOT a.attisdropped AND (a.atttypid >= '16384' OR a.attgenerated = 'v')), E'\\n') FROM h";

/// What PostgreSQL brings has no dependency; a cast is called by its function.
constexpr const char* called_sql =
    "parts(name, classid, objid) AS ("
    "SELECT pg_catalog.format('trigger %I', t.tgname), 'pg_trigger'::regclass::oid, t.oid"
    " FROM h JOIN pg_trigger t ON t.tgrelid = h.oid WHERE NOT t.tgisinternal"
    " UNION ALL SELECT pg_catalog.format('constraint %I', k.conname), 'pg_constraint'::regclass::oid, k.oid"
    " FROM h JOIN pg_constraint k ON k.conrelid = h.oid"
    " UNION ALL SELECT pg_catalog.format('default of %I', a.attname), 'pg_attrdef'::regclass::oid, d.oid"
    " FROM h JOIN pg_attrdef d ON d.adrelid = h.oid"
    " JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum"
    " UNION ALL SELECT pg_catalog.format('index %I', x.relname), 'pg_class'::regclass::oid, x.oid"
    " FROM h JOIN pg_index i ON i.indrelid = h.oid JOIN pg_class x ON x.oid = i.indexrelid"
    " UNION ALL SELECT pg_catalog.format('rule %I', w.rulename), 'pg_rewrite'::regclass::oid, w.oid"
    " FROM h JOIN pg_rewrite w ON w.ev_class = h.oid"
    " UNION ALL SELECT pg_catalog.format('policy %I', p.polname), 'pg_policy'::regclass::oid, p.oid"
    " FROM h JOIN pg_policy p ON p.polrelid = h.oid"
    " UNION ALL SELECT pg_catalog.format('statistics %I', s.stxname), 'pg_statistic_ext'::regclass::oid, s.oid"
    " FROM h JOIN pg_statistic_ext s ON s.stxrelid = h.oid),"
    // A domain's CHECK is a constraint of its type; an array's element is no dependency that the array has.
    " uses(name, classid, objid) AS (SELECT name, classid, objid FROM parts UNION SELECT u.name, x.classid, x.objid"
    " FROM uses u CROSS JOIN LATERAL (SELECT d.refclassid, d.refobjid FROM pg_depend d WHERE d.classid = u.classid"
    " AND d.objid = u.objid AND d.refclassid IN ('pg_proc'::regclass::oid, 'pg_operator'::regclass::oid,"
    " 'pg_type'::regclass::oid) UNION ALL SELECT 'pg_constraint'::regclass::oid, k.oid FROM pg_constraint k"
    " WHERE u.classid = 'pg_type'::regclass::oid AND k.contypid = u.objid"
    " UNION ALL SELECT u.classid, t.typelem FROM pg_type t WHERE u.classid = 'pg_type'::regclass::oid"
    " AND t.oid = u.objid AND t.typelem >= '16384') x(classid, objid)),"
    " called(name, kind, what, owner) AS ("
    "SELECT u.name, 'FUNCTION', f.oid::regprocedure::text, f.proowner FROM uses u JOIN pg_proc f ON f.oid = u.objid"
    " WHERE u.classid = 'pg_proc'::regclass::oid"
    " UNION ALL SELECT u.name, 'OPERATOR', o.oid::regoperator::text, o.oprowner FROM uses u"
    " JOIN pg_operator o ON o.oid = u.objid WHERE u.classid = 'pg_operator'::regclass::oid"
    " UNION ALL SELECT u.name, 'TYPE', t.oid::regtype::text, t.typowner FROM uses u JOIN pg_type t ON t.oid = u.objid"
    " WHERE u.classid = 'pg_type'::regclass::oid) ";

constexpr const char* foreign_sql =
    "SELECT DISTINCT c.name, c.kind, c.what, pg_catalog.pg_get_userbyid(c.owner) FROM called c"
    " WHERE c.owner NOT IN (SELECT oid FROM trusted) ORDER BY 1, 2, 3";

/// Those for our role. A missing USING hides nothing by itself (a policy for INSERT has none).
constexpr const char* policies_sql =
    "SELECT p.polname, p.polcmd, p.polpermissive, pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true',"
    " pg_catalog.pg_get_expr(COALESCE(p.polwithcheck, p.polqual), p.polrelid) = 'true'"
    " FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = {} AND c.relname = '_prisma_migrations' AND {} ORDER BY p.polname";

constexpr const char* policy_is_ours =
    "EXISTS (SELECT FROM pg_catalog.unnest(p.polroles) u(oid) WHERE u.oid = '0' OR pg_catalog.pg_has_role(u.oid, "
    "'USAGE'))";

std::string where(const Asker& asker) { return fmt::format("{}, table {}", asker.place, asker.table.sql()); }

std::string kind_of(const Standing& standing) {
  switch (standing.kind) {
    case 'v':
      return "a view";
    case 'm':
      return "a materialized view";
    case 'f':
      return "a foreign table";
    case 'p':
      return "a partitioned table";
    case 'r':
      return standing.partition ? "a partition" : "a table";
    default:
      return "no table";
  }
}

bool applies(const HistoryPolicy& policy, char command) { return policy.command == '*' || policy.command == command; }

/// Names of the policies that keep rows of this command from us, or what it means that there is none.
std::string in_the_way(const Standing& standing, char command, bool HistoryPolicy::*all) {
  std::vector<std::string> found;
  bool allowed = false;
  for (const HistoryPolicy& policy : standing.policies) {
    if (!applies(policy, command)) continue;
    allowed = allowed || policy.permissive;
    if (!(policy.*all)) found.push_back("policy " + Connection::identifier(policy.name));
  }
  if (!found.empty()) return join(found, ", ");
  return allowed ? "" : "no policy allows it";
}

const char* use_of(const std::string& kind) {
  if (kind == "FUNCTION") return "calls";
  return kind == "TYPE" ? "uses the type" : "uses the operator";
}

std::string policy_advice(const Standing& standing, const Asker& asker) {
  const std::string table = asker.table.sql();
  const std::string role = Connection::identifier(asker.role);
  if (standing.owner == asker.role) return fmt::format("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY;", table);
  return fmt::format(
      "one of these; the first as the table's owner, in place of the policies that apply to the role:\n"
      "  CREATE POLICY schemagate ON {0} TO {1} USING (true) WITH CHECK (true);\n"
      "  ALTER ROLE {1} BYPASSRLS;\n"
      "or set SCHEMAGATE_DATABASE_URL to the role {2}, which owns the table",
      table, role, Connection::identifier(standing.owner));
}

[[noreturn]] void refuse_hidden(const Standing& standing, const Asker& asker, const std::string& what,
                                const std::string& why) {
  throw Failure{ExitCode::no_permission,
                fmt::format("row-level security keeps the role {} from {} of the migration history: {}",
                            Connection::identifier(asker.role), what, why),
                where(asker), untouched, policy_advice(standing, asker)};
}

}  // namespace

Standing examine(Connection& connection, const HistoryTable& table) {
  const std::string with = "WITH " + fmt::format(fmt::runtime(trusted_sql), named(connection, table));
  const Reply reply =
      connection.send(with + " " + table_sql + "; " + with + ", " + called_sql + foreign_sql + "; " +
                      fmt::format(fmt::runtime(policies_sql), connection.literal(table.schema), policy_is_ours));
  if (reply.error) throw QueryFailed{*reply.error};
  Standing standing;
  for (const Row& row : reply.results.at(0))
    standing = {.kind = text(row, 0).at(0),
                .partition = truth(row, 1),
                .owner = text(row, 2),
                .trusted = truth(row, 3),
                .odd_columns = {},
                .foreign = {},
                .policies_apply = truth(row, 4),
                .policies = {}};
  if (standing.kind == ' ') return standing;
  if (const std::string odd = text(reply.results[0][0], 5); !odd.empty())
    for (const std::string_view name : split(odd, '\n')) standing.odd_columns.emplace_back(name);
  for (const Row& row : reply.results.at(1))
    standing.foreign.push_back({text(row, 0), text(row, 1), text(row, 2), text(row, 3)});
  for (const Row& row : reply.results.at(2))
    standing.policies.push_back({text(row, 0), text(row, 1).at(0), truth(row, 2), truth(row, 3), truth(row, 4)});
  return standing;
}

void require_table(const Standing& standing, const Asker& asker) {
  const std::string table = asker.table.sql();
  if (standing.kind != 'r' || standing.partition)
    throw Failure{ExitCode::refused,
                  fmt::format("{} is {} of the role {}, and Prisma's migration history is an ordinary table", table,
                              kind_of(standing), Connection::identifier(standing.owner)),
                  where(asker), untouched,
                  "find out who made it; rename or drop it, or point the URL to the right database and ?schema="};
  if (!standing.odd_columns.empty())
    throw Failure{ExitCode::refused,
                  fmt::format("{} has columns that Prisma's migration history does not have: {}, of a type that is not "
                              "PostgreSQL's own, or computed when they are read",
                              table, join(standing.odd_columns, ", ")),
                  where(asker), untouched,
                  "change them to Prisma's types (varchar, text, timestamptz, integer), or drop them"};
}

void require_trust(const Standing& standing, const Asker& asker) {
  const std::string table = asker.table.sql();
  const std::string owner = Connection::identifier(standing.owner);
  if (!standing.trusted)
    throw Failure{
        ExitCode::refused,
        fmt::format("the migration history {} belongs to the role {}, who could have anything done with the rights of "
                    "{}: it is neither that role nor one of which it is a member, no superuser, and not the owner of "
                    "the database or schema",
                    table, owner, Connection::identifier(asker.role)),
        where(asker), untouched,
        fmt::format("find out why; if the rows are right, as a superuser:\n  ALTER TABLE {} OWNER TO {};", table,
                    Connection::identifier(asker.role))};
  if (standing.foreign.empty()) return;
  std::vector<std::string> lines;
  for (const Called& called : standing.foreign)
    lines.push_back(fmt::format("{} {} {} of the role {}", called.by, use_of(called.kind), called.name,
                                Connection::identifier(called.owner)));
  throw Failure{
      ExitCode::refused,
      fmt::format("to write the migration history {} would run code of other roles with the rights of {}:\n"
                  "  {}",
                  table, Connection::identifier(asker.role), indent(join(lines, "\n"), 2)),
      where(asker), untouched,
      fmt::format("find out why; drop what uses it, or give it to the table's owner:\n  ALTER {} {} OWNER TO {};",
                  standing.foreign.front().kind, standing.foreign.front().name, owner)};
}

void require_visible(const Standing& standing, const Asker& asker) {
  if (!standing.policies_apply) return;
  const std::string why = in_the_way(standing, 'r', &HistoryPolicy::reads_all);
  if (!why.empty()) refuse_hidden(standing, asker, "reading rows", why);
}

void require_writable(const Standing& standing, const Asker& asker) {
  if (!standing.policies_apply) return;
  for (const auto& [command, all] :
       {std::pair{'a', &HistoryPolicy::writes_all}, std::pair{'w', &HistoryPolicy::reads_all},
        std::pair{'w', &HistoryPolicy::writes_all}})
    if (const std::string why = in_the_way(standing, command, all); !why.empty())
      refuse_hidden(standing, asker, "writing rows", why);
}

std::string reliable_sql(const Connection& connection, const HistoryTable& table) {
  return fmt::format(
      "LOCK TABLE ONLY {} IN ROW EXCLUSIVE MODE;WITH {}, {}SELECT '1'::int8 / pg_catalog.count(*) FROM h WHERE "
      "h.relowner IN (SELECT oid FROM trusted) AND NOT EXISTS (SELECT FROM called c WHERE c.owner NOT IN (SELECT oid "
      "FROM trusted));",
      table.sql(), fmt::format(fmt::runtime(trusted_sql), named(connection, table)), called_sql);
}

std::string readable_sql(bool reliable, bool policies) {
  std::string sql =
      "c.relkind = 'r' AND NOT c.relispartition AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid"
      " AND a.attnum > '0' AND NOT a.attisdropped AND (a.atttypid >= '16384' OR a.attgenerated = 'v'))";
  if (!reliable)
    sql +=
        " AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND (i.indexprs IS NOT NULL OR i.indpred IS "
        "NOT NULL)) AND NOT EXISTS (SELECT FROM pg_statistic_ext s WHERE s.stxrelid = c.oid)";
  if (policies)
    sql += fmt::format(
        " AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('r', '*')"
        " AND {0}) AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd IN ('r', '*') AND {0}"
        " AND pg_catalog.pg_get_expr(p.polqual, p.polrelid) IS DISTINCT FROM 'true')",
        policy_is_ours);
  return sql;
}

}  // namespace schemagate
