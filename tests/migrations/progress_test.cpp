#include "migrations/progress.hpp"

#include <doctest/doctest.h>

#include "migrations/script.hpp"

namespace schemagate {

TEST_SUITE("progress") {
  TEST_CASE("progress is read as it was written") {
    for (const Progress& progress :
         {Progress{}, Progress{120, 0, "", "", ""}, Progress{120, 250, "16385,16390", "0123abcd", ""},
          Progress{0, 30, "f", "", "an error (23505)\n  detail: more"}})
      CHECK(parse_progress(text(progress)) == progress);
  }

  TEST_CASE("what somebody else wrote is no progress") {
    for (const char* logs : {"", "schemagate: relation exists (42P07)",
                             "schemagate: to be resumed: ", "a: to be resumed: done=1 running=0 before= session=",
                             "schemagate: to be resumed: done=x running=0 before= session=",
                             "schemagate: to be resumed: done=1 running=0 before=1;DROP session=",
                             "schemagate: to be resumed: done=1 running=0 before=1 session=2 more=3"}) {
      CAPTURE(logs);
      CHECK_FALSE(parse_progress(logs).has_value());
    }
  }
}

TEST_SUITE("settings") {
  TEST_CASE("what lasts for a session is set again, nothing else") {
    const std::string script =
        "CREATE TABLE a (i int); SET search_path TO app; SET LOCAL role x; RESET role;\n"
        "SET TRANSACTION READ ONLY; SET CONSTRAINTS ALL DEFERRED; set role = 'a;b'";
    const Script read{script};
    CHECK(read.settings_before(script.size()) == "SET search_path TO app;\nRESET role;\nset role = 'a;b';\n");
    CHECK(read.settings_before(script.find(" SET LOCAL")) == "SET search_path TO app;\n");
    CHECK(read.settings_before(0).empty());
    const std::string all = "SET role a; discard all; SET b.c = 'd'; DISCARD TEMP";
    CHECK(Script{all}.settings_before(all.size()) ==
          "SET role a;\nSET SESSION AUTHORIZATION DEFAULT;\nRESET ALL;\nSET b.c = 'd';\n");
    const std::string none = "SELECT 'x; SET role a'; -- SET role b\nUPDATE t SET a = 1";
    CHECK(Script{none}.settings_before(none.size()).empty());
  }

  TEST_CASE("a script has its own lock_timeout, or only mentions it") {
    for (const char* script :
         {"SET lock_timeout = '1s'", "set local Lock_Timeout to 0; SELECT 1", "SET SESSION \"lock_timeout\" = 1",
          "select set_config('Lock_Timeout', '1s', true)",
          "SELECT 1, pg_catalog.set_config ( 'lock_timeout' , '1', false)",
          "DO $$BEGIN SET LOCAL lock_timeout = 1; END$$",
          "DO 'BEGIN PERFORM set_config(''lock_timeout'', ''1'', true); END'",
          "DO $a$BEGIN EXECUTE $b$SET lock_timeout = 1$b$; END$a$", "CREATE TABLE a (i int); SET LOCAL lock_timeout=1"})
      CHECK_MESSAGE(Script{script}.limits_locks(), script);
    for (const char* script :
         {"SET deadlock_timeout = '1s'; SET statement_timeout = 0", "-- no lock_timeout here\nSELECT 1",
          "/* SET lock_timeout = 1 */ ALTER TABLE a ADD b int", "SELECT 'SET lock_timeout = 1'",
          "CREATE TABLE lock_timeout (i int)", "ALTER ROLE a SET lock_timeout = 1",
          "ALTER DATABASE a SET lock_timeout = 1",
          "CREATE FUNCTION f() RETURNS int SET lock_timeout = 1 LANGUAGE sql AS 'SELECT 1'",
          "UPDATE settings SET lock_timeouts = 1", "SELECT lock_timeout FROM a",
          "DO $$BEGIN /* SET lock_timeout = 1 */ END$$", "COMMENT ON TABLE a IS 'set_config(''lock_timeout'')'",
          "SHOW lock_timeout"})
      CHECK_MESSAGE(!Script{script}.limits_locks(), script);
  }
}

}  // namespace schemagate
