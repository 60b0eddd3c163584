#include "database/survey.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "database/values.hpp"
#include "migrations/lexer.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr auto sampled = std::chrono::seconds{1};

constexpr const char* opening =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '10s'; SET LOCAL lock_timeout = "
    "'500ms'; ";
// Results of BEGIN and the two SETs.
constexpr std::size_t first_answer = 3;

std::string text(const Row& row, std::size_t column) { return row.at(column).value_or(""); }
bool truth(const Row& row, std::size_t column) { return text(row, column) == "t"; }
Oid oid(const Row& row, std::size_t column) {
  return static_cast<Oid>(std::strtoul(text(row, column).c_str(), nullptr, 10));
}
double number(const Row& row, std::size_t column) { return std::strtod(text(row, column).c_str(), nullptr); }
std::optional<double> known(const Row& row, std::size_t column) {
  return row.at(column) ? std::optional{number(row, column)} : std::nullopt;
}
char letter(const Row& row, std::size_t column) {
  const std::string found = text(row, column);
  return found.empty() ? ' ' : found[0];
}

std::vector<std::string> lines(const Row& row, std::size_t column) {
  const std::string found = text(row, column);
  if (found.empty()) return {};
  const auto pieces = split(found, '\n');
  return {pieces.begin(), pieces.end()};
}

std::vector<Oid> oids(const Row& row, std::size_t column) {
  std::vector<Oid> result;
  for (const std::string& line : lines(row, column))
    result.push_back(static_cast<Oid>(std::strtoul(line.c_str(), nullptr, 10)));
  return result;
}

template <typename Texts>
std::string array(const Connection& connection, const Texts& texts) {
  std::vector<std::string> literals;
  literals.reserve(texts.size());
  for (const std::string& text : texts) literals.push_back(connection.literal(text));
  return "ARRAY[" + join(literals, ", ") + "]::pg_catalog.text[]";
}

/// The schemas that a script's names are searched in, first to last: those of the session, before our pins.
std::string path_sql(Connection& connection, const Questions& questions) {
  if (!questions.schema.empty())
    return fmt::format("ARRAY['pg_catalog', {}]::text[]", connection.literal(questions.schema));
  const Reply reply = connection.bare("SELECT pg_catalog.unnest(pg_catalog.current_schemas(true))");
  if (reply.error) throw QueryFailed{*reply.error};
  std::vector<std::string> schemas;
  for (const Row& row : reply.results.at(0)) schemas.push_back(text(row, 0));
  return array(connection, schemas);
}

/// What is named, the tables of indexes, what refers to them or is referred to, what inherits and from whom.
std::string related_sql(const Connection& connection, const Questions& questions, const std::string& path) {
  std::vector<std::string> qualified;
  std::set<std::string> names;
  for (const auto& [schema, name] : questions.relations)
    if (schema.empty())
      names.insert(name);
    else
      qualified.push_back(fmt::format("({}, {})", connection.literal(schema), connection.literal(name)));
  return fmt::format(
      "WITH RECURSIVE named AS (SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
      " ON n.oid = c.relnamespace WHERE (n.nspname, c.relname) IN (('', ''){}{}) OR (c.relname = ANY ({}) AND"
      " (n.nspname = ANY ({}) OR n.nspname = ANY ({})))),"
      " tables AS (SELECT oid FROM named UNION SELECT i.indrelid FROM pg_catalog.pg_index i JOIN named n"
      " ON n.oid = i.indexrelid),"
      " keys AS (SELECT oid FROM tables UNION SELECT f.confrelid FROM pg_catalog.pg_constraint f JOIN tables t"
      " ON t.oid = f.conrelid WHERE f.contype = 'f' UNION SELECT f.conrelid FROM pg_catalog.pg_constraint f"
      " JOIN tables t ON t.oid = f.confrelid WHERE f.contype = 'f'),"
      " tree AS (SELECT oid FROM keys UNION SELECT below.oid FROM tree t, LATERAL (SELECT h.inhrelid"
      " FROM pg_catalog.pg_inherits h WHERE h.inhparent = t.oid UNION ALL SELECT v.ev_class FROM pg_catalog.pg_depend d"
      " JOIN pg_catalog.pg_rewrite v ON v.oid = d.objid WHERE d.refobjid = t.oid"
      " AND d.classid = 'pg_rewrite'::regclass::oid"
      " AND d.refclassid = 'pg_class'::regclass::oid) below (oid)),"
      " related AS (SELECT oid FROM tree UNION SELECT h.inhparent FROM pg_catalog.pg_inherits h JOIN tree t"
      " ON t.oid = h.inhrelid) ",
      qualified.empty() ? "" : ", ", join(qualified, ", "), array(connection, names), path,
      array(connection, questions.paths));
}

