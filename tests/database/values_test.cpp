#include "database/values.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace schemagate {
namespace {

/// What is left of a message of a class.
std::string left(const std::string& state, const std::string& message, const std::vector<std::string>& names = {}) {
  return without_values({.sqlstate = state, .message = message}, names).message;
}

TEST_SUITE("values") {
  TEST_CASE("what a message about data quotes is hidden") {
    CHECK(left("22P02", "invalid input syntax for type integer: \"x\"") ==
          "invalid input syntax for type integer: \"…\"");
    CHECK(left("22003", "value \"99999999999\" is out of range for type integer") ==
          "value \"…\" is out of range for type integer");
    CHECK(left("22P02", "invalid input value for enum mood: \"it is \"quoted\" itself\"") ==
          "invalid input value for enum mood: \"…\"");
    CHECK(left("22012", "division by zero") == "division by zero");
  }

  TEST_CASE("names that the server gave apart from the message stay") {
    const std::string null = R"(null value in column "a" of relation "t" violates not-null constraint)";
    CHECK(left("23502", null, {"public", "t", "", "a", ""}) == null);
    CHECK(left("23514", "value for domain d violates check constraint \"c\"", {"public", "", "c", "", "d"}) ==
          "value for domain d violates check constraint \"c\"");
    CHECK(left("23505", "duplicate key in \"t\": \"x\"", {"t"}) == "duplicate key in \"t\": \"…\"");
  }

  TEST_CASE("the quotes of other languages are quotes too") {
    CHECK(left("22P02", "ungültige Eingabesyntax für Typ integer: »x«") != "");
    CHECK(left("22P02", "Eingabe „geheim“ ist ungültig") == "Eingabe „…“ ist ungültig");
    CHECK(left("22P02", "syntaxe «secret» invalide") == "syntaxe «…» invalide");
    CHECK(left("22P02", "value 'secret' isn't valid") == "value '…' isn't valid");
    CHECK(left("22P02", "it isn't valid") == "it isn't valid");
  }

  TEST_CASE("detail and context are left out of messages about data only") {
    const ServerMessage message{
        .sqlstate = "23505", .message = "m", .detail = "Key (a)=(x)", .hint = "h", .context = "c"};
    const ServerMessage data = without_values(message, {});
    CHECK(data.detail.empty());
    CHECK(data.context.empty());
    CHECK(data.hint == "h");
    ServerMessage other = message;
    other.sqlstate = "42P07";
    CHECK(without_values(other, {}) == other);
  }

  TEST_CASE("a repeated statement with a password is left out of any message") {
    const ServerMessage found = without_values(
        {.sqlstate = "42601", .message = "m", .context = "SQL statement \"ALTER ROLE a PASSWORD 'x'\""}, {});
    CHECK(found.context.empty());
  }

  TEST_CASE("what a message quotes of a statement with a password is hidden") {
    const ServerMessage error{.sqlstate = "42601", .message = "syntax error at or near \"'hunter2'\"", .detail = "d"};

    CHECK(about(error, "ALTER ROLE a PASSWORD 'hunter2' x").message == "syntax error at or near \"…\"");
    CHECK(about(error, "ALTER ROLE a PASSWORD 'hunter2' x").detail.empty());
    CHECK(about(error, "SELECT 'hunter2' x") == error);
  }

  TEST_CASE("an option that libpq does not take is told without its value") {
    CHECK(without_option_value("invalid target_session_attrs value: \"s3cret\"") ==
          "invalid target_session_attrs value: \"…\"");
    CHECK(without_option_value("invalid integer value \"s3cret\" for connection option \"keepalives\"") ==
          "invalid integer value \"…\" for connection option \"keepalives\"");
    CHECK(without_option_value("connection to server at \"h\", port 1 failed: x") ==
          "connection to server at \"h\", port 1 failed: x");
  }

  TEST_CASE("another session's statement fits its place") {
    CHECK(shown_query("UPDATE t\nSET a = 'x'", 160) == "UPDATE t SET a = '…'");
    CHECK(shown_query("SELECT aaaaaaaaaa", 10) == "SELECT aaa…");
    CHECK(shown_query("SELECT ää", 9) == "SELECT ä…");
    CHECK(shown_query("", 160).empty());
  }
}

}  // namespace
}  // namespace schemagate
