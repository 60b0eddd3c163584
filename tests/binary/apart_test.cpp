#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/image.hpp"

using namespace support;

// A script is taken apart only where that means the same.
namespace {

constexpr const char* base =
    "CREATE TYPE st AS ENUM ('a');\nCREATE TABLE t (id int, s st);\nINSERT INTO t SELECT i, 'a' FROM "
    "generate_series(1, 5) "
    "i;\nCREATE PROCEDURE commits() LANGUAGE plpgsql AS $$BEGIN UPDATE t SET id = id + 10; COMMIT; END$$;\n";

struct Begun : Image {
  explicit Begun(const std::string& script) {
    migration("1_a", base);
    REQUIRE(apply().code == 0);
    migration("2_b", script);
  }
  [[nodiscard]] std::string rows() const {
    return database.value("SELECT string_agg(id::text, ',' ORDER BY id) FROM t");
  }
};

constexpr const char* state =
    "  state  2_b: it was rolled back whole; 0 migrations applied before it by this start; the program was not "
    "started\n";

}  // namespace

TEST_SUITE("apart") {
  TEST_CASE("an enum value beside a table that is emptied at COMMIT fails as in one transaction") {
    const Begun image{
        "CREATE TEMP TABLE keep (id int) ON COMMIT DELETE ROWS;\nINSERT INTO keep SELECT id FROM t WHERE id > 3;\n"
        "ALTER TYPE st ADD VALUE 'archived';\nUPDATE t SET s = 'archived' WHERE id IN (SELECT id FROM keep);\n"
        "DELETE FROM t WHERE id NOT IN (SELECT id FROM keep);\n"};

    const Ran ran = image.apply();

    CHECK(ran.code == 65);
    CHECK(image.rows() == "1,2,3,4,5");
    CHECK(plain(ran.err) ==
          "schemagate: migration 2_b failed: unsafe use of new value \"archived\" of enum type st (55P04)\n"
          "  hint: New enum values must be committed before they can be used.\n  where  " +
              image.file("2_b") +
              ":4:18\n"
              "            2 | INSERT INTO keep SELECT id FROM t WHERE id > 3;\n"
              "            3 | ALTER TYPE st ADD VALUE 'archived';\n"
              "            4 | UPDATE t SET s = 'archived' WHERE id IN (SELECT id FROM keep);\n"
              "              |                  ^\n" +
              state +
              "  next   put line 3 of 2_b into a migration of its own, and ship both in a new image: taken "
              "apart, ON COMMIT at line 1 would mean something else\n");
  }

  TEST_CASE("CONCURRENTLY beside what counts for one transaction is refused before anything runs") {
    const Begun image{"DELETE FROM t;\nSET LOCAL search_path = public;\n\nCREATE INDEX CONCURRENTLY i ON t (id);\n"};

    const Ran ran = image.apply();

    CHECK(ran.code == 65);
    CHECK(image.rows() == "1,2,3,4,5");
    CHECK(contains(
        image.command({"plan"}).out,
        "SET LOCAL counts for one transaction, and line 4 cannot be in one: apply refuses the script until line 4 "
        "is a migration of its own"));
    CHECK(plain(ran.err) ==
          "schemagate: migration 2_b cannot run in one transaction, because of line 4, nor in parts, because of line "
          "2: SET "
          "LOCAL counts for one transaction\n  where  " +
              image.file("2_b") +
              ":4\n  state  2_b: nothing of it was run; 0 migrations applied before it by this start; the program was "
              "not "
              "started\n  next   put line 4 of 2_b into a migration of its own, and ship both in a new image: taken "
              "apart, "
              "SET LOCAL at line 2 would mean something else\n");
    CHECK(image.database.value("SELECT count(*) FROM _prisma_migrations") == "1");
  }

  TEST_CASE("a CALL that commits beside what counts for one transaction fails, and nothing stays") {
    const Begun image{"LOCK TABLE t;\nDELETE FROM t WHERE id = 1;\nCALL commits();\n"};

    const Ran ran = image.apply();

    CHECK(ran.code == 65);
    CHECK(image.rows() == "1,2,3,4,5");
    CHECK(contains(ran.err, "invalid transaction termination (2D000)"));
    CHECK(contains(plain(ran.err), std::string{state} +
                                       "  next   put line 3 of 2_b into a migration of its own, and ship both in a new "
                                       "image: taken apart, LOCK at line 1 would mean something else\n"));
  }

  TEST_CASE("who raises the server's codes is not the server") {
    for (const char* code : {"55P04", "2D000", "25001"}) {
      CAPTURE(code);
      const Begun image{
          "DELETE FROM t WHERE id = 1;\nALTER TYPE st ADD VALUE 'b';\nCALL commits_never();\nDO $$BEGIN RAISE "
          "EXCEPTION 'no' USING ERRCODE = '" +
          std::string{code} + "'; END$$;\n"};
      image.database.query("CREATE PROCEDURE commits_never() LANGUAGE sql AS 'SELECT 1'");

      CHECK(image.apply().code == 65);
      CHECK(image.rows() == "1,2,3,4,5");
      CHECK(image.database.value("SELECT count(*) FROM pg_enum WHERE enumlabel = 'b'") == "0");
    }
  }

  TEST_CASE("what may stand beside it is taken apart as before") {
    const Begun image{
        "SET search_path = public;\nDELETE FROM t WHERE id = 1;\nALTER TYPE st ADD VALUE 'b';\nUPDATE t SET s = "
        "'b' WHERE id = 2;\nDO $$BEGIN UPDATE t SET id = 9 WHERE id = 3; END$$;\n"};

    CHECK(image.apply().code == 0);
    CHECK(image.rows() == "2,4,5,9");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("plan says what may run in parts, and that a migration has no rows for COPY") {
    const Begun value{"ALTER TYPE st ADD VALUE 'b';\nUPDATE t SET s = 'b' WHERE id = 2;\n"};
    const Begun call{"UPDATE t SET id = 2;\nCALL commits();\n"};
    const Begun copy{"CREATE TABLE c (i int);\nCOPY c (i) FROM stdin WITH (FORMAT csv);\n"};

    CHECK(contains(value.command({"plan"}).out,
                   "\n2_b: one transaction, or in parts if line 2 uses the value that line 1 adds\n"));
    CHECK(contains(value.command({"plan", "--json"}).out, R"("parts_if":"line 2 uses the value that line 1 adds")"));
    CHECK(contains(call.command({"plan"}).out, "\n2_b: one transaction, or in parts if line 2 cannot run in one\n"));
    const Ran refused = copy.command({"plan"});
    CHECK(refused.code == 65);
    CHECK(contains(refused.err,
                   "schemagate: apply would fail:\n  2_b, line 2: COPY FROM STDIN has no rows to read in a "
                   "migration\n"));
    CHECK(contains(refused.err, "  next   write the rows of 2_b as INSERT (pg_dump --inserts)\n"));
    CHECK(copy.apply().code == 65);
  }
}