std::string server_sql(const std::string& path) {
  return fmt::format(
      "SELECT pg_catalog.current_setting('server_version_num'), current_user, pg_catalog.current_database(),"
      " r.rolsuper, pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),"
      " pg_catalog.current_setting('TimeZone'), pg_catalog.array_to_string({}, E'\\n'),"
      " pg_catalog.current_setting('azure.extensions', true),"
      " COALESCE((SELECT pg_catalog.pg_has_role(a.oid, 'MEMBER') FROM pg_catalog.pg_roles a"
      " WHERE a.rolname = 'azure_pg_admin'), true), pg_catalog.current_setting('track_counts'),"
      // In place of the statements of other roles, for who is not of pg_read_all_stats.
      " EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datname = pg_catalog.current_database()"
      " AND a.query = '<insufficient privilege>')"
      " FROM pg_catalog.pg_roles r WHERE r.rolname = current_user; "
      "SELECT nspname, pg_catalog.has_schema_privilege(oid, 'CREATE') FROM pg_catalog.pg_namespace; ",
      path);
}

/// Estimates, for which no lock is needed.
constexpr const char* relations_sql =
    "SELECT c.oid, n.nspname, c.relname, c.relkind, i.indisunique, i.indrelid,"
    " CASE WHEN c.reltuples >= '0' THEN c.reltuples WHEN c.relkind IN ('r', 'm') THEN"
    " pg_catalog.pg_stat_get_live_tuples(c.oid) END,"
    " CASE WHEN c.relpages > '0' THEN c.relpages::float8 * pg_catalog.current_setting('block_size')::float8 END,"
    " pg_catalog.pg_has_role(c.relowner, 'USAGE'),"
    " pg_catalog.array_to_string(ARRAY(SELECT p FROM pg_catalog.unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',"
    " 'REFERENCES', 'TRIGGER'] || CASE WHEN pg_catalog.current_setting('server_version_num')::int >= '170000'"
    " THEN ARRAY['MAINTAIN'] ELSE ARRAY[]::text[] END) p WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"
    " AND pg_catalog.has_table_privilege(c.oid, p)), E'\\n'),"
    " (SELECT pg_catalog.string_agg(h.inhparent::text, E'\\n') FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid),"
    " (SELECT p.partdefid FROM pg_catalog.pg_partitioned_table p WHERE p.partrelid = c.oid),"
    " (SELECT pg_catalog.string_agg(DISTINCT v.ev_class::text, E'\\n') FROM pg_catalog.pg_depend d"
    " JOIN pg_catalog.pg_rewrite v ON v.oid = d.objid WHERE d.refobjid = c.oid AND v.ev_class <> c.oid"
    " AND d.classid = 'pg_rewrite'::regclass::oid"
    " AND d.refclassid = 'pg_class'::regclass::oid)"
    " FROM related JOIN pg_catalog.pg_class c USING (oid) JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid; ";

constexpr const char* columns_sql =
    "SELECT a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,"
    " a.atthasdef OR a.attidentity <> '', CASE WHEN a.attcollation <> t.typcollation THEN (SELECT c.collname"
    " FROM pg_catalog.pg_collation c WHERE c.oid = a.attcollation) END, EXISTS (SELECT FROM pg_catalog.pg_index i"
    " WHERE i.indrelid = a.attrelid AND (a.attnum = ANY (i.indkey::int2[]) OR i.indexprs IS NOT NULL OR i.indpred IS "
    "NOT"
    " NULL)) FROM related JOIN pg_catalog.pg_attribute a ON a.attrelid = related.oid"
    " JOIN pg_catalog.pg_type t ON t.oid = a.atttypid WHERE a.attnum > '0' AND NOT a.attisdropped; ";

constexpr const char* constraints_sql =
    "SELECT k.conrelid, k.conname, k.contype, k.convalidated, k.confrelid, pg_catalog.array_to_string(ARRAY("
    "SELECT a.attname FROM pg_catalog.pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)), "
    "E'\\n'), pg_catalog.array_to_string(ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute a"
    " WHERE a.attrelid = k.confrelid AND a.attnum = ANY (k.confkey)), E'\\n')"
    " FROM related JOIN pg_catalog.pg_constraint k ON k.conrelid = related.oid; ";

