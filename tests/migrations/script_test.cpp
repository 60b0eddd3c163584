#include "migrations/script.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace schemagate {
namespace {

using Scripts = std::vector<std::string>;

/// Those that are not sent that way, for the report; empty when all are.
std::string otherwise(const Scripts& scripts, Mode mode) {
  std::string result;
  for (const std::string& script : scripts) result += Script{script}.mode() == mode ? "" : script + "\n";
  return result;
}

std::string not_transactional(const Scripts& scripts) { return otherwise(scripts, Mode::transactional); }
std::string not_own(const Scripts& scripts) { return otherwise(scripts, Mode::own); }
std::string not_segments(const Scripts& scripts) { return otherwise(scripts, Mode::segments); }

/// The parts, each followed by `|`; `!` before one that is sent alone.
std::string parts(const std::string& script, const std::vector<Segment>& segments) {
  std::string result;
  for (const Segment& segment : segments)
    result += (segment.alone ? "!" : "") + script.substr(segment.begin, segment.end - segment.begin) + "|";
  return result;
}
std::string parts(const std::string& script) { return parts(script, Script{script}.segments()); }
std::string by_value(const std::string& script) { return parts(script, Script{script}.segments(Grain::value)); }
std::string apart(const std::string& script) { return parts(script, Script{script}.segments(Grain::perhaps)); }

struct Divided {
  std::string script;
  std::string parts;
};

std::string otherwise(const std::vector<Divided>& table, std::string (*divide)(const std::string&)) {
  std::string result;
  for (const Divided& row : table)
    if (divide(row.script) != row.parts) result += divide(row.script) + "\n";
  return result;
}

constexpr const char* atomic_body = R"(CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql
BEGIN ATOMIC
  SELECT CASE WHEN x > 0 THEN 1 ELSE CASE x WHEN 0 THEN 2 END END;
  SELECT 2;
END)";

