#include "migrations/progress.hpp"

#include <doctest/doctest.h>

#include "migrations/settings.hpp"

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
    CHECK(session_settings("CREATE TABLE a (i int); SET search_path TO app; SET LOCAL role x; RESET role;\n"
                           "SET TRANSACTION READ ONLY; SET CONSTRAINTS ALL DEFERRED; set role = 'a;b'") ==
          "SET search_path TO app;\nRESET role;\nset role = 'a;b';\n");
    CHECK(session_settings("SELECT 'x; SET role a'; -- SET role b\nUPDATE t SET a = 1").empty());
  }

  TEST_CASE("a script has its own lock_timeout or not") {
    CHECK(sets_lock_timeout("SET lock_timeout = '1s'"));
    CHECK(sets_lock_timeout("select set_config('Lock_Timeout', '1s', true)"));
    CHECK_FALSE(sets_lock_timeout("SET deadlock_timeout = '1s'; SET statement_timeout = 0"));
  }
}

}  // namespace schemagate
