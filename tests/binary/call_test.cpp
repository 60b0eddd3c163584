#include <doctest/doctest.h>

#include <csignal>

#include "support/image.hpp"
#include "support/session.hpp"

using namespace support;

// A procedure or block that commits, among other statements of its file.
namespace {

using Rows = std::vector<std::string>;

/// Fills and commits in two steps, with as long in between as the table `pace` says.
constexpr const char* base =
    "CREATE TABLE pace AS SELECT 0 AS seconds;\nCREATE TABLE t (id int);\nCREATE TABLE told (word text);\n"
    "CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (1); COMMIT; PERFORM pg_sleep(seconds) "
    "FROM pace; INSERT INTO t VALUES (2); END $$;\n";

constexpr const char* mixed =
    "INSERT INTO told VALUES ('before');\n-- All rows.\nCALL fill();\nINSERT INTO told VALUES ('behind');\n";

Image& prepare(Image& image, const std::string& script = mixed) {
  image.migration("1_a", base);
  REQUIRE(image.apply().code == 0);
  return image.migration("2_b", script);
}

std::string told(const Image& image) { return image.database.value("SELECT string_agg(word, ' ') FROM told"); }
std::string filled(const Image& image) { return image.database.value("SELECT string_agg(id::text, ' ') FROM t"); }

bool is_inside(const Image& image) {
  return image.database.value(
             "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'") ==
         "1";
}

std::string question(const Image& image, const std::string& line = "3") {
  return "  next   finish by hand what is left of it from " + image.file("2_b") + ":" + line +
         " on, or take back what is there; then say which it is:\n"
         "           nothing of it is there:  schemagate resolve --rolled-back 2_b\n"
         "           all of it is there:      schemagate resolve --applied 2_b\n";
}

/// What every later start says.
void require_question(const Image& image, const std::string& recorded) {
  const Ran ran = image.apply();

  CHECK(ran.code == 76);
  const std::string started = image.database.value(
      R"(SELECT to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') FROM _prisma_migrations WHERE )"
      "finished_at IS NULL");
  CHECK(ran.err == "schemagate: the migration 2_b was started on " + started + " and stopped inside the statement at " +
                       image.file("2_b") +
                       ":3, which commits by itself: what stands before it is applied, and nothing tells how far it "
                       "came itself; " +
                       recorded + "\n  where  " + image.database.place() +
                       ", table \"public\".\"_prisma_migrations\"\n"
                       "  state  1 migration of this image applied, 1 pending; the database was not changed; the "
                       "program was not started\n" +
                       question(image));
  CHECK(contains(image.command({"status"}).out, "failed "));
}

}  // namespace