TEST_SUITE("script: in one transaction") {
  TEST_CASE("ordinary statements run in one transaction") {
    CHECK(not_transactional({"CREATE TABLE a (id int)", "CREATE TABLE a (id int); INSERT INTO a VALUES (1);",
                             "ALTER TYPE t ADD VALUE 'x'", "CREATE INDEX i ON a (id)",
                             "REFRESH MATERIALIZED VIEW CONCURRENTLY v", "SET search_path = x", "LOCK TABLE a",
                             "TRUNCATE a", "ANALYZE a"}) == "");
  }

  TEST_CASE("a script without a statement runs in a transaction") {
    CHECK(not_transactional({"", " \n\t", ";", ";;;", "-- nothing", "/* nothing; /* COMMIT; */ */", "-- a\n;\n-- b"}) ==
          "");
  }

  TEST_CASE("a savepoint stays inside the transaction") {
    CHECK(not_transactional({"SAVEPOINT s; SELECT 1; ROLLBACK TO s; RELEASE s", "ROLLBACK TO SAVEPOINT s",
                             "ROLLBACK WORK TO s", "ROLLBACK TRANSACTION TO SAVEPOINT s"}) == "");
  }

  TEST_CASE("what a transaction is like may be said inside it") {
    CHECK(not_transactional({"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1",
                             "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
                             "SET CONSTRAINTS ALL DEFERRED"}) == "");
  }

  TEST_CASE("the body of a function says nothing about the script") {
    CHECK(not_transactional({"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; COMMIT; END; $$",
                             "CREATE PROCEDURE p() LANGUAGE plpgsql AS $body$ BEGIN COMMIT; $$;ROLLBACK;$$ END $body$;",
                             "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'SELECT 1; COMMIT; SELECT 2'"}) == "");
  }

  TEST_CASE("a body written with BEGIN ATOMIC says nothing about the script") {
    CHECK(not_transactional({atomic_body, std::string{atomic_body} + "; SELECT 1;"}) == "");
    CHECK(not_own({std::string{atomic_body} + "; COMMIT", "BEGIN; " + std::string{atomic_body} + "; COMMIT"}) == "");
  }

  TEST_CASE("the statements of a rule belong to the rule") {
    const std::string rule =
        "CREATE RULE r AS ON INSERT TO a DO ALSO (INSERT INTO b VALUES (1); DELETE FROM c WHERE (x = 1);)";

    CHECK(not_transactional({rule, rule + "; SELECT 1"}) == "");
    CHECK(not_own({rule + "; COMMIT"}) == "");
  }

  TEST_CASE("a command in a comment or a string is not a command") {
    CHECK(not_transactional({"-- BEGIN;\nSELECT 1; -- COMMIT;", "/* COMMIT; */ SELECT 1; /* a /* ROLLBACK; */ b */",
                             "SELECT ';COMMIT;', E'\\';COMMIT;', $x$;COMMIT;$x$, U&'\\0041;COMMIT;'",
                             "SELECT 'it''s; COMMIT; '", "SELECT $$VACUUM$$; SELECT 1"}) == "");
  }

  TEST_CASE("an identifier that reads like a command is not one") {
    CHECK(not_transactional({R"(SELECT 1; "commit")", R"(CREATE TABLE "begin" ("end" int, "vacuum" int); SELECT 1)",
                             "SELECT commit FROM t; SELECT 1", "CREATE TABLE commit (begin int)", R"("vacuum")"}) ==
          "");
  }

  TEST_CASE("syntax newer than the lexer runs in a transaction") {
    CHECK(not_transactional({"MERGE INTO a USING b ON true WHEN MATCHED THEN RETURN OLD.*",
                             "FROBNICATE TABLE a; SELECT 1", "CREATE PROPERTY GRAPH g VERTEX TABLES (a)"}) == "");
  }

  TEST_CASE("a label that reads like the end of a block ends none") {
    const std::string body =
        "CREATE OR REPLACE FUNCTION f() RETURNS SETOF int BEGIN ATOMIC SELECT 1 AS end; SELECT t.case FROM t; "
        "SELECT 2 end; END";

    CHECK(not_transactional({body, body + "; SELECT 1"}) == "");
    CHECK(not_own({body + "; COMMIT"}) == "");
    CHECK(not_own({"SELECT begin atomic FROM t; COMMIT"}) == "");
  }

  TEST_CASE("what may need to be outside, or not, stays in the transaction of the others") {
    CHECK(not_transactional({"REINDEX TABLE a; SELECT 1", "REINDEX (VERBOSE) INDEX i; SELECT 1", "CLUSTER a; SELECT 1",
                             "CLUSTER a USING i; SELECT 1", "REINDEX (CONCURRENTLY off) TABLE a; SELECT 1",
                             "ALTER SUBSCRIPTION s SET (slot_name = NONE); DROP SUBSCRIPTION s",
                             "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = false); SELECT 1",
                             "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (create_slot = 'off'); SELECT 1",
                             "ALTER SUBSCRIPTION s DISABLE; SELECT 1",
                             "ALTER SUBSCRIPTION s ADD PUBLICATION q WITH (refresh = false); SELECT 1"}) == "");
  }

  TEST_CASE("what the lexer cannot read is sent as it is, for a newer server may read it and find a COMMIT") {
    CHECK(not_own({"BEGIN; SELECT 1_000; COMMIT", "SELECT 0xff; COMMIT", "SELECT 'never ends; COMMIT;",
                   "COMMIT; SELECT 'never ends", "COMMIT; /* never ends", "SELECT $$never; COMMIT;",
                   "COMMIT; SELECT \"never", "VACUUM; SELECT $x$ $y$"}) == "");
  }

  TEST_CASE("unbalanced parentheses are left to the server") {
    CHECK(not_transactional({"SELECT (1; COMMIT", "SELECT 1); SELECT 2"}) == "");
    CHECK(not_own({"SELECT 1); COMMIT"}) == "");
  }
}

