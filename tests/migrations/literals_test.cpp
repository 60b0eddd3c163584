#include "migrations/literals.hpp"

#include <doctest/doctest.h>

#include <string>

namespace schemagate {
namespace {

TEST_SUITE("literals") {
  TEST_CASE("every constant of a statement is hidden, and nothing else of it") {
    CHECK(without_literals("SELECT 'a', E'a\\'b', B'01', X'ff', N'a', U&'a', $$a$$, $x$ 'a' $x$, 1, 1.5, .5, 1e3") ==
          "SELECT '…', '…', '…', '…', N'…', '…', '…', '…', '…', '…', '…', '…'");
    CHECK(without_literals("UPDATE \"a 'b'\" SET x = $1 WHERE U&\"y\" = 'it''s' AND z=-5") ==
          "UPDATE \"a 'b'\" SET x = $1 WHERE U&\"y\" = '…' AND z=-'…'");
    CHECK(without_literals("BEGIN; LOCK TABLE users") == "BEGIN; LOCK TABLE users");
    CHECK(without_literals("").empty());
  }

  TEST_CASE("it becomes one line without comments") {
    CHECK(without_literals("/* s3cret */ SELECT -- s3cret\n  a\tFROM\n\n  b") == "SELECT a FROM b");
  }

  TEST_CASE("a statement that is cut off ends with a constant") {
    CHECK(without_literals("UPDATE t SET a = 'half a sec") == "UPDATE t SET a '…'");
    CHECK(without_literals("UPDATE t SET a = $q$half a sec") == "UPDATE t SET a '…'");
    CHECK(without_literals("SELECT a /* half a sec") == "SELECT '…'");
    CHECK(without_literals("'half") == "'…'");
    CHECK(without_literals("UPDATE t SET a = 'b', c = E'half \xc3").ends_with("'…'"));
  }

  TEST_CASE("what Prisma recorded of rows is left out, and the rest of it is not") {
    const std::string recorded =
        "Database error code: 23505\n\nDatabase error:\nERROR: could not create unique index \"i\"\nDETAIL: Key "
        "(a)=(x) is "
        "duplicated.\n\nDbError { code: SqlState(E23505), detail: Some(\"Key (a)=(\\\"x\\\") is duplicated.\"), hint: "
        "None, "
        "where_: Some(\"x\"), table: Some(\"t\") }";
    CHECK(
        without_details(recorded) ==
        "Database error code: 23505\n\nDatabase error:\nERROR: could not create unique index \"i\"\n\nDbError { code: "
        "SqlState(E23505), detail: Some(\"…\"), hint: None, where_: Some(\"…\"), table: Some(\"t\") }");
    CHECK(without_details("error code: 42P07\nDETAIL: d") == "error code: 42P07\nDETAIL: d");
  }

  TEST_CASE("a password may stand where the word is, unless it is a name") {
    for (const char* text : {"ALTER ROLE a PASSWORD 'x'", "alter role a encrypted password 'x'", "-- the password: x",
                             "password='x'", R"({"password" : "x"})", R"("password":1)", "a text, password text"})
      CHECK_MESSAGE(tells_password(text), text);
    for (const char* text : {"", "CREATE TABLE a (\"password\" text)", "\"password\" = 'x'", "password_hash",
                             "user_password", "passwords", "mypassword", "PASSWORD_TYPE"})
      CHECK_MESSAGE(!tells_password(text), text);
  }
}

}  // namespace
}  // namespace schemagate