TEST_SUITE("call") {
  TEST_CASE("a procedure that commits runs among other statements, and each of them once") {
    Image image;
    prepare(image);

    const Ran ran = image.apply();

    INFO(ran.err);
    CHECK(ran.code == 0);
    CHECK(contains(
        ran.err,
        "schemagate: 2_b is applied in 3 parts, cut before lines 3, 4: invalid transaction termination (2D000)\n"));
    CHECK(told(image) == "before behind");
    CHECK(filled(image) == "1 2");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("the procedure may be made by its own file, and a block may commit too") {
    Image image;
    image.migration("1_a", std::string{base} +
                               "CALL fill();\nDO $$ BEGIN INSERT INTO told VALUES ('block'); COMMIT; "
                               "END $$;\nINSERT INTO told VALUES ('end');");

    const Ran ran = image.apply();

    INFO(ran.err);
    CHECK(ran.code == 0);
    CHECK(told(image) == "block end");
    CHECK(filled(image) == "1 2");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("behind a concurrent index too, and what comes after is resumed and not repeated") {
    Image image;
    prepare(image,
            "CREATE INDEX CONCURRENTLY t_id ON t (id);\nINSERT INTO told VALUES ('before');\nCALL fill();\n"
            "INSERT INTO told SELECT 'behind' || 1 / (SELECT count(*) FROM pace WHERE seconds = 1);\n");

    const Ran failed = image.apply();
    image.database.query("UPDATE pace SET seconds = 1");
    const Ran resumed = image.apply();

    CHECK(failed.code == 65);
    CHECK(contains(failed.err, "2_b: what stands before " + image.file("2_b") + ":4 is applied and stays"));
    CHECK(resumed.code == 0);
    CHECK(contains(resumed.err, "schemagate: resuming 2_b at " + image.file("2_b") + ":4\n"));
    CHECK(told(image) == "before behind1");
    CHECK(filled(image) == "1 2");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a call that commits nothing runs with the rest in one transaction") {
    Image image;
    prepare(image, "CREATE PROCEDURE one() LANGUAGE sql AS 'INSERT INTO t VALUES (1)';\nCALL one();\nSELECT 1/0;");

    CHECK(image.apply().code == 65);

    CHECK(filled(image).empty());
    CHECK(image.database.value("SELECT count(*) FROM pg_proc WHERE proname = 'one'") == "0");
  }

  TEST_CASE("a procedure that fails before its first COMMIT leaves nothing of itself, and is called again") {
    Image image;
    prepare(image, "INSERT INTO told VALUES ('before');\nCALL fill();\n");
    image.database.query(
        "CREATE OR REPLACE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN IF (SELECT logs LIKE '%done=0%' FROM "
        "_prisma_migrations WHERE finished_at IS NULL) IS FALSE THEN INSERT INTO t VALUES (1); PERFORM 1 / seconds "
        "FROM pace; END IF; COMMIT; END $$");

    const Ran failed = image.apply();
    image.database.query("UPDATE pace SET seconds = 1");
    const Ran again = image.apply();

    CHECK(failed.code == 65);
    CHECK(contains(failed.err, "schemagate: migration 2_b failed: division by zero (22012)"));
    CHECK(contains(failed.err, "  state  2_b: what stands before " + image.file("2_b") + ":2 is applied and stays; "));
    CHECK(again.code == 0);
    CHECK(contains(again.err, "schemagate: resuming 2_b at " + image.file("2_b") + ":2\n"));
    CHECK(told(image) == "before");
    CHECK(filled(image) == "1");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("killed inside a procedure that has committed, the next start asks, and nothing is called twice") {
    Image image;
    prepare(image);
    image.database.query("UPDATE pace SET seconds = 30");
    Running running{{binary(), "apply", "--migrations", image.folder.path()},
                    {{"SCHEMAGATE_DATABASE_URL", image.database.url()}}};
    REQUIRE(eventually([&] { return is_inside(image); }));
    running.signal(SIGKILL);
    CHECK(running.finish().code == 128 + SIGKILL);
    REQUIRE(eventually([&] { return !is_inside(image); }));

    require_question(image, "no error was recorded: the process that ran it was killed or lost the connection");

    CHECK(filled(image) == "1");
    CHECK(told(image) == "before");
    CHECK(image.command({"resolve", "--applied", "2_b"}).code == 0);
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a connection that is lost inside a procedure that has committed asks at once") {
    Image image;
    prepare(image);
    image.database.query("UPDATE pace SET seconds = 30");
    Running running{{binary(), "apply", "--migrations", image.folder.path()},
                    {{"SCHEMAGATE_DATABASE_URL", image.database.url()}}};
    REQUIRE(eventually([&] { return is_inside(image); }));

    image.database.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND "
        "datname = current_database()");
    const Ran ran = running.finish();
    keep(ran);

    CHECK(ran.code == 76);
    CHECK(contains(ran.err, "; connecting again\nschemagate: the migration 2_b was started on "));
    CHECK(ran.err.ends_with(question(image)));
    CHECK(filled(image) == "1");
  }

  TEST_CASE("an error behind its COMMIT is recorded, told with what stays, and asked about") {
    Image image;
    prepare(image);
    image.database.query("ALTER TABLE t ADD CHECK (id < 2)");

    const Ran ran = image.apply();

    CHECK(ran.code == 65);
    CHECK(contains(ran.err, "schemagate: migration 2_b failed: new row for relation \"t\" violates check constraint"));
    CHECK(ran.err.ends_with("  state  2_b: what stands before " + image.file("2_b") +
                            ":3 is applied and stays; how much of the statement there was committed is unknown; 0 "
                            "migrations applied before it by this start; the program was not started\n" +
                            question(image)));
    image.database.query("ALTER TABLE t DROP CONSTRAINT t_id_check");
    CHECK(image.apply().code == 76);
    CHECK(contains(image.apply().err, "recorded error:\n  new row for relation \"t\" violates check constraint"));
    CHECK(filled(image) == "1");
  }

  TEST_CASE("stopped by TERM inside a procedure that has committed, it says so and the next start asks") {
    Image image;
    prepare(image);
    image.database.query("UPDATE pace SET seconds = 30");
    Running running{{binary(), "apply", "--migrations", image.folder.path()},
                    {{"SCHEMAGATE_DATABASE_URL", image.database.url()}}};
    REQUIRE(eventually([&] { return is_inside(image); }));
    running.signal(SIGTERM);
    const Ran ran = running.finish();
    keep(ran);

    CHECK(ran.code == 143);
    CHECK(ran.err.ends_with("schemagate: stopped by SIGTERM while applying 2_b\n  where  " + image.file("2_b") +
                            "\n  state  2_b: what stands before " + image.file("2_b") +
                            ":3 is applied and stays; how much of the statement there was committed is unknown; 0 "
                            "migrations applied before it by this start; the program was not started\n" +
                            question(image)));
    require_question(image, "no error was recorded: the process that ran it was killed or lost the connection");
  }

  TEST_CASE("stopped by TERM before its first COMMIT, the next start calls it again") {
    Image image;
    prepare(image, "INSERT INTO told VALUES ('before');\nCALL later();\n");
    image.database.query(
        "CREATE PROCEDURE later() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (1); "
        "IF (SELECT count(*) FROM _prisma_migrations WHERE logs LIKE '%running=%' AND logs NOT LIKE "
        "'%running=0%') > 0 THEN PERFORM pg_sleep(seconds) FROM pace; END IF; COMMIT; END $$");
    image.database.query("UPDATE pace SET seconds = 30");
    Running running{{binary(), "apply", "--migrations", image.folder.path()},
                    {{"SCHEMAGATE_DATABASE_URL", image.database.url()}}};
    REQUIRE(eventually([&] { return is_inside(image); }));
    running.signal(SIGTERM);
    const Ran ran = running.finish();
    keep(ran);
    image.database.query("UPDATE pace SET seconds = 0");
    const Ran again = image.apply();

    CHECK(ran.code == 143);
    CHECK(
        contains(ran.err, "it is recorded how far it is, and the next start goes on at " + image.file("2_b") + ":2;"));
    CHECK(again.code == 0);
    CHECK(filled(image) == "1");
    CHECK(told(image) == "before");
  }

  TEST_CASE("a partitioned table is reindexed among other statements") {
    Image image;
    prepare(image,
            "CREATE TABLE p (i int) PARTITION BY LIST (i);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\n"
            "CREATE INDEX p_i ON p (i);\nREINDEX TABLE p;\nINSERT INTO told VALUES ('behind');\n");

    const Ran ran = image.apply();

    INFO(ran.err);
    CHECK(ran.code == 0);
    CHECK(told(image) == "behind");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a function that commits helps no other call") {
    Image image;
    prepare(image,
            "CREATE FUNCTION bad() RETURNS int LANGUAGE plpgsql AS $$ BEGIN COMMIT; RETURN 1; END $$;\n"
            "SELECT bad();\nCALL fill();\n");

    const Ran ran = image.apply();

    CHECK(ran.code == 65);
    CHECK(contains(ran.err, "invalid transaction termination (2D000)"));
    CHECK(contains(ran.err, "2_b: it was rolled back whole"));
    CHECK(filled(image).empty());
    CHECK(image.database.value("SELECT count(*) FROM pg_proc WHERE proname = 'bad'") == "0");
  }
}
