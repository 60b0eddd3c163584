#include "migrations/transaction_bound.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "migrations/script.hpp"

namespace schemagate {
namespace {

TEST_SUITE("script: bound to one transaction") {
  TEST_CASE("what counts for its transaction is named") {
    const std::vector<std::pair<const char*, const char*>> all{
        {"SET LOCAL search_path = a", "SET LOCAL"},
        {"set transaction isolation level serializable", "SET TRANSACTION"},
        {"SET CONSTRAINTS ALL DEFERRED", "SET CONSTRAINTS"},
        {"SET client_encoding = 'LATIN1'", "SET client_encoding"},
        {"SET SESSION client_encoding TO 'LATIN1'", "SET client_encoding"},
        {"SET NAMES 'LATIN1'", "SET client_encoding"},
        {"SAVEPOINT a", "SAVEPOINT"},
        {"ROLLBACK TO a", "SAVEPOINT"},
        {"RELEASE a", "SAVEPOINT"},
        {"LOCK TABLE a", "LOCK"},
        {"LOCK a IN SHARE MODE", "LOCK"},
        {"DECLARE c CURSOR FOR SELECT 1", "a cursor without HOLD"},
        {"CREATE TEMP TABLE a (i int) ON COMMIT DROP", "ON COMMIT"},
        {"CREATE TEMP TABLE a (i int) ON COMMIT DELETE ROWS", "ON COMMIT"},
        {"CREATE TEMP TABLE a ON COMMIT DROP AS SELECT 1", "ON COMMIT"},
        {"SELECT 1 FROM a FOR UPDATE", "FOR UPDATE"},
        {"WITH b AS (SELECT 1 FROM a FOR NO KEY UPDATE) SELECT 1", "FOR UPDATE"},
        {"INSERT INTO b SELECT 1 FROM a FOR SHARE", "FOR UPDATE"},
        {"SELECT set_config('a.b', 'c', true)", "set_config() for the transaction"},
        {"SELECT pg_catalog.set_config('a.b', 'c', x > 1)", "set_config() for the transaction"},
        {"SELECT set_config('a.b', f('c', 'd'), true)", "set_config() for the transaction"},
        {"SELECT pg_advisory_xact_lock(1)", "an advisory lock of the transaction"},
        {"SELECT pg_try_advisory_xact_lock_shared(1)", "an advisory lock of the transaction"},
        {"SELECT pg_export_snapshot()", "pg_export_snapshot()"},
        {"ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c INITIALLY DEFERRED", "INITIALLY DEFERRED"},
        {"DO $$BEGIN SET LOCAL a.b = 'c'; END$$", "SET LOCAL"},
        {"DO 'BEGIN PERFORM pg_advisory_xact_lock(1); END'", "an advisory lock of the transaction"},
        {"DO $$BEGIN LOCK TABLE a; END$$", "LOCK"}};

    for (const auto& both : all) CHECK_MESSAGE(transaction_bound(both.first) == both.second, both.first);
  }

  TEST_CASE("what may stand in a transaction of its own is not") {
    for (const char* statement :
         {"",
          "CREATE TABLE a (i int)",
          "INSERT INTO a VALUES (1)",
          "UPDATE a SET b = 1",
          "SET search_path = a",
          "RESET search_path",
          "SET SESSION a.b = 'SET LOCAL'",
          "DO $$BEGIN UPDATE a SET b = 1; END$$",
          "SELECT f()",
          "SELECT set_config('a.b', 'c', false)",
          "SELECT set_config('a.b', 'c', 'f')",
          "SELECT pg_advisory_lock(1)",
          "CREATE POLICY p ON a FOR UPDATE USING (true)",
          "CREATE TEMP TABLE a (i int) ON COMMIT PRESERVE ROWS",
          "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
          "SELECT 'FOR UPDATE' -- FOR UPDATE",
          "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$SELECT pg_advisory_xact_lock(1)$$",
          "CREATE OR REPLACE PROCEDURE f() LANGUAGE plpgsql AS $$BEGIN SET LOCAL a.b = 'c'; END$$",
          "COMMENT ON TABLE a IS 'SET LOCAL'",
          "REFRESH MATERIALIZED VIEW a"})
      CHECK_MESSAGE(transaction_bound(statement).empty(), statement);
  }

  TEST_CASE("a value of an enum that is used later in the script is found") {
    const auto used = [](const std::string& text) {
      const Script script{text};
      const auto [added, user] = script.used_value();
      return added == nullptr ? "" : std::string{script.text_of(*added)} + "|" + std::string{script.text_of(*user)};
    };
    CHECK(used("ALTER TYPE t ADD VALUE 'a'; SELECT 1; UPDATE x SET y = 'a'") ==
          "ALTER TYPE t ADD VALUE 'a';|UPDATE x SET y = 'a'");
    CHECK(used("ALTER TYPE t ADD VALUE IF NOT EXISTS 'b' BEFORE 'a'; SELECT 'a'").empty());
    CHECK(used("SELECT 'a'; ALTER TYPE t ADD VALUE 'a'").empty());
    CHECK(used("ALTER TYPE t ADD VALUE 'a'; ALTER TYPE u ADD VALUE 'a'").empty());
    CHECK(used("").empty());
  }

  TEST_CASE("a script is bound by its first such statement, and by a deferred constraint only where rows are written") {
    const std::string both = "CREATE TABLE a (i int);\nSET LOCAL a.b = 'c';\nLOCK a; VACUUM";
    const Script script{both};
    REQUIRE(script.bound() != nullptr);
    CHECK(script.text_of(*script.bound()) == "SET LOCAL a.b = 'c';");
    CHECK(script.text_of(*script.divider(Grain::outside)) == "VACUUM");
    const std::string deferred = "ALTER TABLE a ADD UNIQUE (i) INITIALLY DEFERRED;";
    CHECK(Script{deferred + "VACUUM"}.bound() == nullptr);
    CHECK(Script{deferred + "UPDATE a SET i = 1; VACUUM"}.bound() != nullptr);
    CHECK(Script{"VACUUM"}.bound() == nullptr);
    CHECK(Script{"SELECT 1"}.divider(Grain::perhaps) == nullptr);
  }
}

}  // namespace
}  // namespace schemagate