TEST_SUITE("script: with transactions of its own") {
  TEST_CASE("each way to begin or end a transaction is seen") {
    CHECK(not_own({"BEGIN; SELECT 1; COMMIT;", "BEGIN", "begin work", "BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE",
                   "START TRANSACTION", "COMMIT", "commit and chain", "END", "END TRANSACTION", "ROLLBACK",
                   "ROLLBACK WORK", "ABORT", "PREPARE TRANSACTION 'x'", "COMMIT PREPARED 'x'",
                   "ROLLBACK PREPARED 'x'"}) == "");
  }

  TEST_CASE("it is seen anywhere in the script") {
    CHECK(not_own({"SELECT 1; COMMIT; SELECT 2", "-- note\n/* more */ BEGIN; SELECT 1; END", "SELECT 1;;;COMMIT",
                   "SELECT $$;$$; COMMIT", "CREATE TABLE a (id int)\n;\nCoMmIt\n;"}) == "");
  }

  TEST_CASE("a statement that must be alone does not hide the transactions beside it") {
    CHECK(not_own({"COMMIT; CREATE INDEX CONCURRENTLY i ON a (id)", "VACUUM; BEGIN; SELECT 1; COMMIT"}) == "");
  }

  TEST_CASE("a prepared statement is not a prepared transaction") {
    CHECK(not_transactional({"PREPARE p AS SELECT 1; EXECUTE p; DEALLOCATE p"}) == "");
  }
}

TEST_SUITE("script: one statement outside a transaction") {
  TEST_CASE("an index is built or dropped concurrently") {
    CHECK(not_segments({"CREATE INDEX CONCURRENTLY i ON a (id)",
                        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON a (id)",
                        "create index concurrently on a (id)", "DROP INDEX CONCURRENTLY i",
                        "REINDEX INDEX CONCURRENTLY i", "ALTER TABLE a DETACH PARTITION b CONCURRENTLY"}) == "");
  }

  TEST_CASE("comments and empty statements do not count") {
    CHECK(not_segments({"-- why\nCREATE INDEX CONCURRENTLY i ON a (id);\n-- done",
                        ";;CREATE INDEX CONCURRENTLY i ON a (id);;",
                        "/* why; */ CREATE /* it */ INDEX -- is\n CONCURRENTLY i ON a (id) ; /* so */ ;"}) == "");
  }

  TEST_CASE("beside another statement it is still sent by itself") {
    CHECK(not_segments({"CREATE INDEX CONCURRENTLY i ON a (id); SELECT 1", "SET lock_timeout = 0; VACUUM a",
                        "CREATE INDEX CONCURRENTLY i ON a (id); CREATE INDEX CONCURRENTLY j ON a (id)"}) == "");
  }

  TEST_CASE("whole databases, tables and servers are maintained alone") {
    CHECK(not_segments({"VACUUM", "VACUUM (ANALYZE) a", "REINDEX TABLE a", "REINDEX DATABASE CONCURRENTLY d", "CLUSTER",
                        "ALTER SYSTEM SET work_mem = '1GB'", "DISCARD ALL", "CREATE DATABASE d", "DROP DATABASE d",
                        "CREATE TABLESPACE t LOCATION '/t'", "DROP TABLESPACE t", "ALTER DATABASE d SET TABLESPACE t",
                        "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p", "ALTER SUBSCRIPTION s REFRESH PUBLICATION",
                        "DROP SUBSCRIPTION s"}) == "");
  }

  TEST_CASE("their harmless namesakes run in a transaction") {
    CHECK(not_transactional({"ALTER DATABASE d SET work_mem = '1GB'", "DISCARD TEMP",
                             "COMMENT ON DATABASE d IS 'VACUUM'", "CREATE PUBLICATION p",
                             "ALTER TABLE a DETACH PARTITION b", "ALTER TABLE a CLUSTER ON i"}) == "");
  }

  TEST_CASE("a procedure may commit, so it is called alone") {
    CHECK(not_segments({"CALL p()", "call s.p(1, 'x;y');"}) == "");
    CHECK(not_transactional({"CALL p(); SELECT 1"}) == "");
  }

  TEST_CASE("a block that commits is sent alone") {
    CHECK(not_segments({"DO $$ BEGIN COMMIT; END $$",
                        "DO LANGUAGE plpgsql $x$ BEGIN UPDATE a SET b = 1; commit and chain; END $x$;",
                        "DO 'BEGIN ROLLBACK; END'", "DO LANGUAGE plperl $$ spi_commit(); $$",
                        "DO LANGUAGE plpython3u $$ plpy.commit() $$"}) == "");
  }

  TEST_CASE("a block that does not commit runs in a transaction") {
    CHECK(not_transactional({"DO $$ BEGIN PERFORM 1; END $$", "DO $$ BEGIN UPDATE a SET committed = true; END $$",
                             "DO $$ BEGIN UPDATE a SET commit_id = 1, rollback_at = now(); END $$",
                             "DO $$ BEGIN CREATE TEMP TABLE t (x int) ON COMMIT DROP; END $$",
                             "DO $$ BEGIN COMMIT; END $$; SELECT 1"}) == "");
  }
}