/// A prepared transaction has no session.
constexpr const char* session_columns =
    "COALESCE(NULLIF(a.application_name, ''), 'no application name') || ' (' || COALESCE(a.usename, a.backend_type, "
    "'?') ||"
    " COALESCE('@' || pg_catalog.host(a.client_addr), '') || ')', a.state,"
    " EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.xact_start)::bigint,"
    " pg_catalog.left(a.query, 1024)";

std::string holders_sql() {
  return fmt::format(
      "SELECT l.relation, l.mode, l.granted, l.pid, {} FROM related JOIN pg_catalog.pg_locks l ON l.relation = "
      "related.oid"
      " LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'relation' AND l.database ="
      " (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())"
      " AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() ORDER BY a.xact_start, l.pid, l.relation; ",
      session_columns);
}

std::string oldest_sql() {
  return fmt::format(
      "SELECT NULL, NULL, true, a.pid, {} FROM pg_catalog.pg_stat_activity a WHERE a.datname ="
      " pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid() AND a.backend_type = 'client backend'"
      " AND (a.backend_xid IS NOT NULL OR a.backend_xmin IS NOT NULL) ORDER BY a.xact_start LIMIT 1; ",
      session_columns);
}

std::string functions_sql(const Connection& connection, const Questions& questions) {
  return fmt::format(
      "SELECT proname, pg_catalog.max(provolatile::text), pg_catalog.bool_and(pronamespace ="
      " 'pg_catalog'::regnamespace::oid) FROM pg_catalog.pg_proc WHERE proname = ANY ({}) GROUP BY proname; ",
      array(connection, questions.functions));
}

std::string types_sql(const Connection& connection, const Questions& questions) {
  return fmt::format(
      "SELECT n.nspname || '.' || t.typname, pg_catalog.pg_has_role(t.typowner, 'USAGE'), pg_catalog.pg_has_role("
      "n.nspowner, 'USAGE'), EXISTS (WITH RECURSIVE below AS (SELECT t.oid, t.typbasetype, t.typnotnull UNION ALL"
      " SELECT b.oid, b.typbasetype, b.typnotnull FROM below JOIN pg_catalog.pg_type b ON b.oid = below.typbasetype)"
      " SELECT FROM below WHERE typnotnull OR EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.contypid ="
      // Calls, without what stands in literals.
      " below.oid)), EXISTS (SELECT FROM pg_catalog.regexp_matches(pg_catalog.regexp_replace(pg_catalog.pg_get_expr("
      "t.typdefaultbin, 0), '''[^'']*''', '', 'g'), E'(\\\\w+)\"?\\\\(', 'g') called JOIN pg_catalog.pg_proc p ON "
      "p.proname "
      "= called[1] WHERE p.provolatile = 'v')"
      " FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
      " WHERE t.typname = ANY ({}); ",
      array(connection, questions.types));
}

std::string extensions_sql(const Connection& connection, const Questions& questions) {
  return fmt::format(
      "SELECT v.name, pg_catalog.bool_or(v.trusted), EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname ="
      " v.name) FROM pg_catalog.pg_available_extension_versions v WHERE v.name = ANY ({}) GROUP BY v.name; ",
      array(connection, questions.extensions));
}

constexpr const char* traffic_sql =
    "SELECT oid, COALESCE(pg_catalog.pg_stat_get_numscans(oid), 0) + COALESCE((SELECT pg_catalog.sum("
    "pg_catalog.pg_stat_get_numscans(i.indexrelid)) FROM pg_catalog.pg_index i WHERE i.indrelid = oid), 0),"
    " pg_catalog.pg_stat_get_tuples_inserted(oid) + pg_catalog.pg_stat_get_tuples_updated(oid) +"
    " pg_catalog.pg_stat_get_tuples_deleted(oid) FROM related; ";

/// As pg_locks has it: `AccessShareLock`.
LockMode mode_of(const std::string& text) {
  static constexpr std::array<std::string_view, 9> names{
      "",          "AccessShareLock",       "RowShareLock",  "RowExclusiveLock",   "ShareUpdateExclusiveLock",
      "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"};
  const auto* found = std::ranges::find(names, text);
  return found == names.end() ? LockMode::none : static_cast<LockMode>(found - names.begin());
}

