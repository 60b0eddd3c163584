#include "migrations/statement.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace schemagate {
namespace {

struct Known {
  std::string statement;
  Deed action;
};

/// Those that are read in another way; empty when none is.
std::string otherwise(const std::vector<Known>& table) {
  std::string result;
  for (const auto& [statement, expected] : table)
    if (action(statement) != expected)
      result += statement + ": " + action(statement).object + ", " + action(statement).table + "\n";
  return result;
}

std::string otherwise(const std::vector<std::string>& statements, Kind kind) {
  std::string result;
  for (const std::string& statement : statements) result += understand(statement).kind == kind ? "" : statement + "\n";
  return result;
}

Deed index(const std::string& object, const std::string& table, bool conditional = false) {
  return {
      .effect = Effect::create_index, .object = object, .table = table, .conditional = conditional, .concurrent = true};
}

/// Named by the server.
Deed unnamed(const std::string& table, const std::vector<std::string>& columns, bool unique = false) {
  Deed result = index("", table);
  result.columns = columns;
  result.unique = unique;
  return result;
}

Deed unique_index(const std::string& object, const std::string& table, bool conditional = false) {
  Deed result = index(object, table, conditional);
  result.unique = true;
  return result;
}

Deed named(Effect effect, const std::string& object, bool conditional = false, bool concurrent = false) {
  return {.effect = effect, .object = object, .table = "", .conditional = conditional, .concurrent = concurrent};
}

Deed built_again(const std::string& object, Extent extent, bool concurrent = true) {
  Deed result = named(Effect::reindex, object, false, concurrent);
  result.extent = extent;
  return result;
}

Deed detached(const std::string& object, const std::string& table, bool conditional = false) {
  return {.effect = Effect::detach, .object = object, .table = table, .conditional = conditional, .concurrent = true};
}

const Deed again = named(Effect::repeatable, "");
const Deed nobody_knows = named(Effect::unknown, "");

TEST_SUITE("statement: what it does") {
  TEST_CASE("the index that is built, and its table") {
    CHECK(otherwise({{"CREATE INDEX CONCURRENTLY i ON a (id)", index("i", "a")},
                     {"create unique index concurrently if not exists \"I.i\" on only s.\"T t\" using btree (x)",
                      unique_index("\"I.i\"", "s.\"T t\"", true)},
                     {"CREATE INDEX CONCURRENTLY ON a (id)", unnamed("a", {"id"})},
                     {"CREATE INDEX CONCURRENTLY ON ONLY (a) (id)", unnamed("a", {"id"})},
                     {"CREATE INDEX CONCURRENTLY i ON a * (id)", index("i", "a")},
                     {"-- why\n;CREATE INDEX /* it */ CONCURRENTLY i -- is\n ON s /* so */ . a (id); -- end",
                      index("i", "s.a")},
                     {"CREATE INDEX CONCURRENTLY if ON exists (id)", index("if", "exists")},
                     {"CREATE INDEX CONCURRENTLY größe ON \"a\"\"b\" (id)", index("größe", "\"a\"\"b\"")},
                     {"CREATE INDEX CONCURRENTLY U&\"d\\0061\" ON a (id)", index("U&\"d\\0061\"", "a")}}) == "");
  }

  TEST_CASE("what an index without a name is on, when nothing else is said of it") {
    CHECK(otherwise({{"CREATE UNIQUE INDEX CONCURRENTLY ON a USING btree (x, \"Y y\") ;",
                      unnamed("a", {"x", "\"Y y\""}, true)},
                     {"CREATE INDEX CONCURRENTLY ON a (lower(x))", unnamed("a", {})},
                     {"CREATE INDEX CONCURRENTLY ON a (x, (y))", unnamed("a", {})},
                     {"CREATE INDEX CONCURRENTLY ON a (x DESC)", unnamed("a", {})},
                     {"CREATE INDEX CONCURRENTLY ON a (x text_pattern_ops)", unnamed("a", {})},
                     {"CREATE INDEX CONCURRENTLY ON a (x) INCLUDE (y)", unnamed("a", {})},
                     {"CREATE INDEX CONCURRENTLY ON a (x) WHERE y > 0", unnamed("a", {})},
                     {"CREATE INDEX CONCURRENTLY ON a USING hash (x)", unnamed("a", {})},
                     {"CREATE INDEX CONCURRENTLY ON a (U&\"d\\0061\")", unnamed("a", {})},
                     {"CREATE INDEX CONCURRENTLY ON a (", unnamed("a", {})}}) == "");
  }

  TEST_CASE("the index that is dropped or built again") {
    CHECK(otherwise({{"DROP INDEX CONCURRENTLY i", named(Effect::drop_index, "i", false, true)},
                     {"DROP INDEX CONCURRENTLY IF EXISTS s.i CASCADE", named(Effect::drop_index, "s.i", true, true)},
                     {"REINDEX INDEX CONCURRENTLY s.i", built_again("s.i", Extent::index)},
                     {"REINDEX (VERBOSE, CONCURRENTLY) INDEX i", built_again("i", Extent::index)},
                     {"REINDEX (CONCURRENTLY on, TABLESPACE t) TABLE a", built_again("a", Extent::table)},
                     {"REINDEX (CONCURRENTLY false) TABLE a", built_again("a", Extent::table, false)},
                     {"REINDEX TABLE a", built_again("a", Extent::table, false)},
                     {"REINDEX SCHEMA CONCURRENTLY s", built_again("s", Extent::schema)},
                     {"REINDEX DATABASE", built_again("", Extent::database, false)}}) == "");
  }

  TEST_CASE("the partition that is detached") {
    CHECK(otherwise({{"ALTER TABLE a DETACH PARTITION b CONCURRENTLY", detached("b", "a")},
                     {"ALTER TABLE IF EXISTS ONLY s.a DETACH PARTITION \"B\".c CONCURRENTLY;",
                      detached("\"B\".c", "s.a", true)}}) == "");
  }

  TEST_CASE("databases, tablespaces and subscriptions") {
    CHECK(otherwise({{"CREATE DATABASE \"d-1\" TEMPLATE template0", named(Effect::create_database, "\"d-1\"")},
                     {"DROP DATABASE IF EXISTS d WITH (FORCE)", named(Effect::drop_database, "d", true)},
                     {"CREATE TABLESPACE t OWNER o LOCATION '/t'", named(Effect::create_tablespace, "t")},
                     {"DROP TABLESPACE IF EXISTS t", named(Effect::drop_tablespace, "t", true)},
                     {"CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (enabled = false)",
                      named(Effect::create_subscription, "s")},
                     {"DROP SUBSCRIPTION IF EXISTS s", named(Effect::drop_subscription, "s", true)}}) == "");
  }

  TEST_CASE("what does no harm when it is done again") {
    CHECK(otherwise({{"VACUUM (FULL) a", again},
                     {"CLUSTER", again},
                     {"CLUSTER a USING i", again},
                     {"DISCARD ALL", again},
                     {"ALTER SYSTEM SET work_mem = '1GB'", again},
                     {"ALTER DATABASE d SET TABLESPACE t", again},
                     {"ALTER SUBSCRIPTION s REFRESH PUBLICATION", again},
                     {"ALTER SUBSCRIPTION s SET PUBLICATION p", again}}) == "");
  }

  TEST_CASE("of a block, a procedure and what is added nobody can tell") {
    CHECK(otherwise({{"CALL p()", nobody_knows},
                     {"DO $$ BEGIN COMMIT; END $$", nobody_knows},
                     {"ALTER SUBSCRIPTION s ADD PUBLICATION p", nobody_knows},
                     {"SELECT 1", nobody_knows},
                     {"", nobody_knows}}) == "");
  }
}

TEST_SUITE("statement: where it runs") {
  TEST_CASE("only outside a transaction") {
    CHECK(otherwise({"REINDEX SCHEMA s", "REINDEX SYSTEM d", "REINDEX (CONCURRENTLY) TABLE a", "CLUSTER VERBOSE",
                     "CLUSTER (VERBOSE)", "VACUUM", "ALTER SUBSCRIPTION s DROP PUBLICATION p WITH (copy_data = false)",
                     "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = true)"},
                    Kind::outside) == "");
  }

  TEST_CASE("perhaps only outside a transaction") {
    CHECK(otherwise({"REINDEX TABLE a", "REINDEX INDEX i", "CLUSTER a", "CALL p()", "DROP SUBSCRIPTION s",
                     "ALTER SUBSCRIPTION s SET (failover = true)", "DO $$ BEGIN ROLLBACK; END $$"},
                    Kind::perhaps) == "");
  }

  TEST_CASE("anywhere") {
    CHECK(otherwise({"ALTER TABLE a DETACH PARTITION b FINALIZE", "ALTER TABLE a ADD COLUMN detach int",
                     "ALTER DATABASE tablespace SET work_mem = '1MB'", "CREATE INDEX i ON a (concurrently)",
                     "ALTER SUBSCRIPTION s ENABLE", "ALTER SUBSCRIPTION s RENAME TO t",
                     "ALTER SUBSCRIPTION s SET (binary = true)", "SELECT 1", "DROP INDEX i", "DISCARD PLANS"},
                    Kind::ordinary) == "");
  }

  TEST_CASE("half a statement is read as far as it goes") {
    CHECK(otherwise({{"CREATE INDEX CONCURRENTLY", index("", "")},
                     {"CREATE INDEX CONCURRENTLY i ON s.", index("i", "s.")},
                     {"DROP INDEX CONCURRENTLY IF EXISTS ;", named(Effect::drop_index, "", true, true)},
                     {"REINDEX (CONCURRENTLY", built_again("", Extent::index)},
                     {"REINDEX (CONCURRENTLY ,", built_again("", Extent::index)},
                     {"ALTER TABLE ONLY (a DETACH PARTITION", nobody_knows},
                     {"CREATE SUBSCRIPTION s WITH", named(Effect::create_subscription, "s")}}) == "");
    CHECK(otherwise({"CREATE", "ALTER TYPE t ADD", "SET", "SET LOCAL", "(", "\""}, Kind::ordinary) == "");
  }
}

}  // namespace
}  // namespace schemagate