TEST_SUITE("script: segments") {
  TEST_CASE("statements are sent together up to one that must be alone") {
    CHECK(otherwise({{"SELECT 1; SELECT 2;", "SELECT 1; SELECT 2;|"},
                     {"SELECT 1; VACUUM; SELECT 2; SELECT 3", "SELECT 1;|! VACUUM;| SELECT 2; SELECT 3|"},
                     {"VACUUM; VACUUM a", "!VACUUM;|! VACUUM a|"},
                     {"VACUUM", "!VACUUM|"},
                     {"SELECT 1; REINDEX TABLE CONCURRENTLY a;", "SELECT 1;|! REINDEX TABLE CONCURRENTLY a;|"},
                     {"REINDEX TABLE a; VACUUM; CALL p(); CLUSTER", "REINDEX TABLE a;|! VACUUM;| CALL p();|! CLUSTER|"},
                     {"CALL p()", "!CALL p()|"}},
                    parts) == "");
  }

  TEST_CASE("comments and blanks belong to the statement that follows, and to the last at the end") {
    CHECK(otherwise({{"", "|"},
                     {" -- a\n", " -- a\n|"},
                     {";;", ";;|"},
                     {"VACUUM; -- b\n/* ; */ SELECT 1 -- c", "!VACUUM;| -- b\n/* ; */ SELECT 1 -- c|"},
                     {"-- a\r\nVACUUM;\r\n;\r\n-- z\r\n", "!-- a\r\nVACUUM;\r\n;\r\n-- z\r\n|"},
                     {"VACUUM;;SELECT 1;;", "!VACUUM;|;SELECT 1;;|"}},
                    parts) == "");
  }

  TEST_CASE("segments are counted in bytes, and quotes are the lexer's business") {
    CHECK(otherwise({{"SELECT 'äöü;'; VACUUM; SELECT \"é;\"", "SELECT 'äöü;';|! VACUUM;| SELECT \"é;\"|"},
                     {"SELECT $ä$;VACUUM;$ä$; VACUUM", "SELECT $ä$;VACUUM;$ä$;|! VACUUM|"},
                     {"SELECT E'\\';VACUUM;'; VACUUM", "SELECT E'\\';VACUUM;';|! VACUUM|"},
                     {"SELECT 'a\\'; VACUUM; SELECT 'b'", "SELECT 'a\\';|! VACUUM;| SELECT 'b'|"},
                     {"CREATE RULE r AS ON INSERT TO a DO (DELETE FROM b; DELETE FROM c); VACUUM",
                      "CREATE RULE r AS ON INSERT TO a DO (DELETE FROM b; DELETE FROM c);|! VACUUM|"},
                     {std::string{atomic_body} + "; VACUUM", std::string{atomic_body} + ";|! VACUUM|"},
                     {"\\connect d\n; VACUUM", "\\connect d\n;|! VACUUM|"}},
                    parts) == "");
  }

  TEST_CASE("a script that is sent as it is is one segment") {
    CHECK(otherwise({{"BEGIN; SELECT 1; COMMIT; VACUUM", "BEGIN; SELECT 1; COMMIT; VACUUM|"},
                     {"VACUUM; SELECT 'never ends", "VACUUM; SELECT 'never ends|"},
                     {"ALTER TYPE t ADD VALUE 'a'; COMMIT", "ALTER TYPE t ADD VALUE 'a'; COMMIT|"}},
                    by_value) == "");
  }

  TEST_CASE("what may run only outside a transaction is sent alone when it is asked for") {
    CHECK(otherwise({{"SELECT 1; CALL f(); SELECT 2", "SELECT 1; CALL f(); SELECT 2|"}}, by_value) == "");
    CHECK(
        otherwise({{"SELECT 1; CALL f();\nCALL g(1, 2); SELECT 2", "SELECT 1;|! CALL f();|!\nCALL g(1, 2);| SELECT 2|"},
                   {"DO $$ BEGIN COMMIT; END $$; DO $$ BEGIN NULL; END $$",
                    "!DO $$ BEGIN COMMIT; END $$;| DO $$ BEGIN NULL; END $$|"},
                   {"SELECT 1; REINDEX TABLE a; VACUUM", "SELECT 1;|! REINDEX TABLE a;|! VACUUM|"},
                   {"ALTER TYPE t ADD VALUE 'a'; CALL f()", "ALTER TYPE t ADD VALUE 'a';|! CALL f()|"},
                   {"SELECT 1; SELECT 2", "SELECT 1; SELECT 2|"},
                   {"BEGIN; CALL f(); COMMIT", "BEGIN; CALL f(); COMMIT|"},
                   {"SET standard_conforming_strings = off; SELECT 'a\\'; CALL f();'",
                    "SET standard_conforming_strings = off; SELECT 'a\\'; CALL f();'|"}},
                  apart) == "");
  }

  TEST_CASE("a new value of a type ends a segment when it is asked for") {
    CHECK(otherwise({{"ALTER TYPE t ADD VALUE 'a'; SELECT 'a'::t", "ALTER TYPE t ADD VALUE 'a'; SELECT 'a'::t|"}},
                    parts) == "");
    CHECK(otherwise(
              {{"SELECT 1; ALTER TYPE s.\"t\" ADD VALUE IF NOT EXISTS 'a' BEFORE 'b'; SELECT 2; SELECT 3",
                "SELECT 1; ALTER TYPE s.\"t\" ADD VALUE IF NOT EXISTS 'a' BEFORE 'b';| SELECT 2; SELECT 3|"},
               {"ALTER TYPE t ADD VALUE 'a'; ALTER TYPE t ADD VALUE 'b';\n-- z",
                "ALTER TYPE t ADD VALUE 'a';| ALTER TYPE t ADD VALUE 'b';\n-- z|"},
               {"ALTER TYPE t ADD VALUE 'a'; VACUUM; SELECT 1", "ALTER TYPE t ADD VALUE 'a';|! VACUUM;| SELECT 1|"},
               {"ALTER TYPE t ADD ATTRIBUTE value int; SELECT 1", "ALTER TYPE t ADD ATTRIBUTE value int; SELECT 1|"}},
              by_value) == "");
  }
}

TEST_SUITE("script: readable") {
  TEST_CASE("a script that the lexer cannot read is known as one") {
    CHECK(Script{""}.readable());
    CHECK(Script{"SELECT 1; VACUUM; COMMIT"}.readable());
    CHECK(Script{"\xef\xbb\xbfSELECT 1"}.readable());
    CHECK_FALSE(Script{"SELECT 1_000"}.readable());
    CHECK_FALSE(Script{"SELECT 'never ends"}.readable());
    CHECK_FALSE(Script{std::string_view{"SELECT 1\0; COMMIT", 17}}.readable());
  }

  TEST_CASE("parts of a script that sets how quotes are read cannot be told apart") {
    CHECK_FALSE(Script{"SET standard_conforming_strings = off; VACUUM; SELECT '\\'; VACUUM; '"}.readable());
    CHECK(not_own({"SET SESSION standard_conforming_strings TO 'off'; VACUUM"}) == "");
    CHECK(not_transactional({"SET standard_conforming_strings = off; SELECT 1"}) == "");
    CHECK(not_segments({"SET standard_conforming_strings = on; VACUUM"}) == "");
  }
}

}  // namespace
}  // namespace schemagate