Holder holder(const Row& row) {
  Holder result{.pid = static_cast<int>(number(row, 3)),
                .who = text(row, 4),
                .state = text(row, 5),
                .query = shown_query(text(row, 7), 120),
                .relation = oid(row, 0),
                .mode = mode_of(text(row, 1)),
                .granted = truth(row, 2)};
  if (row.at(6)) result.age = static_cast<long>(number(row, 6));
  if (result.pid == 0) result.who = "a prepared transaction";
  return result;
}

Relation relation(const Row& row) {
  Relation result{.oid = oid(row, 0),
                  .schema = text(row, 1),
                  .name = text(row, 2),
                  .kind = letter(row, 3),
                  .unique = truth(row, 4),
                  .table = oid(row, 5),
                  .rows = known(row, 6),
                  .bytes = known(row, 7)};
  for (const std::string& right : lines(row, 9)) result.rights.insert(right);
  if (truth(row, 8)) result.rights.insert("OWNER");
  result.parents = oids(row, 10);
  result.rest = oid(row, 11);
  result.views = oids(row, 12);
  return result;
}

void take_server(const Row& row, Facts& facts) {
  facts.version = static_cast<int>(number(row, 0));
  facts.role = text(row, 1);
  facts.database = text(row, 2);
  facts.superuser = truth(row, 3);
  facts.may_create = truth(row, 4);
  facts.time_zone = text(row, 5);
  facts.path = lines(row, 6);
  facts.allow_list = row.at(7);
  facts.azure_admin = truth(row, 8);
  if (truth(row, 10))
    facts.unread.emplace_back("what other roles' sessions do and since when: for pg_read_all_stats only");
  if (text(row, 9) == "off") facts.unread.emplace_back("traffic: the server does not count (track_counts is off)");
}

void take_relations(const std::vector<Row>& relations, const std::vector<Row>& columns,
                    const std::vector<Row>& constraints, Facts& facts) {
  for (const Row& row : relations) facts.relations[oid(row, 0)] = relation(row);
  for (const Row& row : columns)
    facts.relations[oid(row, 0)].columns[text(row, 1)] = {text(row, 2), truth(row, 3), truth(row, 4), text(row, 5),
                                                          truth(row, 6)};
  for (const Row& row : constraints)
    facts.relations[oid(row, 0)].constraints.push_back({.name = text(row, 1),
                                                        .kind = letter(row, 2),
                                                        .valid = truth(row, 3),
                                                        .columns = lines(row, 5),
                                                        .other = oid(row, 4),
                                                        .other_columns = lines(row, 6),
                                                        .check = {}});
}

void take_traffic(const std::vector<Row>& rows, Facts& facts) {
  for (const Row& row : rows) {
    facts.relations[oid(row, 0)].reads = number(row, 1);
    facts.relations[oid(row, 0)].writes = number(row, 2);
  }
}

void take_rest(const std::vector<std::vector<Row>>& answers, std::size_t at, Facts& facts) {
  for (const Row& row : answers.at(at)) facts.holders.push_back(holder(row));
  for (const Row& row : answers.at(at + 1)) facts.oldest = holder(row);
  for (const Row& row : answers.at(at + 2)) {
    facts.functions[text(row, 0)] = letter(row, 1);
    if (truth(row, 2)) facts.own_functions.insert(text(row, 0));
  }
  for (const Row& row : answers.at(at + 3))
    facts.extensions[text(row, 0)] = {.installed = truth(row, 2), .available = true, .trusted = truth(row, 1)};
  for (const Row& row : answers.at(at + 4))
    facts.types[text(row, 0)] = {.owned = truth(row, 1),
                                 .droppable = truth(row, 1) || truth(row, 2),
                                 .checked = truth(row, 3),
                                 .moving = truth(row, 4)};
  take_traffic(answers.at(at + 5), facts);
}

