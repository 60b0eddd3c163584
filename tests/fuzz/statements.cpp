// Each byte is a piece of SQL, so that many scripts are such as people write, and the parser has a say.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fuzz/properties.hpp"

namespace {

constexpr auto pieces = std::to_array<std::string_view>({
    "SELECT 1",
    "SELECT 1 AS end",
    "VACUUM",
    "VACUUM (ANALYZE) a",
    "CREATE INDEX CONCURRENTLY i ON a (id)",
    "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"i;\" ON ONLY s.a USING btree (id)",
    "DROP INDEX CONCURRENTLY IF EXISTS s.i",
    "REINDEX TABLE a",
    "REINDEX (CONCURRENTLY, VERBOSE) TABLE a",
    "REINDEX SCHEMA s",
    "CLUSTER",
    "CLUSTER a USING i",
    "ALTER TYPE t ADD VALUE 'x;'",
    "ALTER TABLE a DETACH PARTITION b CONCURRENTLY",
    "ALTER TABLE a ADD COLUMN c int",
    "CALL p(1, ';')",
    "DO $$ BEGIN COMMIT; END $$",
    "DO 'BEGIN PERFORM 1; END'",
    "ALTER SYSTEM SET work_mem = '1GB'",
    "DISCARD ALL",
    "CREATE DATABASE d",
    "DROP SUBSCRIPTION s",
    "ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = false)",
    "CREATE SUBSCRIPTION s CONNECTION 'c' PUBLICATION p",
    "SET standard_conforming_strings = off",
    "COMMIT",
    "BEGIN",
    "ROLLBACK TO s",
    "SAVEPOINT s",
    "PREPARE q AS SELECT 1",
    "START TRANSACTION",
    "CREATE RULE r AS ON INSERT TO a DO ALSO (INSERT INTO b VALUES (1); DELETE FROM c)",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2 end; END",
    "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC END",
    "CREATE FUNCTION g() RETURNS int AS $b$ SELECT 1; $b$ LANGUAGE sql",
    R"(INSERT INTO a VALUES (1, 'it''s', E'\';', U&'\0041', $x$;$x$, "q;".c))",
    "SELECT begin atomic FROM t",
    // What is between and inside.
    ";",
    "; ",
    ";\n",
    ";\r\n",
    ";;",
    " ",
    "\n",
    "-- note; VACUUM\n",
    "/* ; /* BEGIN */ */",
    "'",
    "\"",
    "$$",
    "$x$",
    "(",
    ")",
    "E'",
    "U&'",
    "U&\"",
    "\\",
    "--",
    "/*",
    "*/",
    ".",
    ",",
    "END",
    "CASE",
    "ATOMIC",
    "CONCURRENTLY",
    "ONLY",
    "IF NOT EXISTS",
    "\xc3\xa4",
    "1",
    "1_000",
    "'a'\n'b'",
    "CREATE",
    "FUNCTION",
    "DATABASE",
    "ALTER",
    "TYPE",
    "ADD",
    "VALUE",
    "WITH (a)",
});

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string script;
  for (const std::uint8_t byte : std::span{data, size}) {
    script += pieces.at((byte & 0x7fU) % pieces.size());
    // Most statements end.
    if (byte >= 0x80U) script += "; ";
  }
  schemagate::check_script(script);
  return 0;
}