Facts read_facts(Connection& connection, const Questions& questions, const std::string& path) {
  const std::string related = related_sql(connection, questions, path);
  const Reply reply = connection.send(opening + server_sql(path) + related + relations_sql + related + columns_sql +
                                      related + constraints_sql + related + holders_sql() + oldest_sql() +
                                      functions_sql(connection, questions) + extensions_sql(connection, questions) +
                                      types_sql(connection, questions) + related + traffic_sql + "COMMIT");
  if (reply.error) {
    connection.rollback();
    throw QueryFailed{*reply.error};
  }
  Facts facts;
  const std::vector<std::vector<Row>>& answers = reply.results;
  take_server(answers.at(first_answer).at(0), facts);
  for (const Row& row : answers.at(first_answer + 1)) facts.schemas[text(row, 0)] = truth(row, 1);
  take_relations(answers.at(first_answer + 2), answers.at(first_answer + 3), answers.at(first_answer + 4), facts);
  take_rest(answers, first_answer + 5, facts);
  return facts;
}

/// Sizes and expressions: the functions that tell them open the table.
std::string opened_sql(const Facts& facts) {
  std::vector<std::string> tables;
  for (const auto& [oid, relation] : facts.relations)
    if (relation.kind == 'r' || relation.kind == 'm') tables.push_back("'" + std::to_string(oid) + "'");
  const std::string list = tables.empty() ? "'0'" : join(tables, ", ");
  return fmt::format(
      "SELECT c.oid, pg_catalog.pg_table_size(c.oid) FROM pg_catalog.pg_class c WHERE c.oid IN ({0}); "
      "SELECT k.conrelid, k.conname, pg_catalog.pg_get_expr(k.conbin, k.conrelid) FROM pg_catalog.pg_constraint k"
      " WHERE k.contype = 'c' AND k.conrelid IN ({0}); ",
      list);
}

void take_check(const Row& row, Facts& facts) {
  for (TableConstraint& constraint : facts.relations[oid(row, 0)].constraints)
    if (constraint.name == text(row, 1)) constraint.check = text(row, 2);
}

void read_opened(Connection& connection, Facts& facts) {
  const Reply reply = connection.send(opening + opened_sql(facts) + "COMMIT");
  if (reply.error) {
    connection.rollback();
    facts.unread.push_back("sizes and CHECK expressions: " + brief(*reply.error));
    return;
  }
  for (const Row& row : reply.results.at(first_answer)) facts.relations[oid(row, 0)].bytes = number(row, 1);
  for (const Row& row : reply.results.at(first_answer + 1)) take_check(row, facts);
}

/// What happens within a second, in place of what happened since the statistics were reset.
void read_rates(Connection& connection, const std::string& related, Facts& facts) {
  if (facts.relations.empty()) return;
  connection.wait().pause(sampled);
  const Reply reply = connection.send(related + traffic_sql);
  if (reply.error) {
    facts.unread.push_back("traffic: " + brief(*reply.error));
    return;
  }
  for (const Row& row : reply.results.at(0)) {
    const auto found = facts.relations.find(oid(row, 0));
    if (found == facts.relations.end()) continue;
    found->second.reads = std::max(0.0, number(row, 1) - found->second.reads);
    found->second.writes = std::max(0.0, number(row, 2) - found->second.writes);
  }
  facts.rated = true;
}

/// What PostgreSQL looks up tables for once it has been parsed, and locks them; not inside of PREPARE.
bool is_query(const std::string& statement) {
  static constexpr std::array<std::string_view, 9> firsts{"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE",
                                                          "VALUES", "WITH",   "TABLE",  "("};
  constexpr std::size_t enough = 4096;
  const std::optional<Token> first = Lexer{statement, enough}.next();
  return first &&
         std::ranges::find(firsts, capitals(statement.substr(first->begin, first->end - first->begin))) != firsts.end();
}

/// And not of what comes after it, which may miss what an earlier statement makes.
bool is_of_parser(const ServerMessage& error) { return error.source == "scan.l" || error.source == "gram.y"; }

void read_syntax(Connection& connection, const Questions& questions, Facts& facts) {
  connection.send(opening);
  for (const std::string& statement : questions.statements) {
    const auto error = connection.parse((is_query(statement) ? "PREPARE schemagate AS " : "") + statement);
    if (error && is_of_parser(*error)) facts.unparsed.emplace(statement, brief(about(*error, statement)));
    if (error) connection.rollback();
    if (error) connection.send(opening);
  }
  connection.send("COMMIT");
}

}  // namespace

Facts survey(Connection& connection, const Questions& questions) {
  const std::string path = path_sql(connection, questions);
  Facts facts = read_facts(connection, questions, path);
  read_opened(connection, facts);
  read_syntax(connection, questions, facts);
  read_rates(connection, related_sql(connection, questions, path), facts);
  return facts;
}

}  // namespace schemagate
